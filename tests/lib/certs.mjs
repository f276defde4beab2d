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
const NEW_RSA_KEY = ['-newkey', 'rsa:2048', '-nodes'];

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
 * days may be negative for an expired one; begins: days from now until it is valid;
 * rsa: with a key of that kind. Returns { cert, key } as paths.
 */
export async function makeLeaf(dir, ca,
	{ name = 'leaf', cn = 'localhost', san, days = 730, begins = 0, rsa = false } = {}) {
	const cert = join(dir, `${name}.pem`);
	const key = join(dir, `${name}.key`);
	const csr = join(dir, `${name}.csr`);
	const ext = join(dir, `${name}.ext`);
	writeFileSync(ext, [
		'basicConstraints=CA:FALSE', 'keyUsage=digitalSignature,keyEncipherment',
		'extendedKeyUsage=serverAuth', `subjectAltName=${san || DEFAULT_SAN}`, '',
	].join('\n'));
	await run('openssl', ['req', '-new', ...(rsa ? NEW_RSA_KEY : NEW_KEY), '-subj', `/CN=${cn}`,
		'-keyout', key, '-out', csr]);
	if (begins > 0)
		await signLater(dir, ca, { name, csr, ext, cert, begins, days });
	else
		await run('openssl', ['x509', '-req', '-in', csr, '-CA', ca.cert, '-CAkey', ca.key,
			'-set_serial', `0x${randomBytes(8).toString('hex')}`, '-days', String(days),
			'-extfile', ext, '-out', cert]);
	return { cert, key };
}

/* `openssl x509` only signs from today on; `openssl ca` wants its books. */
async function signLater(dir, ca, { name, csr, ext, cert, begins, days }) {
	const books = join(dir, `${name}.books`);
	const conf = join(dir, `${name}.ca.cnf`);
	writeFileSync(books, '');
	writeFileSync(`${books}.serial`, `${randomBytes(8).toString('hex')}\n`);
	writeFileSync(conf, [
		'[ca]', 'default_ca=it', '[it]', `database=${books}`, `serial=${books}.serial`,
		`new_certs_dir=${dir}`, 'default_md=sha256', 'policy=any', '[any]', 'commonName=supplied',
		'',
	].join('\n'));
	await run('openssl', ['ca', '-batch', '-notext', '-config', conf, '-in', csr,
		'-cert', ca.cert, '-keyfile', ca.key, '-startdate', asn1Time(begins),
		'-enddate', asn1Time(begins + days), '-extfile', ext, '-out', cert]);
}

/* YYYYMMDDHHMMSSZ, so many days from now. */
function asn1Time(days) {
	const then = new Date(Date.now() + days * 86400 * 1000);
	return `${then.toISOString().replace(/[-:T]|\..*/g, '')}Z`;
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
