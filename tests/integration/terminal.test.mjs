// SPDX-License-Identifier: MIT
//
// Terminals: termproxy on one side, a page with a terminal on the other, and what is between
// them: input and sizes become messages, output comes as it is, and the key is the proof.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { UTF8_TEXT } from '../fake_pve/term_kinds.mjs';
import { encodeFrame } from '../lib/frames.mjs';
import { PageTerminal } from '../lib/terminal.mjs';
import { until } from '../lib/wait.mjs';
import { OP } from '../lib/ws.mjs';
import { pageOf, sessionOf, shows, tellsNothing, useWorld } from './world.mjs';

const CUSTOMER = /\w/;
const prepared = pageOf('vnc.html', 'term.html');

function session(w, vmid = 200, fields = {}) {
	return w.gw.session({ vmid, console: 'term', ...fields });
}

function open(w, url, opts) {
	return PageTerminal.open(w.gw, url, opts);
}

/* The newest terminal of a guest at Proxmox. */
function theirs(w, vmid = 200) {
	return w.pve.consoles.filter((c) => c.vmid === vmid && c.term).at(-1);
}

/* The sizes that it was told. */
const sizes = (con) => (con?.term.messages ?? []).filter((m) => m.type === 'resize')
	.map((m) => `${m.cols}x${m.rows}`);

describe('a terminal', () => {
	const w = useWorld({ pool: 40, prepared });

	test('of a container shows its output, takes what is typed, and is active then', async () => {
		const url = await session(w);
		const term = await open(w, url);
		await term.see(/guest-200:~# /);
		assert.equal((await sessionOf(w.gw, 200)).status, 'active');
		term.type('ls\r');
		await term.see(/you said ls/);
		assert.equal(theirs(w).term.user, w.pve.user);
		term.ws.destroy();
		await w.gw.statusUntil((s) => s.sessions_disconnected === 1);
	});

	test('of a serial port does too', async () => {
		const url = await session(w, 300);
		const term = await open(w, url);
		term.type('hello\r');
		await term.see(/you said hello/);
	});

	test('of a serial port that is gone meanwhile closes with 4003', async () => {
		const url = await session(w, 304);
		w.pve.guest(304).serials = [];
		const term = await open(w, url);
		const { code, reason } = await term.ws.closed();
		assert.equal(code, 4003);
		tellsNothing(reason, w.pve);
	});

	for (const ok of ['alone', 'together', 'split'])
		test(`shows all output, and no OK, when OK comes ${ok}`, async () => {
			w.pve.guest(202).setTerminal({ kind: 'echo', ok });
			const term = await open(w, await session(w, 202));
			await term.see(/# $/);
			assert.match(term.text(), /^Welcome to guest-202\./);
		});

	test('passes UTF-8 that is cut anywhere, in both directions', async () => {
		w.pve.guest(203).setTerminal('utf8');
		const url = await session(w, 203);
		const term = await open(w, url);
		await term.see(/ñandú/);
		const typed = Buffer.from(UTF8_TEXT);
		for (const b of typed)
			term.ws.send(Buffer.from([b]));
		await until(() => term.total === 2 * typed.length, 5000, 'all of it');
		assert.equal(term.text(), UTF8_TEXT + UTF8_TEXT);
	});

	test('tells the sizes of the page', async () => {
		w.pve.guest(204).setTerminal('size');
		const term = await open(w, await session(w, 204));
		await term.see(/80x20/);
		term.resize(132, 43);
		await term.see(/132x43/);
		term.resize(1, 1);
		term.resize(1000, 1000);
		await term.see(/1x1\r\n1000x1000/);
	});

	test('has only the last size from before it was ready, and before what was typed', async () => {
		w.pve.guest(205).setTerminal('silent');
		const url = await session(w, 205);
		w.pve.faults.termproxy = { delayMs: 400, times: 1 };
		const term = await open(w, url);
		term.type('early');
		for (let cols = 80; cols < 100; cols++)
			term.resize(cols, 30);
		term.type(' bird');
		await until(() => theirs(w, 205)?.term.typed().length === 10, 5000, 'what was typed');
		assert.deepEqual(sizes(theirs(w, 205)), ['99x30']);
		assert.equal(theirs(w, 205).term.messages[0].type, 'resize');
		assert.equal(theirs(w, 205).term.typed().toString(), 'early bird');
		assert.equal(term.total, 0);
	});

	test('takes messages of any size, in frames and fragments of any size', async () => {
		w.pve.guest(206).setTerminal('silent');
		const term = await open(w, await session(w, 206));
		const all = [];
		const send = (bytes, opts) => {
			all.push(bytes);
			term.ws.send(bytes, opts);
		};
		for (const n of [1, 125, 126, 127, 4095, 4096, 4097, 16384, 16391, 65535, 65536, 300000])
			send(randomBytes(n));
		send(randomBytes(10), { fin: false });
		send(Buffer.alloc(0), { opcode: OP.CONT, fin: false });
		send(randomBytes(5000), { opcode: OP.CONT, fin: false });
		send(randomBytes(1), { opcode: OP.CONT });
		send(Buffer.alloc(0));
		send(randomBytes(7));
		term.resize(90, 30);
		const sent = Buffer.concat(all);
		await until(() => sizes(theirs(w, 206)).length === 1, 10000, 'the size behind it');
		assert.ok(theirs(w, 206).term.typed().equals(sent), 'all of it, in order');
	});

	test('has a browser whose bytes come one by one', async () => {
		w.pve.guest(207).setTerminal('silent');
		const term = await open(w, await session(w, 207));
		const typed = randomBytes(200);
		const bytes = Buffer.concat([encodeFrame(typed, { mask: true }),
			encodeFrame(Buffer.from('resize 91 31'), { mask: true, opcode: OP.TEXT })]);
		for (const b of bytes) {
			await new Promise((done) => term.ws.socket.write(Buffer.from([b]), done));
			await new Promise(setImmediate);
		}
		await until(() => sizes(theirs(w, 207)).length === 1, 10000, 'the size behind it');
		assert.ok(theirs(w, 207).term.typed().equals(typed));
	});

	test('that ends is told with all of its last words', async () => {
		w.pve.guest(208).setTerminal({ kind: 'flood', bytes: 300000, then: 'end' });
		const term = await open(w, await session(w, 208));
		assert.equal((await term.ws.closed()).code, 4002);
		assert.equal(term.total, 300000);
	});

	test('comes back by the same link, with a ticket of its own', async () => {
		const url = await session(w, 301);
		for (let i = 0; i < 5; i++) {
			const term = await open(w, url);
			term.type(`again ${i}\r`);
			await term.see(new RegExp(`you said again ${i}`));
			if (i % 2)
				w.pve.cutConsoles({ vmid: 301 });
			else
				term.ws.destroy();
		}
		const consoles = w.pve.consoles.filter((c) => c.vmid === 301);
		assert.equal(new Set(consoles.map((c) => c.entry)).size, 5, 'a port was used twice');
	});

	test('may have several browsers, each with its own', async () => {
		const url = await session(w, 302);
		const terms = await Promise.all([1, 2, 3].map(() => open(w, url)));
		await Promise.all(terms.map((t) => t.see(/# $/)));
		assert.equal((await sessionOf(w.gw, 302)).viewers ?? 3, 3);
		terms[1].type('me\r');
		await terms[1].see(/you said me/);
		assert.doesNotMatch(terms[0].text(), /you said/);
	});

	test('and the screen of one guest are two sessions', async () => {
		const term = await open(w, await session(w, 303));
		await term.see(/# $/);
		await shows(await w.gw.console(await w.gw.session({ vmid: 303 })));
		assert.equal((await w.gw.status()).sessions.filter((s) => s.vmid === '303').length, 2);
	});
});

describe('a terminal\'s session', () => {
	const w = useWorld({ pool: 20, prepared });

	test('has a mandatory.json without a password', async () => {
		const url = await session(w);
		const { headers, text } = await w.gw.file(url, 'mandatory.json');
		assert.deepEqual(JSON.parse(text), { console: 'term', autoconnect: true, reconnect: true,
			path: 'term-proxy', host: '', port: '', encrypt: false });
		assert.equal(headers['cache-control'], 'no-store');
	});

	test('has no websocket for screens, and a screen\'s none for terminals', async () => {
		const url = await session(w);
		const screen = await w.gw.session({ vmid: 101 });
		await assert.rejects(w.gw.websocket(url), { status: 404 });
		await assert.rejects(w.gw.websocket(screen, { name: 'term-proxy' }), { status: 404 });
		assert.equal((await w.gw.file(url, 'vnc-proxy')).status, 404);
		assert.equal((await w.gw.file(url, 'term-proxy')).status, 426);
	});

	test('is for its own page only', async () => {
		const url = await session(w);
		await assert.rejects(open(w, url, { ws: { origin: 'https://evil.example' } }),
			{ status: 403 });
		const term = await open(w, url, { ws: { origin: null, protocols: [] } });
		await term.see(/# $/);
	});

	for (const [what, send] of [
		['an unknown line', (ws) => ws.sendText('ping')],
		['an empty line', (ws) => ws.sendText('')],
		['a size of nothing', (ws) => ws.sendText('resize 0 24')],
		['a line with an end', (ws) => ws.sendText('resize 80 24\n')],
		['a line that is too long', (ws) => ws.sendText(`ack ${' '.repeat(61)}`)],
		['a line of a megabyte', (ws) => ws.sendText('x'.repeat(1 << 20))],
		['a line in pieces that is too long', (ws) => {
			ws.send(Buffer.from('ack '), { opcode: OP.TEXT, fin: false });
			for (let i = 0; i < 500; i++)
				ws.send(Buffer.from('1'), { opcode: OP.CONT, fin: false });
		}],
		['an ack of what was never sent', (ws) => ws.sendText('ack 100000')],
		['input as text', (ws) => ws.sendText('0:1:a')],
	])
		test(`closes with 1002 for ${what}`, async () => {
			const url = await session(w);
			const term = await open(w, url);
			await term.see(/# $/);
			send(term.ws);
			const { code, reason } = await term.ws.closed();
			assert.equal(code, 1002);
			assert.match(reason, CUSTOMER);
			const again = await open(w, url);
			await again.see(/# $/);
			again.ws.destroy();
		});

	test('takes a line in pieces, and a second one', async () => {
		w.pve.guest(202).setTerminal('size');
		const term = await open(w, await session(w, 202));
		term.ws.send(Buffer.from('resi'), { opcode: OP.TEXT, fin: false });
		term.ws.send(Buffer.from('ze 77 '), { opcode: OP.CONT, fin: false });
		term.ws.send(Buffer.from('33'), { opcode: OP.CONT });
		await term.see(/77x33/);
		term.resize(78, 34);
		await term.see(/78x34/);
	});

	test('never acknowledges twice what was sent once', async () => {
		const term = await open(w, await session(w, 203), { acks: false });
		await term.see(/# $/);
		await term.ack(term.total);
		term.type('x');
		await term.see(/# x$/);
		await term.ack(1);
		await term.ack(1);
		assert.equal((await term.ws.closed()).code, 1002);
	});
});

describe('a terminal that can\'t be opened', () => {
	const w = useWorld({ pool: 20, prepared, config: { open_timeout: 5 } });

	async function closesWith(url) {
		const term = await open(w, url);
		const { code, reason } = await term.ws.closed(8000);
		tellsNothing(reason, w.pve);
		return code;
	}

	test('because Proxmox does not accept the ticket closes with 4002, and works again', async () => {
		const url = await session(w);
		w.pve.faults.term = { refuse: true, times: 1 };
		assert.equal(await closesWith(url), 4002);
		await w.gw.logged(/closed before the terminal's OK/);
		await (await open(w, url)).see(/# $/);
		assert.equal(w.pve.requests.filter((r) => r.path.endsWith('/200/termproxy')).length, 2);
	});

	test('because the guest is off closes with 4001', async () => {
		const url = await session(w, 202);
		w.pve.guest(202).stop();
		assert.equal(await closesWith(url), 4001);
		w.pve.guest(202).start();
		await (await open(w, url)).see(/# $/);
	});

	for (const [code, what, call, fault] of [
		[4002, 'the call fails', 'termproxy', { status: 500, reason: 'command failed' }],
		[4003, 'the call is refused', 'termproxy', { status: 403, reason: 'no VM.Console' }],
		[4004, 'no port is left', 'termproxy',
			{ status: 500, reason: 'unable to find free port (5900-6000)' }],
		[4003, 'the websocket is refused', 'vncwebsocket',
			{ status: 401, reason: 'permission denied - invalid PVEVNC ticket' }],
		[4002, 'there is no 101', 'vncwebsocket', { no101: true }],
		[4002, 'the 101 is followed by illegal frames', 'vncwebsocket', { garbageFrames: true }],
	])
		test(`because ${what} closes with ${code}`, async () => {
			const url = await session(w, 204);
			w.pve.faults[call] = { ...fault, times: 1 };
			assert.equal(await closesWith(url), code);
			w.pve.faults[call] = null;
			await (await open(w, url)).see(/# $/);
		});
});

describe('an API token', () => {
	for (const [version, opens] of [['8.4', false], ['9.0', false], ['9.2', true]]) {
		const w = useWorld({ pool: 4, prepared, pve: { version } });

		test(`${opens ? 'opens' : 'does not open'} a guest's terminal on ${version}`, async () => {
			const { secret } = w.pve.users[w.pve.user].tokens.gw;
			const url = await session(w, 200, { username: undefined, password: undefined,
				token_id: `${w.pve.user}!gw`, token_secret: secret });
			const term = await open(w, url);
			if (opens) {
				await term.see(/# $/);
				assert.equal(theirs(w).term.user, `${w.pve.user}!gw`);
				return;
			}
			const { code, reason } = await term.ws.closed();
			assert.equal(code, 4003);
			tellsNothing(reason, w.pve);
			await w.gw.logged(/this Proxmox needs a password user for terminal consoles/);
		});
	}
});
