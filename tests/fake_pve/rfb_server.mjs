// SPDX-License-Identifier: MIT
//
// rfb_server - a synthetic guest's VNC server, one object a connection.
//
// RFB 3.8, VNC authentication only, as QEMU and vncterm behave; after ServerInit the guest's
// kind goes on (rfb_kinds). The protocol is a generator that asks for bytes: `yield n` is exactly n
// bytes, `yield SOME` is whatever comes next.

import { randomBytes } from 'node:crypto';
import { vncResponse } from '../lib/vncauth.mjs';
import { Backend } from './backend.mjs';
import { KINDS, SOME } from './rfb_kinds.mjs';

const VERSION = 'RFB 003.008\n';
const TYPE_VNC = 2;
const TYPE_VENCRYPT = 19;
/* The NUL is counted in the length, as QEMU does it. */
const FAILED = Buffer.from('Authentication failed\0');

export class RfbServer extends Backend {
	/* password() returns the one that is right at that moment, or null for none. */
	constructor({ guest, entry, console, password, fault }) {
		super();
		Object.assign(this, { guest, entry, console, password, fault: fault ?? {} });
		this.input = Buffer.alloc(0);
		this.script = this.run();
		this.advance();
	}

	/* ---- Duplex ---- */

	_write(chunk, _encoding, done) {
		this.input = this.input.length > 0 ? Buffer.concat([this.input, chunk]) : chunk;
		this.advance();
		done();
	}

	_destroy(error, done) {
		this.script.return();
		super._destroy(error, done);
	}

	/* Runs the script as far as the bytes reach. */
	advance() {
		if (this.running || this.hungUp)
			return;
		this.running = true;
		for (;;) {
			if (this.need === undefined) {
				this.take(undefined);
			} else if (this.input.length >= Math.max(this.need, 1)) {
				const n = this.need === SOME ? this.input.length : this.need;
				const bytes = this.input.subarray(0, n);
				this.input = this.input.subarray(n);
				this.take(bytes);
			} else {
				break;
			}
			if (this.hungUp)
				break;
		}
		this.running = false;
	}

	take(bytes) {
		const step = this.script.next(bytes);
		this.need = step.value ?? Infinity;
		if (step.done)
			this.hangUp();
	}

	/* ---- RFB ---- */

	* run() {
		if (this.fault.never)
			yield Infinity;
		if (this.fault.garbage) {
			this.push(Buffer.from('SSH-2.0-OpenSSH_9.2p1\r\n\0\0\0'));
			yield Infinity;
		}
		this.push(Buffer.from(VERSION));
		const version = yield VERSION.length;
		if (version.toString('latin1') !== VERSION) {
			this.complain(`RFB version ${JSON.stringify(version.toString('latin1'))}`);
			return;
		}
		if (!(yield* this.security()))
			return;
		if (this.fault.endAfterAuth)
			return;
		yield* this.init();
		const { vncKind } = this.guest;
		yield* KINDS[vncKind.kind](this, vncKind);
	}

	complain(what) {
		this.guest.pve.records.violation(`console of ${this.guest.label}: ${what}`);
	}

	/* Offers VNC authentication; true when the viewer passed. */
	* security() {
		if (this.fault.noTypes) {
			this.push(Buffer.from([0, 0, 0, 0, 4, 0x6e, 0x6f, 0x70, 0x65]));
			return false;
		}
		const type = this.fault.otherType ?? (this.entry.tls ? TYPE_VENCRYPT : TYPE_VNC);
		this.push(Buffer.from([1, type]));
		const chosen = (yield 1)[0];
		if (chosen !== TYPE_VNC || type !== TYPE_VNC) {
			this.complain(`security type ${chosen} chosen, ${type} offered`);
			return false;
		}
		const challenge = randomBytes(16);
		this.push(challenge);
		const response = yield 16;
		const password = this.password();
		const good = password !== null && !this.fault.authFail &&
			vncResponse(password, challenge).equals(response);
		const result = Buffer.alloc(good ? 4 : 8);
		if (!good) {
			result.writeUInt32BE(1, 0);
			result.writeUInt32BE(FAILED.length, 4);
		}
		this.push(good ? result : Buffer.concat([result, FAILED]));
		return good;
	}

	* init() {
		const shared = (yield 1)[0];
		if (shared === 0)
			this.guest.dropOthers(this.console);
		const { width, height, format, name } = this.guest.screen;
		const out = Buffer.alloc(24 + name.length);
		out.writeUInt16BE(width, 0);
		out.writeUInt16BE(height, 2);
		format.copy(out, 4);
		out.writeUInt32BE(name.length, 20);
		out.write(name, 24, 'latin1');
		this.push(out);
	}
}
