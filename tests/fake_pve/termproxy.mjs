// SPDX-License-Identifier: MIT
//
// termproxy - the far end of a terminal console, one object a connection.
//
// The client has 10 s for its first line, USER:TICKET, which is answered by the two bytes OK
// or by the end. Then its bytes are messages, cut anywhere: 0:LEN:DATA, 1:COLS:ROWS: and 2;
// any other byte is skipped. Ours are the terminal's output as it is (term_kinds).
//
// What the client did is in console.term: user, messages ({ type, data | cols, rows, at }),
// typed(), size, pings, keepAliveGaps (more than 60 s without a 2).

import { Backend } from './backend.mjs';
import { TERMINALS } from './term_kinds.mjs';
import { takesTermToken } from './versions.mjs';

const NEWLINE = 10;
const COLON = 58;
const MAX_LINE = 4096;
const MAX_NUMBER = 10;
const MAX_SIDE = 1000;
const KEEP_ALIVE_MS = 60000;
const KEEP_MESSAGES = 200000;
const KEEP_BYTES = 4 * 1024 * 1024;
/* How a console ends when the client is the one who went. */
const CLIENT_LEFT = new Set(['client close', 'peer closed']);

/* What a terminal's client has done so far. */
export class TermRecord {
	constructor(now) {
		this.user = null;
		this.messages = [];
		this.size = [80, 20];
		this.pings = 0;
		this.keepAliveGaps = 0;
		this.lastPing = now;
		this.keptBytes = 0;
	}

	/* Something happened: has there been a keep-alive in time? */
	note(now) {
		if (now - this.lastPing <= KEEP_ALIVE_MS)
			return;
		this.keepAliveGaps++;
		this.lastPing = now;
	}

	add(message, now) {
		this.note(now);
		if (message.type === 'ping') {
			this.pings++;
			this.lastPing = now;
		}
		if (message.type === 'resize')
			this.size = [message.cols, message.rows];
		this.keptBytes += message.data?.length ?? 0;
		if (this.messages.length < KEEP_MESSAGES && this.keptBytes <= KEEP_BYTES)
			this.messages.push({ ...message, at: now });
	}

	/* Everything typed (the first 4 MiB). */
	typed() {
		return Buffer.concat(this.messages.filter((m) => m.data).map((m) => m.data));
	}
}

export class TermServer extends Backend {
	constructor({ place, entry, console, fault }) {
		super();
		const { pve } = place;
		Object.assign(this, { pve, place, entry, console, fault: fault ?? {} });
		this.record = new TermRecord(pve.records.now());
		console.term = this.record;
		this.input = Buffer.alloc(0);
		this.program = null;
		this.later(pve.timings.termLineMs, () => this.program ?? this.hangUp());
	}

	complain(what) {
		this.pve.records.violation(`terminal of ${this.place.label}: ${what}`);
	}

	_write(chunk, _encoding, done) {
		this.input = this.input.length > 0 ? Buffer.concat([this.input, chunk]) : chunk;
		if (this.program === null && !this.hungUp)
			this.readLine();
		if (this.program !== null && !this.hungUp)
			this.readMessages();
		done();
	}

	_destroy(error, done) {
		const left = CLIENT_LEFT.has(this.console.ended) && !this.hungUp;
		if (left && this.program !== null && this.input.length > 0)
			this.complain(`the last message is incomplete: ${this.input.length} bytes`);
		this.record.note(this.pve.records.now());
		this.program?.close?.();
		super._destroy(error, done);
	}

	/* ---- the first line ---- */

	readLine() {
		const end = this.input.indexOf(NEWLINE);
		if (end < 0 && this.input.length < MAX_LINE)
			return;
		const line = this.input.toString('latin1', 0, Math.max(end, 0));
		this.input = this.input.subarray(end + 1);
		const [, user, ticket] = /^([^:]*):(.*)$/.exec(line) ?? [];
		this.record.user = user ?? null;
		this.console.authOk = !this.fault.refuse && this.accepts(user, ticket);
		if (!this.console.authOk) {
			this.hangUp();
			return;
		}
		this.begin();
	}

	accepts(user, ticket) {
		const { entry, pve } = this;
		if (!user || !ticket)
			return false;
		if (user.includes('!') && !takesTermToken(pve.traits, this.place))
			return false;
		if (pve.traits.hardened && ticket !== entry.ticket)
			return false;
		return pve.tickets.verifyVnc(ticket, { user, path: this.place.path,
			port: pve.traits.hardened ? entry.port : '' });
	}

	/* OK: alone, together with the first output, or in two frames (split). */
	begin() {
		const { ok = this.pve.termOk } = this.place.terminal;
		this.held = ok === 'together' ? [Buffer.from('OK')] : null;
		if (ok === 'split') {
			this.push(Buffer.from('O'));
			this.push(Buffer.from('K'));
		} else if (ok === 'alone') {
			this.push(Buffer.from('OK'));
		}
		const refusal = this.place.terminalRefusal(this.entry.serial);
		this.program = refusal === null
			? TERMINALS[this.place.terminal.kind](this, this.place.terminal)
			: TERMINALS.refused(this, { text: refusal });
		this.flush();
	}

	/* The terminal's output; false when nothing more should come until wantRead. */
	say(bytes) {
		const data = Buffer.from(bytes);
		if (this.destroyed || this.hungUp)
			return false;
		if (this.held === null)
			return this.push(data);
		this.held.push(data);
		this.flush();
		return true;
	}

	flush() {
		if (this.held !== null)
			this.push(Buffer.concat(this.held));
		this.held = null;
	}

	/* ---- messages ---- */

	readMessages() {
		while (this.input.length > 0 && !this.hungUp) {
			const used = this.message(this.input);
			if (used === 0)
				break;
			this.input = this.input.subarray(used);
		}
	}

	/* The length of the message at the start of buf; 0: more bytes are needed. */
	message(buf) {
		switch (buf[0]) {
		case 0x30:
			return this.data(buf);
		case 0x31:
			return this.resize(buf);
		case 0x32:
			this.note({ type: 'ping' });
			return 1;
		default:
			this.complain(`byte 0x${buf[0].toString(16)} is no message`);
			return 1;
		}
	}

	note(message) {
		this.record.add(message, this.pve.records.now());
	}

	data(buf) {
		const length = this.number(buf, 1);
		if (!length || length.wrong)
			return length?.wrong ?? 0;
		const end = length.next + length.value;
		if (buf.length < end)
			return 0;
		const data = Buffer.from(buf.subarray(length.next, end));
		if (data.length === 0)
			this.complain('a data message without data');
		this.note({ type: 'data', data });
		this.program.input?.(data);
		return end;
	}

	resize(buf) {
		const cols = this.number(buf, 1);
		if (!cols || cols.wrong)
			return cols?.wrong ?? 0;
		const rows = this.number(buf, cols.next - 1);
		if (!rows || rows.wrong)
			return rows?.wrong ?? 0;
		const sides = [cols.value, rows.value];
		if (sides.some((n) => n < 1 || n > MAX_SIDE)) {
			this.complain(`a size of ${sides.join('x')}`);
			return rows.next;
		}
		this.note({ type: 'resize', cols: sides[0], rows: sides[1] });
		this.program.resize?.(...sides);
		return rows.next;
	}

	/*
	 * The number between the colon at buf[at] and the next one: { value, next }; null when
	 * more bytes are needed, { wrong: 1 } (skip a byte) when there is none.
	 */
	number(buf, at) {
		const end = buf.indexOf(COLON, at + 1);
		const text = buf.toString('latin1', at, end < 0 ? at + MAX_NUMBER : end);
		if (/^(?::\d{0,9})?$/.test(text) && end < 0)
			return null;
		if (/^:\d+$/.test(text) && end >= 0)
			return { value: Number(text.slice(1)), next: end + 1 };
		this.complain(`no number in ${JSON.stringify(buf.toString('latin1', 0, at + 8))}`);
		return { wrong: 1 };
	}
}
