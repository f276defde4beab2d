// SPDX-License-Identifier: MIT
//
// The fake Proxmox keeps its promises: termproxy, its first line and messages, node shells.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { floodBytes, floodLine, startFakePve, UTF8_TEXT } from '../fake_pve/fake_pve.mjs';
import { PveClient } from '../lib/pve_client.mjs';
import { TermClient } from '../lib/term.mjs';
import { until } from '../lib/wait.mjs';
import { WsRefused } from '../lib/ws.mjs';

const QUICK = { unauthorizedMs: 100, freezeMs: 500 };
const LXC = { type: 'lxc' };

let pve;
let c;
const open = [];

async function fake(options = {}) {
	const p = await startFakePve({ timings: QUICK, ...options });
	open.push(p);
	return p;
}

async function client(target = pve, who) {
	const made = new PveClient(target, who);
	await made.login();
	return made;
}

function clientAs(user, target = pve) {
	return client(target, { user, password: target.users[user].password });
}

function tokenClient(target, name) {
	const { secret } = target.users['vncuser@pve'].tokens[name];
	return new PveClient(target, { token: `vncuser@pve!${name}=${secret}` });
}

/* The way to the first line; the line is the caller's. */
async function socketTo(made, vmid, opts) {
	const reply = (await made.termproxy(vmid, opts)).data;
	const ws = await made.websocket(vmid, reply, opts);
	return { reply, ws, term: TermClient.attach(ws) };
}

before(async () => {
	pve = await fake();
	c = await client();
});
after(async () => {
	for (const p of open)
		await p.stop();
});

describe('termproxy', () => {
	test('the reply has port, ticket, user and upid, and nothing else', async () => {
		const { data } = await c.termproxy(200, LXC);
		assert.deepEqual(Object.keys(data).sort(), ['port', 'ticket', 'upid', 'user']);
		assert.match(data.ticket, /^PVEVNC:[0-9A-F]{8}::/);
		assert.equal(data.user, 'vncuser@pve');
		assert.ok(pve.secrets.includes(data.ticket));
	});

	test('the right line is answered by OK, then the terminal speaks', async () => {
		const { ws, term, ok } = await c.terminal(200, LXC);
		assert.equal(ok, true);
		await term.see(/guest-200:~# $/);
		term.type('hällo\r');
		await term.see(/you said hällo\r\nguest-200:~# $/);
		const { user, size } = pve.consoles.at(-1).term;
		assert.deepEqual([user, size], ['vncuser@pve', [80, 20]]);
		assert.equal(pve.consoles.at(-1).term.typed().toString(), 'hällo\r');
		ws.destroy();
	});

	for (const [what, line] of [
		['another user', (r) => `other@pve:${r.ticket}\n`],
		['another ticket', (r) => `${r.user}:${r.ticket.slice(0, -4)}AAA=\n`],
		['no colon', () => 'hello\n'],
		['no end', () => 'x'.repeat(4096)],
		['user and ticket the wrong way round', (r) => `${r.ticket}:${r.user}\n`],
	]) {
		test(`a wrong line (${what}): the end, without a byte`, async () => {
			const { ws, reply } = await socketTo(c, 200, LXC);
			ws.send(line(reply));
			await ws.closed();
			assert.equal(ws.totalBytes, 0);
			assert.equal(pve.consoles.at(-1).authOk, false);
		});
	}

	test('the ticket is pinned: another good one of the same guest is refused', async () => {
		const first = (await c.termproxy(200, LXC)).data;
		const { ws, term } = await socketTo(c, 200, LXC);
		assert.equal(await term.login(first.user, first.ticket), false);
		await ws.closed();
	});

	test('the line may come in pieces, with messages behind it', async () => {
		const { ws, reply, term } = await socketTo(c, 200, LXC);
		const line = `${reply.user}:${reply.ticket}\n`;
		ws.send(line.slice(0, 30));
		ws.send(`${line.slice(30)}1:100:30:0:3:ab`);
		ws.send('c2');
		await term.see(/abc/);
		await until(() => pve.consoles.at(-1).term.pings === 1, 2000, 'the ping');
		assert.deepEqual(pve.consoles.at(-1).term.size, [100, 30]);
		ws.destroy();
	});

	test('10 s for the connection, 10 s for the line, one connection', async () => {
		const p = await fake({ timings: { ...QUICK, termLineMs: 200 } });
		const k = await client(p);
		const { ws, reply } = await socketTo(k, 200, LXC);
		await ws.closed(2000);
		assert.equal(ws.totalBytes, 0);
		await assert.rejects(k.websocket(200, reply, LXC), WsRefused);
		const late = (await k.termproxy(200, LXC)).data;
		p.advance(10001);
		await assert.rejects(k.websocket(200, late, LXC), WsRefused);
		assert.equal(p.crashes.length, 2);
	});

	for (const [ok, frames] of [['alone', ['OK']], ['together', []], ['split', ['O', 'K']]]) {
		test(`OK ${ok}`, async () => {
			const p = await fake({ terminals: { 200: { kind: 'echo', ok } } });
			const { ws, term } = await (await client(p)).terminal(200, LXC);
			await term.see(/guest-200:~# $/);
			const data = ws.frames.map((f) => f.payload?.toString() ?? '');
			assert.deepEqual(data, []);
			const lengths = ws.seen.map((f) => f.length);
			assert.deepEqual(lengths.slice(0, frames.length), frames.map((f) => f.length));
			assert.ok(lengths[frames.length] > 20, `${lengths}`);
			ws.destroy();
		});
	}

	test('what is malformed is skipped, and counted', async () => {
		const p = await fake();
		const { ws, term } = await (await client(p)).terminal(200, LXC);
		ws.send('x');
		ws.send('1:0:20:');
		ws.send('1:80:2000:');
		ws.send('0:2:abc');
		ws.send('1:a:b:');
		term.resize(90, 33);
		term.type('after\r');
		await term.see(/you said [^\r]*after/);
		const { violations } = p;
		assert.match(violations[0], /terminal of 200: byte 0x78 is no message/);
		assert.match(violations[1], /a size of 0x20/);
		assert.match(violations[2], /a size of 80x2000/);
		assert.match(violations[3], /byte 0x63 is no message/);
		assert.match(violations[4], /no number in "1:a:b:/);
		assert.deepEqual(p.consoles[0].term.size, [90, 33]);
		ws.send('0:10:half');
		ws.destroy();
		await until(() => /incomplete: 9 bytes/.test(violations.at(-1)), 2000, 'a violation');
	});

	test('a keep-alive that is missing for a minute is recorded, no violation', async () => {
		const p = await fake();
		const { ws, term } = await (await client(p)).terminal(200, LXC);
		const record = p.consoles[0].term;
		const step = async (ms, n) => {
			p.advance(ms);
			term.ping();
			await until(() => record.pings === n, 2000, 'a ping');
		};
		await step(30000, 1);
		assert.equal(record.keepAliveGaps, 0);
		await step(61000, 2);
		assert.equal(record.keepAliveGaps, 1);
		assert.deepEqual(p.violations, []);
		p.advance(3600 * 1000);
		assert.equal(ws.ended, false, 'termproxy has no idle limit');
		ws.destroy();
		await until(() => record.keepAliveGaps === 2, 2000, 'the gap before the end');
	});
});

describe('terminals of QEMU guests', () => {
	test('status/current says serial when there is one', async () => {
		const serial = async (vmid) =>
			(await c.call('GET', `/nodes/pve/qemu/${vmid}/status/current`)).data.serial;
		assert.equal(Number(await serial(300)), 1);
		assert.equal(await serial(101), undefined);
	});

	for (const [what, vmid, fields, text] of [
		['no serial port', 101, {}, 'unable to find a serial interface'],
		['not that one', 300, { serial: 'serial1' },
			"serial interface 'serial1' not configured"],
	]) {
		test(`${what}: OK, an error text, and the end`, async () => {
			const { ws, term, ok } = await c.terminal(vmid, { fields });
			assert.equal(ok, true);
			await ws.closed();
			assert.equal(term.text(), `${text}\r\n`);
		});
	}

	test('a stopped guest says so', async () => {
		const off = pve.guest(302);
		await off.stop();
		const { ws, term } = await c.terminal(302);
		await ws.closed();
		assert.equal(term.text(), 'VM 302 not running\r\n');
	});

	test('each of its serial ports can be named, others not', async () => {
		for (const serial of ['serial0', 'serial3']) {
			const { ws, ok } = await c.terminal(301, { fields: { serial } });
			assert.equal(ok, true);
			assert.equal(pve.consoles.at(-1).entry.serial, serial);
			ws.destroy();
		}
		assert.equal((await c.termproxy(301, { fields: { serial: 'serial4' } })).status, 400);
		assert.equal((await c.termproxy(200, { ...LXC,
			fields: { serial: 'serial0' } })).status, 400);
	});
});

describe('kinds of terminals', () => {
	test('a flood: every line numbered, complete, as fast as it is read', async () => {
		const bytes = 8_000_000;
		pve.guest(203).setTerminal({ kind: 'flood', bytes, then: 'end' });
		const { ws, term } = await c.terminal(203, LXC);
		await ws.closed(20000);
		assert.ok(term.bytes().equals(floodBytes(0, bytes)));
		assert.match(floodLine(123456789), /^\x1b\[34m123456789\x1b\[0m.{60}\r\n$/);
	});

	test('a flood at a rate', async () => {
		const p = await fake({ terminals: { 203: { kind: 'flood', rate: 100000 } } });
		const { ws, term } = await (await client(p)).terminal(203, LXC);
		const start = Date.now();
		await until(() => term.bytes().length >= 30000, 5000, '30 kB');
		assert.ok(Date.now() - start >= 200);
		assert.ok(term.bytes().equals(floodBytes(0, term.bytes().length)));
		ws.destroy();
	});

	test('utf8: characters cut anywhere, both ways', async () => {
		pve.guest(204).setTerminal('utf8');
		const { ws, term } = await c.terminal(204, LXC);
		await until(() => term.text() === UTF8_TEXT, 2000, 'the text');
		assert.ok(ws.seen.slice(1).every((f) => f.length <= 3));
		term.type('日本');
		await term.see(/日本$/);
		ws.destroy();
	});

	test('size: after each resize', async () => {
		pve.guest(205).setTerminal('size');
		const { ws, term } = await c.terminal(205, LXC);
		await term.see(/^80x20\r\n$/);
		term.resize(132, 43);
		await term.see(/132x43\r\n$/);
		ws.destroy();
	});

	test('exit ends, silent says nothing', async () => {
		pve.guest(206).setTerminal('exit');
		const shell = await c.terminal(206, LXC);
		await shell.term.see(/# $/);
		shell.term.type('exit\r');
		await shell.ws.closed();
		assert.match(shell.term.text(), /logout\r\n$/);
		pve.guest(206).setTerminal('silent');
		const silent = await c.terminal(206, LXC);
		silent.term.type('x');
		await until(() => pve.consoles.at(-1).term.messages.length === 1, 2000, 'x');
		assert.equal(silent.term.text(), '');
		silent.ws.destroy();
	});
});

describe('real shells', () => {
	test('in containers and nodes: a pty of the asked size, and no process left', async () => {
		const p = await fake({ realShell: true });
		const k = await client(p);
		for (const [vmid, opts] of [[200, LXC], [null, {}]]) {
			const { ws, term } = await k.terminal(vmid, opts);
			await term.see(/:~# $/, 20000);
			term.type('stty size; echo pid $$\r');
			await term.see(/20 80\r\npid \d+\r\n/, 20000);
			term.resize(100, 30);
			await until(async () => {
				term.type('stty size\r');
				return /30 100\r\n/.test(term.text());
			}, 20000, 'the new size');
			const pid = Number(/pid (\d+)\r\n/.exec(term.text())[1]);
			ws.destroy();
			await until(() => !existsSync(`/proc/${pid}`), 10000, 'the end of the shell');
		}
	});

	test('the end of the shell is the end of the console', async () => {
		const p = await fake({ terminals: { 202: 'shell' } });
		const { ws, term } = await (await client(p)).terminal(202, LXC);
		await term.see(/:~# $/, 20000);
		term.type('exit\r');
		await ws.closed(20000);
	});
});

describe('nodes', () => {
	test('a shell by terminal, at /nodes/N/vncwebsocket', async () => {
		const { ws, term, reply } = await c.terminal(null);
		await term.see(/pve:~# $/);
		assert.match(reply.upid, /^UPID:pve:.*:vncproxy::vncuser@pve:$/);
		ws.destroy();
	});

	test('a shell by VNC: vncterm, with password and certificate', async () => {
		const { rfb, reply, ws } = await c.console(null);
		assert.deepEqual([rfb.width, rfb.height, rfb.format.bpp], [744, 400, 8]);
		assert.ok(reply.ticket.startsWith(`${reply.password}:PVEVNC:`));
		assert.match(reply.cert, /BEGIN CERTIFICATE/);
		ws.destroy();
	});

	test('Sys.Console is another right than VM.Console', async () => {
		const limited = await clientAs('noshell@pve');
		for (const res of [await limited.vncproxy(null), await limited.termproxy(null)])
			assert.equal(`${res.status} ${res.reason}`,
				'403 Permission check failed (/nodes/pve, Sys.Console)');
		assert.equal((await limited.vncproxy(101)).status, 200);
	});

	test('a ticket of a node opens no guest, and the other way round', async () => {
		const node = (await c.termproxy(null)).data;
		const guest = (await c.termproxy(200, LXC)).data;
		const no = (e) => e instanceof WsRefused && e.status === 401;
		await assert.rejects(c.websocket(200, node, LXC), no);
		await assert.rejects(c.websocket(null, guest), no);
	});

	test('an API token gets no vncshell, but a terminal', async () => {
		const t = tokenClient(pve, 'gw');
		const res = await t.vncproxy(null);
		assert.equal(`${res.status} ${res.reason}`,
			"500 value 'vncuser@pve!gw' does not look like a valid user name");
		const { ok, ws } = await t.terminal(null);
		assert.equal(ok, true);
		ws.destroy();
	});

	test('another command than login is for root only; an unknown node does not exist',
		async () => {
			const fields = { cmd: 'upgrade' };
			const res = await c.termproxy(null, { fields });
			assert.equal(res.reason, 'Permission check failed (user != root@pam)');
			const root = await clientAs('root@pam');
			assert.equal((await root.termproxy(null, { fields })).status, 200);
			const nowhere = await c.termproxy(null, { node: 'nowhere' });
			assert.match(nowhere.reason, /^hostname lookup 'nowhere' failed/);
		});
});
