// SPDX-License-Identifier: MIT
//
// Many hosts that take connections and never say a word: whoever wants a console of another
// host does not notice.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { slow, until } from '../lib/wait.mjs';
import { FAST, shows, useWorld } from './world.mjs';

/* As many as there are workers for new hosts, and so many that they would take all 256. */
const MOST = 128;
const MANY = 300;
/* So few that one more has a worker, if none has two. */
const SOME = 120;
const LINKS = 3;
/* One such call ends after 5 s, when no TLS has come about: who waits for one is found out. */
const QUICK_MS = 2000;

/* most: how many of them may be called at once. */
class SilentHosts {
	constructor(t, most) {
		this.sockets = new Set();
		this.servers = [];
		this.answers = [];
		this.answered = 0;
		this.most = most;
		t.after(() => this.stop());
	}

	async listen(n) {
		for (let i = 0; i < n; i++) {
			const server = createServer((socket) => {
				this.sockets.add(socket);
				socket.on('error', () => {});
				socket.resume();
				socket.once('close', () => this.sockets.delete(socket));
			});
			await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
			this.servers.push(server);
		}
	}

	/* Opens links to each of some, and returns when as many calls as may be are under way. */
	async call(gw, links, servers = this.servers) {
		const tokens = [];
		for (const [i, server] of servers.entries()) {
			for (let k = 0; k < links; k++)
				tokens.push(await gw.create({ hostname: '127.0.0.1', port: server.address().port,
					vmid: 1000 + i, username: 'nobody@pve', password: 'anything' }));
		}
		for (const { token } of tokens) {
			const answer = gw.openRaw(token);
			this.answers.push(answer);
			answer.then(() => this.answered++, () => {});
		}
		await until(() => this.sockets.size >= this.most, 4000, `${this.most} calls`);
	}

	/* Now they hang up; every link is answered, and not one with a console. */
	async end() {
		assert.ok(this.sockets.size > this.most / 2, `${this.sockets.size} calls are under way`);
		this.stop();
		for (const res of await Promise.all(this.answers))
			assert.ok([502, 503, 504].includes(res.status), String(res.status));
	}

	stop() {
		this.servers.forEach((server) => server.close());
		this.sockets.forEach((socket) => socket.destroy());
	}
}

async function quickly(what, task) {
	const start = Date.now();
	const value = await task();
	assert.ok(Date.now() - start < slow(QUICK_MS), `${what} took ${Date.now() - start} ms`);
	return value;
}

describe('hosts that never say a word', () => {
	const w = useWorld({ pool: 400,
		config: { max_sessions_per_client: 0, proxmox_tls: 'insecure' } });

	test(`${MANY} of them: a host that answered lately is as quick as ever`, async (t) => {
		const url = await w.gw.session({ vmid: 101 });
		await shows(await w.gw.console(url));
		const silent = new SilentHosts(t, MOST);
		await silent.listen(MANY);
		await silent.call(w.gw, 1);
		await quickly('a link of it', async () =>
			shows(await w.gw.console(await w.gw.session({ vmid: 103 }))));
		await quickly('another browser of its session', async () => shows(await w.gw.console(url)));
		/* That a call of theirs was over after 5 s is no merit of theirs. */
		await until(() => silent.answered >= MOST, 10000, 'their first links to be given up');
		await silent.call(w.gw, 1, silent.servers.slice(0, MOST));
		await quickly('another link of it', async () =>
			shows(await w.gw.console(await w.gw.session({ vmid: 104 }))));
		await silent.end();
	});

	test(`${SOME} of them, each with ${LINKS} links: nor does a host that is new wait`, async (t) => {
		const silent = new SilentHosts(t, SOME);
		await silent.listen(SOME);
		const other = await startFakePve({ timings: FAST });
		t.after(() => other.stop());
		const { host: hostname, port, user: username, password } = other;
		await silent.call(w.gw, LINKS);
		await quickly('its first link', async () => shows(await w.gw.console(
			await w.gw.session({ hostname, port, username, password, vmid: 105 }))));
		await silent.end();
	});
});

describe('hosts that never say a word, and few session ports', () => {
	const w = useWorld({ pool: 8, config: { proxmox_tls: 'insecure' } });

	test('half of the ports stay for a host that answered lately', async (t) => {
		await shows(await w.gw.console(await w.gw.session({ vmid: 101 })));
		const silent = new SilentHosts(t, 4);
		await silent.listen(20);
		await silent.call(w.gw, 1);
		for (const vmid of [103, 104, 105])
			await quickly(`a link of guest ${vmid}`, async () =>
				shows(await w.gw.console(await w.gw.session({ vmid }))));
		await silent.end();
	});
});
