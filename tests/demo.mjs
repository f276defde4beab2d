// SPDX-License-Identifier: MIT
//
// demo - `make demo`: a stand-in for Proxmox with a real QEMU guest behind it, the gateway
// in front of both, and a link to open. Everything is on loopback and ends with Ctrl-C.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import readline from 'node:readline';
import { startFakePve } from './fake_pve/fake_pve.mjs';
import { startGateway } from './lib/gateway.mjs';
import { tempDir } from './lib/temp.mjs';

const dir = tempDir('demo');
const links = Number(process.env.DEMO_LINKS ?? 0); /* a test stops after so many */

function say(text = '') {
	console.log(text);
}

/* A shell word in single quotes. */
function quote(text) {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

/* Runs the very command that it prints, so that it can be learned from. */
function makeLink(gw, pve) {
	const params = { hostname: pve.host, port: pve.port, node: pve.nodes[0], username: pve.user,
		password: pve.password, vmid: 100 };
	const file = join(dir, 'params.json');
	writeFileSync(file, JSON.stringify(params), { mode: 0o600 });
	const args = ['-s', `${gw.url}/create`, '-H', `Authorization: ${gw.config.authorization}`,
		'-F', `params=<${file}`];
	say('A backend asks for a link with');
	say();
	say(`    curl ${args.map((a) => (/^[\w:/.-]+$/.test(a) ? a : quote(a))).join(' ')}`);
	say();
	say(`where ${file} holds`);
	say();
	say(`    ${JSON.stringify({ ...params, password: '...' })}`);
	say();
	const run = spawnSync('curl', args, { encoding: 'utf8' });
	if (run.status !== 0)
		throw new Error(`curl: ${run.error?.message ?? run.stderr}`);
	const answer = JSON.parse(run.stdout);
	if (answer.status !== 'success')
		throw new Error(`no link: ${answer.error}`);
	say(`Open this link in a browser (it works once, within ${answer.expires_in / 60} minutes):`);
	say();
	say(`    ${answer.url}`);
	say();
}

say('Starting a stand-in for Proxmox with a QEMU guest ...');
const pve = await startFakePve({ qemu: true });
say('Starting the gateway ...');
const gw = await startGateway({ pve, pool: 20, config: {
	authorization: randomBytes(20).toString('hex'),
	logging_level: 'info', log_file: join(dir, 'gateway.log'),
} });
say();

let ending = false;
async function end() {
	if (ending)
		return;
	ending = true;
	say('\nEnding the gateway, the guest and the stand-in ...');
	await gw.stop();
	await pve.stop();
	process.exit(0);
}
process.on('SIGINT', end);
process.on('SIGTERM', end);

makeLink(gw, pve);
if (links) {
	await end();
} else {
	say(`The gateway's log is ${join(dir, 'gateway.log')}.`);
	say('Enter makes another link, Ctrl-C ends everything.');
	const lines = readline.createInterface({ input: process.stdin });
	lines.on('line', () => makeLink(gw, pve));
	/* Without a terminal the demo goes on until it is told to end. */
	lines.on('close', () => {});
}
