// SPDX-License-Identifier: MIT
//
// place - where a console of the fake Proxmox leads: a guest or a node.
//
// kind says what its VNC server does (rfb_kinds), terminal what its terminal does
// (term_kinds). Behind a port is one of three services: qemu (a copier to the guest's own
// VNC server), vncterm, termproxy.
//
// A place also has vncService, vncKind (kind, or what is seen when it is off) and
// terminalRefusal(serial): what its terminal says before it ends at once, or null.

import { RfbServer } from './rfb_server.mjs';
import { Screen } from './screen.mjs';
import { TermServer } from './termproxy.mjs';

export class Place {
	/* path: of Proxmox's permissions and VNC tickets. */
	constructor(pve, { type, vmid, name, path }) {
		Object.assign(this, { pve, type, vmid, name, path });
		this.kind = { kind: 'screen' };
		this.terminal = { kind: 'echo' };
		this.split = null;
		this.consoles = new Set();
	}

	/* How violations name it. */
	get label() {
		return this.vmid ?? this.name;
	}

	/* kind: a name, or { kind, ...options }. */
	setKind(kind) {
		const before = this.vncService;
		this.kind = typeof kind === 'string' ? { kind } : kind;
		if (this.vncService !== before)
			this.screen_ = undefined;
	}

	setTerminal(kind) {
		this.terminal = typeof kind === 'string' ? { kind } : kind;
	}

	get screen() {
		this.screen_ ??= new Screen(this);
		return this.screen_;
	}

	/* The far end of a console as a Duplex, or null when it ends at once. */
	async connect(entry, console) {
		if (entry.service === 'termproxy')
			return new TermServer({ place: this, entry, console,
				fault: this.pve.takeFault('term') });
		if (entry.service === 'vncterm')
			return this.rfb(entry, console, () => entry.password);
		return this.connectQemu(entry, console);
	}

	rfb(entry, console, password) {
		return new RfbServer({ guest: this, entry, console, password,
			fault: this.pve.takeFault('rfb') });
	}

	endConsoles(why) {
		for (const c of [...this.consoles])
			c.endBackend(why);
	}

	/* A viewer that did not want to share. */
	dropOthers(console) {
		for (const c of [...this.consoles]) {
			if (c !== console)
				c.endBackend('exclusive viewer');
		}
	}

	/* Raw bytes to every viewer of a synthetic place. */
	say(bytes) {
		for (const c of this.consoles)
			c.backend?.push(Buffer.from(bytes));
	}
}
