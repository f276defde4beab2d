// SPDX-License-Identifier: MIT
//
// Every version of Proxmox with every console and every credential: what opens, and what is
// said where it can't. The table is printed: it is what an admin asks for.

import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { VERSIONS } from '../fake_pve/versions.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { findLeaks } from '../lib/leaks.mjs';
import { until } from '../lib/wait.mjs';
import { WsClient } from '../lib/ws.mjs';

const OTP = '123456';
const TERMINALS = 'this Proxmox needs a password user for terminal consoles';
const SHELLS = 'this Proxmox needs a password user for shells of nodes';

/* What is asked for, by the name of its column. */
const CONSOLES = {
	'qemu vnc': { vmid: 101, console: 'vnc' },
	'lxc vnc': { vmid: 200, console: 'vnc' },
	'lxc term': { vmid: 200, console: 'term' },
	'serial term': { vmid: 301, console: 'term', serial: 3 },
	'node vnc': { vmid: undefined, type: 'node', console: 'vnc' },
	'node term': { vmid: undefined, type: 'node', console: 'term' },
};

const CREDENTIALS = {
	password: () => ({}),
	'password+otp': (pve) => ({
		username: 'tfa@pve', password: pve.users['tfa@pve'].password, otp: OTP }),
	token: (pve) => ({ username: undefined, password: undefined,
		token_id: 'vncuser@pve!gw', token_secret: pve.users['vncuser@pve'].tokens.gw.secret }),
};

const PAM_ONLY = 'Permission check failed (realm != pam)';

/* What is refused, by version, to tokens and to users with a password; everything else opens. */
const REFUSED = {
	'7.4': {
		token: { 'lxc term': TERMINALS, 'serial term': TERMINALS, 'node vnc': SHELLS,
			'node term': SHELLS },
		password: { 'node vnc': PAM_ONLY, 'node term': PAM_ONLY },
	},
	'8.4': { token: { 'lxc term': TERMINALS, 'serial term': TERMINALS, 'node vnc': SHELLS,
		'node term': SHELLS } },
	'9.0': { token: { 'lxc term': TERMINALS, 'serial term': TERMINALS, 'node vnc': SHELLS } },
	'9.2': { token: { 'node vnc': SHELLS } },
};

function expected(version, credential, console) {
	return REFUSED[version][credential.split('+')[0]]?.[console] ?? 'opens';
}

describe('versions, consoles and credentials', () => {
	const results = [];

	after(() => console.log(table(results)));

	for (const version of Object.keys(VERSIONS)) {
		describe(`Proxmox VE ${version}`, () => {
			let pve, gw;

			before(async () => {
				pve = await startFakePve({ version, timings: { unauthorizedMs: 100 } });
				gw = await startGateway({ pve, pool: 20, config: { allow_node_shell: true } });
			});

			after(async () => {
				await gw.stop();
				assert.deepEqual(pve.violations, []);
				assert.deepEqual(findLeaks(gw.log(), pve.secrets), []);
				await pve.stop();
			});

			for (const credential of Object.keys(CREDENTIALS)) {
				for (const name of Object.keys(CONSOLES)) {
					const want = expected(version, credential, name);

					test(`${name} with ${credential}: ${want}`, async () => {
						const fields = { ...CONSOLES[name], ...CREDENTIALS[credential](pve) };
						const got = await outcome(gw, fields, want);
						results.push({ version, credential, name, got });
						assert.equal(got, want);
					});
				}
			}
		});
	}
});

/* Opens a console until something of it is seen: 'opens', or why not in the log's words. */
async function outcome(gw, fields, want) {
	const before = (await gw.fullLog()).length;
	const url = await gw.session(fields);

	try {
		await (fields.console === 'term' ? output(gw, url) : picture(gw, url));
		return 'opens';
	} catch (e) {
		const said = await until(() => failure(gw.log().slice(before)), 5000,
			`a log line that tells why: ${e.message}`);
		return said.includes(want) ? want : said;
	}
}

async function picture(gw, url) {
	const { ws, rfb } = await gw.console(url);
	rfb.setup();
	rfb.requestUpdate();
	await rfb.readUpdate();
	ws.destroy();
}

/* A terminal says something by itself: a prompt. */
async function output(gw, url) {
	const ws = await WsClient.connect(`${url.replace(/^http/, 'ws')}term-proxy`);
	try {
		ws.sendText('resize 80 24');
		await ws.read(1);
	} finally {
		ws.destroy();
	}
}

function failure(log) {
	return /\[ERROR\] [^\n]*/.exec(log)?.[0];
}

/* One row a version and credential, one column a console. */
function table(results) {
	const names = Object.keys(CONSOLES);
	const head = ['version', 'credential', ...names];
	const rows = [head];
	const notes = [...new Set(results.map((r) => r.got).filter((got) => got !== 'opens'))];

	for (const version of Object.keys(VERSIONS)) {
		for (const credential of Object.keys(CREDENTIALS)) {
			rows.push([version, credential, ...names.map((name) => {
				const got = results.find((r) => r.version === version
					&& r.credential === credential && r.name === name)?.got;
				return got === 'opens' || got === undefined ? got ?? '-'
					: `(${notes.indexOf(got) + 1})`;
			})]);
		}
	}
	const widths = head.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
	return [...rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join('  ')),
		...notes.map((note, i) => `(${i + 1}) ${note}`)].join('\n');
}
