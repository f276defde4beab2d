// SPDX-License-Identifier: MIT
//
// fake_pve - a stand-in for Proxmox VE, as strict and as strange as the real one.
//
//   const pve = await startFakePve({ version: '9.2', mode: 'A' });
//   ... https://127.0.0.1:<pve.port>, CA in pve.caFile, PASSWORD of vncuser@pve ...
//   await pve.stop();
//
// Everything is in this process and on loopback; only guests 100 and 110 with
// { qemu: true, linux: true } and real shells are child processes. tests/README.md describes
// options, faults and records.

import { readFileSync } from 'node:fs';
import { removeTemp, tempDir } from '../lib/temp.mjs';
import { Api } from './api.mjs';
import { startBootGuest } from './boot_guest.mjs';
import { takeFault } from './faults.mjs';
import { Guests } from './guests.mjs';
import { Hosts } from './hosts.mjs';
import { startLinux } from './linux.mjs';
import { Listener, makeCerts } from './listener.mjs';
import { Nodes } from './nodes.mjs';
import { Records } from './records.mjs';
import { SecondFactors } from './second_factors.mjs';
import { Tickets } from './tickets.mjs';
import { defaultUsers, PASSWORD, userSecrets } from './users.mjs';
import { VERSIONS } from './versions.mjs';

export { PASSWORD } from './users.mjs';
export { VERSIONS } from './versions.mjs';
export { COLOURS } from './screen.mjs';
export { floodBytes, floodLine, UTF8_TEXT } from './term_kinds.mjs';
export { patternBytes, patternSha256 } from './rfb_kinds.mjs';

/* Proxmox's own times; tests may shorten them. */
export const TIMINGS = {
	unauthorizedMs: 3000,    /* a 401 leaves this long after its request began */
	idleMs: 5000,            /* silence on a kept-alive connection */
	freezeMs: 5000,          /* a worker's last seconds; heads that are too large */
	listenMs: 10000,         /* a console port waits for its one connection */
	portReserveMs: 5000,
	forwardMs: 3000,         /* a call to a node that is down: until the 595 */
	termLineMs: 10000,       /* termproxy: wait for the first line */
	vncAuthMs: 30000,        /* life of a VNC password after the websocket opened */
	consoleIdleMs: 900000,   /* QEMU: no byte in either direction */
	vnctermMs: 20000,        /* container: wait for the first viewer */
	vnctermIdleMs: 10000,    /* container: after the last viewer */
	vnctermInputMs: 1800000, /* container: no keyboard input */
};
const SWEEP_MS = 200;

/*
 * options: port, host, hosts (a number or a list of addresses), nodes, dir, version ('7.4' |
 * '8.4' | '9.0' | '9.2'), mode ('A' | 'B'), workers (3 a host), users, timings, kinds and
 * terminals ({ vmid: kind }), termOk, cert, qemu (true = guest 100 is a real QEMU), linux (true
 * or a keyboard layout = guest 110 is a real Linux), realShell (containers and nodes have a
 * real shell), split (how server output is cut into frames). tests/README.md says more.
 */
export async function startFakePve(options = {}) {
	const pve = new FakePve(options);
	await pve.start();
	return pve;
}

/* 127.0.0.1 and up, or the one that is wished. */
function addressesOf({ host = '127.0.0.1', hosts = [host] }) {
	return Array.isArray(hosts) ? hosts
		: Array.from({ length: hosts }, (_, i) => `127.0.0.${i + 1}`);
}

function namesOfNodes(count) {
	return ['pve', ...Array.from({ length: count - 1 }, (_, i) => `pve${i + 2}`)];
}

export class FakePve {
	constructor(options) {
		this.options = options;
		this.version = options.version ?? '9.2';
		this.traits = VERSIONS[this.version];
		if (!this.traits)
			throw new Error(`unknown version of Proxmox: ${this.version}`);
		this.mode = options.mode ?? 'A';
		this.timings = { ...TIMINGS, ...options.timings };
		this.split = options.split ?? null;
		this.termOk = options.termOk ?? 'alone';
		this.users = options.users ?? defaultUsers();
		this.password = PASSWORD;
		this.user = 'vncuser@pve';
		this.addresses = addressesOf(options);
		this.host = this.addresses[0];
		this.nodes = options.nodes ?? namesOfNodes(this.addresses.length);
		this.faults = {};
		this.usedTickets = new Set();
		this.records = new Records();
		this.tickets = new Tickets(() => this.records.now());
		this.factors = new SecondFactors(this);
		this.places = new Nodes(this, this.nodes);
		this.guests = new Guests(this);
		this.hosts = new Hosts(this, this.addresses);
		this.api = new Api(this);
		for (const s of userSecrets(this.users))
			this.records.secret(s);
		for (const [vmid, kind] of Object.entries(options.kinds ?? {}))
			this.guest(vmid).setKind(kind);
		if (options.realShell)
			this.shells().forEach((place) => place.setTerminal('shell'));
		for (const [vmid, kind] of Object.entries(options.terminals ?? {}))
			this.guest(vmid).setTerminal(kind);
	}

	async start() {
		this.dir = this.options.dir ?? tempDir('fpve');
		const certs = await makeCerts(this.dir, this.addresses);
		this.caFile = certs.ca.cert;
		this.caText = readFileSync(this.caFile, 'latin1');
		this.listener = new Listener(this, certs);
		if (this.options.cert)
			this.setCert(this.options.cert);
		if (this.options.qemu) {
			this.qemu = await startBootGuest(this.dir);
			this.guest(100).qemu = this.qemu;
		}
		if (this.options.linux)
			await this.startLinux(this.options.linux);
		this.port = await this.hosts.listen(this.options.port ?? 0);
		this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
		this.sweeper.unref();
	}

	/* The places where a shell of the host makes sense. */
	shells() {
		return [...this.places.all(), ...this.guests.all().filter((g) => g.type === 'lxc')];
	}

	/* linux: true, or a keyboard layout. */
	async startLinux(linux) {
		this.linux = await startLinux(this.dir, linux === true ? 'us' : linux);
		const guest = this.guest(110);
		guest.qemu = this.linux;
		guest.serials = ['serial0'];
		guest.setTerminal('serial');
	}

	/* ---- what happened ---- */

	get violations() {
		return this.records.violations;
	}

	get requests() {
		return this.records.requests;
	}

	get consoles() {
		return this.records.consoles;
	}

	get logins() {
		return this.records.logins;
	}

	get crashes() {
		return this.records.crashes;
	}

	get overlaps() {
		return this.records.overlaps;
	}

	/* The most requests that were being worked on at once (consoles not counted). */
	get maxInFlight() {
		return this.records.maxInFlight;
	}

	get secrets() {
		return [...this.records.secretSet];
	}

	/* Client frames of all consoles, each with its console. */
	get frames() {
		return this.consoles.flatMap((c) => c.frames.map((f) => ({ ...f, console: c })));
	}

	get liveConsoles() {
		return this.consoles.filter((c) => c.ended === null);
	}

	get connections() {
		return this.hosts.connections().length;
	}

	get url() {
		const host = this.host.includes(':') ? `[${this.host}]` : this.host;
		return `https://${host}:${this.port}`;
	}

	get fingerprint() {
		return this.listener.fingerprint();
	}

	/* Of another kind of certificate than the one shown. */
	fingerprintOf(kind) {
		return this.listener.fingerprint(kind);
	}

	get handshakes() {
		return this.records.handshakes;
	}

	/* ---- what a test can do ---- */

	/* Moves Proxmox's clock; what became too old by that ends now. */
	advance(ms) {
		this.records.offset += ms;
		this.sweep();
	}

	guest(vmid) {
		const g = this.guests.get(vmid);
		if (g === null)
			throw new Error(`no guest ${vmid}`);
		return g;
	}

	/* A node by its name: its shell. */
	node(name) {
		const node = this.places.get(name);
		if (node === null)
			throw new Error(`no node ${name}`);
		return node;
	}

	/*
	 * A kind of certificate from now on; several in turn; or { address: kind }. As when Proxmox
	 * is restarted for it no TLS session is resumed, and API connections that wait for a request
	 * are cut, unless { kept }.
	 */
	setCert(kinds, { kept = false } = {}) {
		this.listener.setCert(kinds, { kept });
		for (const conn of kept ? [] : this.hosts.connections()) {
			if (conn.waits)
				conn.destroy();
		}
	}

	/* Connections over which no request has come are cut. */
	cutUnasked() {
		for (const conn of this.hosts.connections()) {
			if (conn.unasked)
				conn.destroy();
		}
	}

	takeFault(name) {
		return takeFault({ [name]: this.faults[name] }, name, null);
	}

	/* Ends live consoles (of one guest, or all): cut, or as a backend that ends. */
	cutConsoles({ vmid, graceful = false } = {}) {
		for (const c of this.liveConsoles) {
			if (vmid !== undefined && c.vmid !== Number(vmid))
				continue;
			if (graceful)
				c.endBackend('cut by the test');
			else
				c.cut();
		}
	}

	/* Forgets what happened so far (not the secrets). */
	forget() {
		for (const list of ['violations', 'requests', 'consoles', 'logins', 'crashes',
			'handshakes'])
			this.records[list].length = 0;
		this.records.overlaps = 0;
		this.factors.forget();
		this.records.maxInFlight = this.records.inFlight;
	}

	/* Consoles that were idle for too long, by Proxmox's clock. */
	sweep() {
		const now = this.records.now();
		for (const c of this.liveConsoles) {
			if (c.entry.service === 'termproxy')
				continue;
			const vncterm = c.entry.service === 'vncterm';
			const [last, limit] = vncterm
				? [c.entry.lastKeyAt, this.timings.vnctermInputMs]
				: [c.lastByteAt, this.timings.consoleIdleMs];
			if (now - last <= limit)
				continue;
			c.entry.dead = vncterm;
			c.endBackend('idle');
		}
	}

	async stop() {
		if (this.stopped)
			return;
		this.stopped = true;
		clearInterval(this.sweeper);
		await this.hosts.close();
		await Promise.all([this.qemu?.stop(), this.linux?.stop()]);
		if (!this.options.dir)
			removeTemp(this.dir);
	}
}
