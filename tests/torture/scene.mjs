// SPDX-License-Identifier: MIT
//
// scene - a session's opening, played against a gateway whose nth request to the system fails.
//
// opening() does what a backend and a browser do, from POST /create to the first picture and the
// end of the websocket. Where it ends early it ends cleanly: with a proper answer, a Close frame
// that the page knows or a closed connection. Anything else throws.

import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { RfbClient } from '../lib/rfb.mjs';
import { readSource, tableRows } from '../lib/source.mjs';
import { tempDir } from '../lib/temp.mjs';
import { WsEnded, WsRefused } from '../lib/ws.mjs';
import { LOCATION, newcomer, shows, TOKEN, tellsNothing } from '../integration/world.mjs';

/* enum kind and struct control of inject.c */
export const KINDS = { nothing: 0, allocations: 1, 'reads and writes': 2 };
const CONTROL_SIZE = 128;
const CALL_AT = 16;

/* No step may take longer: whoever waits so long was left hanging. */
const STEP_MS = 15000;

/* What an answer may be when something went wrong inside. */
const FAILURES = [500, 502, 503, 504];
/* The Close codes that the page knows, and those of a websocket library in trouble. */
const CLOSES = new Set(tableRows('session/end_tbl.h', 'END_TBL').map((row) => Number(row[4])));

/* Commands to inject.c, and what came of them. */
export class Injector {
	constructor() {
		this.file = join(tempDir('torture'), 'control');
		writeFileSync(this.file, Buffer.alloc(CONTROL_SIZE));
		this.env = { TORTURE_FILE: this.file };
	}

	/* Fail the nth call of that kind from now on; 0: just count. */
	arm(kind, nth) {
		const all = Buffer.alloc(CONTROL_SIZE);
		all.writeUInt32LE(nth, 4);
		this.write(all);
		const begin = Buffer.alloc(4);
		begin.writeUInt32LE(KINDS[kind]);
		this.write(begin);
	}

	/* Stop it: { count, struck, call }. */
	disarm() {
		this.write(Buffer.alloc(4));
		const all = readFileSync(this.file);
		const end = all.indexOf(0, CALL_AT);
		return { count: all.readUInt32LE(8), struck: all.readUInt32LE(12) === 1,
			call: all.toString('latin1', CALL_AT, end) };
	}

	write(bytes) {
		const fd = openSync(this.file, 'r+');
		writeSync(fd, bytes, 0, bytes.length, 0);
		closeSync(fd);
	}
}

/* The end of an opening before its time. */
class Ended extends Error {}

/* A connection that broke is a clean end; a time-out or an answer that is none is not. */
async function step(what, promise) {
	try {
		return await promise;
	} catch (e) {
		const broken = e instanceof WsEnded || ['ECONNRESET', 'EPIPE', 'ECONNREFUSED'].includes(e.code)
			|| e.message === 'closed without answer'
			|| /socket disconnected before secure TLS/.test(e.message);
		if (broken)
			throw new Ended(what);
		e.message = `${what}: ${e.message}`;
		throw e;
	}
}

function proper(what, res, good, pve) {
	if (res.status === good)
		return;
	tellsNothing(res.text, pve, what);
	assert.ok(FAILURES.includes(res.status), `${what}: status ${res.status}`);
	assert.ok(res.headers['content-length'] !== undefined, `${what}: ${res.status} without length`);
	throw new Ended(`${what}: ${res.status}`);
}

async function link(w, vmid, who) {
	const made = await step('create', w.gw.create({ vmid, ...who }, { timeoutMs: STEP_MS }));
	proper('create', made, 200, w.pve);
	assert.match(made.token, TOKEN);
	const opened = await step('open', w.gw.openRaw(made.token, { timeoutMs: STEP_MS }));
	proper('open', opened, 302, w.pve);
	assert.match(opened.location, LOCATION);
	return opened.location;
}

async function page(w, url) {
	const html = await step('page', w.gw.file(url, '', { timeoutMs: STEP_MS }));
	proper('page', html, 200, w.pve);
	assert.match(html.text, /<\/html>\s*$/, 'the whole page');
	const settings = await step('mandatory', w.gw.file(url, 'mandatory.json', { timeoutMs: STEP_MS }));
	proper('mandatory', settings, 200, w.pve);
	return settings.json;
}

async function picture(w, url, password) {
	let ws;
	try {
		ws = await step('websocket', w.gw.websocket(url, { timeoutMs: STEP_MS }));
	} catch (e) {
		if (!(e instanceof WsRefused))
			throw e;
		assert.ok(e.status === 0 || FAILURES.includes(e.status), `websocket: ${e.status}`);
		throw new Ended('websocket refused');
	}
	try {
		const rfb = new RfbClient(ws);
		await step('handshake', rfb.handshake({ password, ms: STEP_MS }));
		await step('picture', shows({ rfb }, STEP_MS));
		ws.close(1000);
		await step('close', ws.closed(STEP_MS));
	} finally {
		if (ws.close_)
			assert.ok(ws.closeInfo().code === 1000 || CLOSES.has(ws.closeInfo().code),
				`Close code ${ws.closeInfo().code}`);
		ws.destroy();
	}
}

/*
 * Plays it; returns how far it came: 'all', or the step at which it ended. Somebody who has not
 * been there logs in, too.
 */
export async function opening(w, vmid, who = newcomer(w.pve)) {
	try {
		const url = await link(w, vmid, who);
		const { password } = await page(w, url);
		await picture(w, url, password);
		return 'all';
	} catch (e) {
		if (e instanceof Ended)
			return e.message;
		throw e;
	}
}
