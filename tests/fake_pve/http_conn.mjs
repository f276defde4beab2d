// SPDX-License-Identifier: MIT
//
// http_conn - one TLS connection to the fake Proxmox: requests in, answers out.
//
// A request is read whole, given to pve.api.handle(req, conn) and answered with
// respond(). 401 answers are held back, everything from 400 up closes, an idle
// connection lives 5 s, and 100 requests are enough for any connection. An upgraded
// connection hands its bytes to a console (upgrade()).

import { gzipSync } from 'node:zlib';
import { formatResponse, readHead } from './http_parse.mjs';

const MAX_REQUESTS = 100;
const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE']);
const BODY_TYPES = new Set(['application/x-www-form-urlencoded', 'application/json', '']);

export class Connection {
	constructor(pve, socket, host) {
		this.pve = pve;
		this.socket = socket;
		this.host = host;
		this.worker = host.workers.assign();
		this.buffer = Buffer.alloc(0);
		this.served = 0;
		this.state = 'head';
		this.closed = false;
		this.frozen = false;
		this.timers = new Set();
		this.console = null;
		this.worker.conns.add(this);
		socket.on('data', (d) => this.onData(d));
		socket.on('error', () => this.destroy());
		socket.on('end', () => this.onEnd());
		socket.on('close', () => this.onClose());
		this.armIdle();
	}

	/* ---- bytes in ---- */

	onData(chunk) {
		if (this.frozen || this.state === 'stuck')
			return;
		if (this.console !== null) {
			this.console.data(chunk);
			return;
		}
		this.buffer = this.buffer.length > 0 ? Buffer.concat([this.buffer, chunk]) : chunk;
		if (this.state !== 'busy')
			this.armIdle();
		this.step();
	}

	step() {
		if (this.state === 'head')
			this.readHead();
		if (this.state === 'body')
			this.readBody();
	}

	readHead() {
		const head = readHead(this.buffer);
		if (head.state === 'more')
			return;
		if (head.state === 'too large') {
			this.pve.records.violation(`request head too large: ${head.why}`);
			this.state = 'stuck';
			this.disarmIdle();
			this.later(this.pve.timings.freezeMs, () => this.destroy());
			return;
		}
		this.buffer = this.buffer.subarray(head.used);
		this.req = { ...head, start: Date.now(), body: Buffer.alloc(0), conn: this };
		this.served++;
		this.record = this.pve.records.request({ method: head.method ?? '?',
			path: (head.target ?? '').split('?')[0], names: [], status: 0, ms: 0,
			at: this.req.start, host: this.host.address, worker: this.worker.id, nth: this.served, auth: null,
			headers: Object.keys(head.headers ?? {}) });
		if (head.state === 'bad')
			this.refuse(400, 'bad request');
		else
			this.checkHead(this.req);
	}

	checkHead(req) {
		const te = req.headers['transfer-encoding'];
		const length = Number(req.headers['content-length'] ?? 0);
		const type = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
		if (!METHODS.has(req.method))
			return this.refuse(501, `method '${req.method}' not available`);
		if (te && te.toLowerCase() === 'chunked')
			return this.refuse(501, 'chunked transfer encoding not supported');
		if (te)
			return this.refuse(501, `Unknown transfer encoding '${te}'`);
		if (!(length >= 0 && length <= this.pve.traits.maxBody))
			return this.refuse(501, 'for data too large');
		if (length > 0 && !BODY_TYPES.has(type))
			return this.refuse(506, `upload 'Content-Type '${type}' not implemented`);
		req.length = length;
		req.type = type;
		this.state = 'body';
	}

	/* A low-level error: plain text body, and the fault is the client's. */
	refuse(status, reason) {
		this.state = 'busy';
		const { method, path } = this.record;
		this.pve.records.violation(`${method} ${path}: ${status} ${reason}`);
		this.respond({ status, reason, body: reason, type: 'text/plain' });
	}

	readBody() {
		if (this.buffer.length < this.req.length)
			return;
		this.req.body = this.buffer.subarray(0, this.req.length);
		this.buffer = this.buffer.subarray(this.req.length);
		this.state = 'busy';
		this.disarmIdle();
		this.flies = true;
		this.pve.records.flying(1);
		Promise.resolve(this.pve.api.handle(this.req, this)).catch((e) => {
			this.pve.records.violation(`fake_pve bug: ${e.stack}`);
			this.destroy();
		});
	}

	/* ---- answers out ---- */

	/* Answers the request; a 401 not before its time, what is >= 400 and then the end. */
	respond(res) {
		const t = this.pve.timings.unauthorizedMs - (Date.now() - this.req.start);
		if (res.status === 401 && t > 0)
			this.later(t, () => this.sendResponse(res));
		else
			this.sendResponse(res);
	}

	sendResponse(res) {
		if (this.closed || this.frozen)
			return;
		const { headers: asked, version } = this.req;
		const keepAlive = res.status < 400 && this.served < MAX_REQUESTS &&
			!/close/i.test(asked.connection ?? '') && version === '1.1';
		this.note(res.status);
		let { body = '', headers = {} } = res;
		if (Buffer.byteLength(body) > 1024 && /gzip/.test(asked['accept-encoding'] ?? '')) {
			body = gzipSync(body);
			headers = { ...headers, 'Content-Encoding': 'gzip' };
		}
		this.write(formatResponse({ ...res, body, headers, keepAlive }));
		if (!keepAlive) {
			this.end();
			return;
		}
		this.state = 'head';
		this.armIdle();
		this.step();
	}

	/* Fills in the request's record: a status, or a word for what happened instead. */
	note(status) {
		this.record.status = status;
		this.record.ms = Date.now() - this.req.start;
		if (status !== 'hang')
			this.landed();
	}

	/* The request is no longer being worked on. */
	landed() {
		if (this.flies)
			this.pve.records.flying(-1);
		this.flies = false;
	}

	/* Writes bytes as they are and cuts the connection. */
	writeAndCut(bytes, word) {
		this.note(word);
		this.write(Buffer.from(bytes, 'latin1'));
		this.end();
	}

	write(bytes) {
		if (this.closed || this.frozen || this.ending)
			return true;
		return this.socket.write(bytes);
	}

	/* Flush, TLS close_notify, FIN: how Proxmox ends everything. */
	end() {
		if (this.closed || this.frozen || this.ending)
			return;
		this.ending = true;
		this.disarmIdle();
		this.socket.end();
		this.later(this.pve.timings.idleMs, () => this.destroy());
	}

	/* From here on the bytes are the console's. */
	upgrade(consoleObject) {
		this.disarmIdle();
		this.console = consoleObject;
		const rest = this.buffer;
		this.buffer = Buffer.alloc(0);
		if (rest.length > 0)
			this.console.data(rest);
	}

	/* ---- life ---- */

	/* Between two requests? */
	get waits() {
		return this.console === null && this.state === 'head' && this.served > 0 &&
			this.buffer.length === 0;
	}

	/* Has nothing come yet? */
	get unasked() {
		return this.console === null && this.state === 'head' && this.served === 0 &&
			this.buffer.length === 0;
	}

	armIdle() {
		this.disarmIdle();
		if (this.console === null && !this.ending)
			this.idle = setTimeout(() => this.end(), this.pve.timings.idleMs);
	}

	disarmIdle() {
		clearTimeout(this.idle);
	}

	/* Runs fn after ms unless the connection is gone by then. */
	later(ms, fn) {
		const timer = setTimeout(() => {
			this.timers.delete(timer);
			fn();
		}, ms);
		this.timers.add(timer);
	}

	/* The worker hangs: nothing in, nothing out. */
	freeze() {
		this.frozen = true;
		this.disarmIdle();
		this.socket.pause();
		this.console?.freeze();
	}

	onEnd() {
		if (!this.frozen)
			this.console?.peerClosed();
	}

	onClose() {
		this.closed = true;
		this.disarmIdle();
		this.landed();
		for (const t of this.timers)
			clearTimeout(t);
		this.worker.conns.delete(this);
		this.console?.peerClosed();
	}

	/* Cut without a goodbye. */
	destroy() {
		this.socket.destroy();
		this.onClose();
	}
}
