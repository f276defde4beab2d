// SPDX-License-Identifier: MIT
//
// term_kinds - what runs in a synthetic terminal.
//
//   echo      a prompt, lines edited and answered, as a shell would; never ends
//   exit      the same, and "exit" or Ctrl-D ends it
//   flood     { rate, bytes, then }: numbered lines in colour (floodLine), rate bytes a second
//             or as fast as they are taken; then: 'stay' (default) or 'end'
//   utf8      UTF8_TEXT in pieces of 1, 2 and 3 bytes, then whatever is typed likewise
//   size      the size, at the start and after each resize
//   silent    nothing
//   shell     a real shell of this machine (term_real)
//   serial    the serial port of the real Linux guest (term_real)
//   refused   { text }: an error of the command, then the end
//
// Any may have { ok: 'alone' | 'together' | 'split' }: how OK arrives. A kind is a function
// (term, options) => { input(bytes), resize(cols, rows), close() }, all optional.

import { serial, shell } from './term_real.mjs';

const CR = 13;
const LF = 10;
const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACES = [8, 127];
const ESC = 27;

export const UTF8_TEXT = 'Grüße — 漢字とかな — Привет — 👩‍💻🎉 — ñandú\r\n';
export const FLOOD_LINE_BYTES = 80;
const FLOOD_TEXT = ' the terminal speaks faster than you can read it, and each line counts';
const FLOOD_COLOURS = 6;
const FLOOD_DIGITS = 9;
const FLOOD_DIGITS_AT = 5;
const PIECE_BYTES = 256 * FLOOD_LINE_BYTES;
const TICK_MS = 20;

/* A line of each colour, with its digits to be filled in. */
const FLOOD_LINES = Array.from({ length: FLOOD_COLOURS }, (_, i) => {
	const head = `\x1b[3${1 + i}m${'0'.repeat(FLOOD_DIGITS)}\x1b[0m`;
	const line = (head + FLOOD_TEXT).slice(0, FLOOD_LINE_BYTES - 2);
	return Buffer.from(`${line.padEnd(FLOOD_LINE_BYTES - 2)}\r\n`);
});

function putFloodLine(out, at, i) {
	FLOOD_LINES[i % FLOOD_COLOURS].copy(out, at);
	let rest = i;
	for (let d = FLOOD_DIGITS - 1; d >= 0; d--) {
		out[at + FLOOD_DIGITS_AT + d] = 0x30 + rest % 10;
		rest = Math.floor(rest / 10);
	}
}

/* Line number i (from 0) of a flood, 80 bytes with its CRLF. */
export function floodLine(i) {
	return floodBytes(i * FLOOD_LINE_BYTES, FLOOD_LINE_BYTES).toString('latin1');
}

/* Bytes from..from+n of a flood. */
export function floodBytes(from, n) {
	const first = Math.floor(from / FLOOD_LINE_BYTES);
	const skip = from - first * FLOOD_LINE_BYTES;
	const lines = Math.ceil((skip + n) / FLOOD_LINE_BYTES);
	const out = Buffer.alloc(lines * FLOOD_LINE_BYTES);
	for (let i = 0; i < lines; i++)
		putFloodLine(out, i * FLOOD_LINE_BYTES, first + i);
	return out.subarray(skip, skip + n);
}

class Shell {
	constructor(term, { ends }) {
		this.term = term;
		this.ends = ends;
		this.line = [];
		this.prompt = `${term.place.name}:~# `;
		term.say(`Welcome to ${term.place.name}.\r\n${this.prompt}`);
	}

	input(bytes) {
		const out = [];
		for (const b of bytes)
			this.key(b, out);
		this.term.say(Buffer.concat(out));
		if (this.over)
			this.term.hangUp();
	}

	key(b, out) {
		const say = (text) => out.push(Buffer.from(text));
		if (this.over)
			return;
		if (b === CR || b === LF) {
			this.enter(say);
		} else if (BACKSPACES.includes(b)) {
			if (this.line.length > 0)
				say('\b \b');
			this.line.pop();
		} else if (b === CTRL_C) {
			this.line = [];
			say(`^C\r\n${this.prompt}`);
		} else if (b === CTRL_D) {
			this.over = this.ends && this.line.length === 0;
			say(this.over ? 'logout\r\n' : '');
		} else {
			this.line.push(b);
			out.push(b === ESC ? Buffer.from('^[') : Buffer.from([b]));
		}
	}

	/* An empty line is a new prompt; any other comes back as "you said ...". */
	enter(say) {
		const text = Buffer.from(this.line);
		this.line = [];
		if (this.ends && text.toString() === 'exit') {
			this.over = true;
			say('\r\nlogout\r\n');
		} else {
			say(text.length > 0 ? `\r\nyou said ${text}\r\n${this.prompt}`
				: `\r\n${this.prompt}`);
		}
	}
}

function flood(term, { rate = Infinity, bytes = Infinity, then = 'stay' }) {
	const start = Date.now();
	let sent = 0;
	const due = () => Math.min(bytes, rate === Infinity ? Infinity
		: Math.floor((Date.now() - start) * rate / 1000));
	const more = () => {
		while (sent < due()) {
			const n = Math.min(PIECE_BYTES, due() - sent);
			const room = term.say(floodBytes(sent, n));
			sent += n;
			if (term.destroyed || term.hungUp)
				return;
			if (!room) {
				term.wantRead = more;
				return;
			}
		}
		if (sent < bytes)
			term.later(TICK_MS, more);
		else if (then === 'end')
			term.hangUp();
	};
	more();
	return {};
}

function utf8(term) {
	let turn = 0;
	const cut = (bytes) => {
		for (let at = 0; at < bytes.length;) {
			const n = 1 + turn++ % 3;
			term.say(bytes.subarray(at, at + n));
			at += n;
		}
	};
	cut(Buffer.from(UTF8_TEXT));
	return { input: cut };
}

function size(term) {
	const show = (cols, rows) => term.say(`${cols}x${rows}\r\n`);
	show(...term.record.size);
	return { resize: show };
}

function refused(term, { text }) {
	term.say(`${text}\r\n`);
	term.flush();
	term.hangUp();
	return {};
}

export const TERMINALS = {
	echo: (term) => new Shell(term, { ends: false }),
	exit: (term) => new Shell(term, { ends: true }),
	flood, utf8, size, refused, serial, shell,
	silent: () => ({}),
};
