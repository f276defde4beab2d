// SPDX-License-Identifier: MIT
//
// certs - private certificate authorities and certificates for tests.
//
// Made with the openssl command line in a folder of the caller's; P-256 keys, since
// they take milliseconds. Nothing here is a secret worth keeping.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/* A self-signed CA: { cert, key } are paths. */
export async function makeCa(dir, name = 'ca', cn = 'Private test CA') {
	const cert = join(dir, `${name}.pem`);
	const key = join(dir, `${name}.key`);
	const conf = join(dir, `${name}.cnf`);
	writeFileSync(conf, [
		'[req]', 'distinguished_name=dn', 'x509_extensions=v3', 'prompt=no',
		'[dn]', `CN=${cn}`, '[v3]', 'basicConstraints=critical,CA:TRUE',
		'keyUsage=critical,keyCertSign,cRLSign', 'subjectKeyIdentifier=hash', '',
	].join('\n'));
	await run('openssl', ['req', '-x509', '-config', conf, ...NEW_KEY, '-days', '3650',
		'-keyout', key, '-out', cert]);
	return { cert, key };
}

/*
 * A leaf signed by ca. san is an openssl subjectAltName value ("DNS:a,IP:127.0.0.1");
 * days may be negative for an expired one. Returns { cert, key } as paths.
 */
export async function makeLeaf(dir, ca, { name = 'leaf', cn = 'localhost', san, days = 730 } = {}) {
	const cert = join(dir, `${name}.pem`);
	const key = join(dir, `${name}.key`);
	const csr = join(dir, `${name}.csr`);
	const ext = join(dir, `${name}.ext`);
	writeFileSync(ext, [
		'basicConstraints=CA:FALSE', 'keyUsage=digitalSignature,keyEncipherment',
		'extendedKeyUsage=serverAuth', `subjectAltName=${san || DEFAULT_SAN}`, '',
	].join('\n'));
	await run('openssl', ['req', '-new', ...NEW_KEY, '-subj', `/CN=${cn}`,
		'-keyout', key, '-out', csr]);
	await run('openssl', ['x509', '-req', '-in', csr, '-CA', ca.cert, '-CAkey', ca.key,
		'-set_serial', `0x${randomBytes(8).toString('hex')}`, '-days', String(days),
		'-extfile', ext, '-out', cert]);
	return { cert, key };
}

/* A certificate signed by nobody but itself: { cert, key } are paths. */
export async function makeSelfSigned(dir, { name = 'self', cn = 'localhost', san } = {}) {
	const cert = join(dir, `${name}.pem`);
	const key = join(dir, `${name}.key`);
	await run('openssl', ['req', '-x509', ...NEW_KEY, '-subj', `/CN=${cn}`, '-days', '730',
		'-addext', `subjectAltName=${san || DEFAULT_SAN}`, '-keyout', key, '-out', cert]);
	return { cert, key };
}

export const DEFAULT_SAN = 'IP:127.0.0.1,IP:::1,DNS:localhost';
