// SPDX-License-Identifier: MIT
//
// http - HTTP/1.1 requests for tests, well-formed and otherwise.
//
// request() is one ordinary request on a fresh connection. rawRequest() writes exactly
// the bytes it is given, optionally a few at a time, and returns what came back until
// the answer was complete, the server closed or the time was over. Conn keeps a
// connection open for several requests.

import { dial, splitUrl } from './socket.mjs';
import { pause, slow } from './wait.mjs';

/* Parses one response at the start of buf; null while incomplete. ended = EOF was seen. */
export function parseResponse(buf, { ended = false, head = false } = {}) {
	const end = buf.indexOf('\r\n\r\n');
	if (end < 0)
		return null;
	const lines = buf.subarray(0, end).toString('latin1').split('\r\n');
	const m = /^HTTP\/(\d\.\d) (\d{3}) ?(.*)$/.exec(lines[0]);
	if (!m)
		throw new Error(`not HTTP: ${JSON.stringify(lines[0].slice(0, 60))}`);
	const res = { status: Number(m[2]), reason: m[3], headers: {}, rawHeaders: [] };
	for (const line of lines.slice(1)) {
		const at = line.indexOf(':');
		const name = line.slice(0, at).toLowerCase();
		const value = line.slice(at + 1).trim();
		res.rawHeaders.push([line.slice(0, at), value]);
		res.headers[name] = name in res.headers ? `${res.headers[name]}, ${value}` : value;
	}
	const body = takeBody(buf.subarray(end + 4), res, { ended, head });
	if (body === null)
		return null;
	return finish(res, body.data, end + 4 + body.used);
}

/* Bytes of the response at the start of buf as far as its head tells; 0 = unknown. */
function announcedLength(buf) {
	const end = buf.indexOf('\r\n\r\n');
	if (end < 0)
		return 0;
	const m = /\r\ncontent-length: *(\d+)/i.exec(buf.toString('latin1', 0, end));
	return m ? end + 4 + Number(m[1]) : 0;
}

function takeBody(rest, res, { ended, head }) {
	if (head || res.status === 204 || res.status === 304 || res.status < 200)
		return { data: Buffer.alloc(0), used: 0 };
	if (/chunked/i.test(res.headers['transfer-encoding'] ?? ''))
		return takeChunks(rest);
	if (res.headers['content-length'] !== undefined) {
		const n = Number(res.headers['content-length']);
		return rest.length < n ? null : { data: rest.subarray(0, n), used: n };
	}
	return ended ? { data: rest, used: rest.length } : null;
}

function takeChunks(rest) {
	const parts = [];
	let at = 0;
	for (;;) {
		const eol = rest.indexOf('\r\n', at);
		if (eol < 0)
			return null;
		const n = parseInt(rest.subarray(at, eol).toString('latin1'), 16);
		const next = eol + 2 + n + 2;
		if (rest.length < next)
			return null;
		if (n === 0)
			return { data: Buffer.concat(parts), used: next };
		parts.push(rest.subarray(eol + 2, eol + 2 + n));
		at = next;
	}
}

function finish(res, data, used) {
	res.body = Buffer.from(data);
	res.text = res.body.toString('utf8');
	res.used = used;
	Object.defineProperty(res, 'json', { get: () => JSON.parse(res.text) });
	return res;
}

/* One open connection: bytes in, bytes out, with everything received remembered. */
export class Conn {
	static async open(target) {
		const where = typeof target === 'string' ? splitUrl(target) : target;
		/* The other side's clocks may begin before this one hears of its connection. */
		const began = Date.now();
		return new Conn(await dial(where), began);
	}

	constructor(socket, began = Date.now()) {
		this.socket = socket;
		this.chunks = [];
		this.total = 0;
		this.taken = 0;
		this.ended = false;
		this.openedAt = began;
		this.wake = () => {};
		socket.on('data', (d) => {
			this.chunks.push(d);
			this.total += d.length;
			this.wake();
		});
		const over = () => {
			this.endedAt ??= Date.now();
			this.ended = true;
			this.wake();
		};
		socket.on('end', over);
		socket.on('close', over);
		socket.on('error', over);
	}

	get received() {
		if (this.chunks.length > 1)
			this.chunks = [Buffer.concat(this.chunks)];
		return this.chunks[0] ?? Buffer.alloc(0);
	}

	get pending() {
		return this.received.subarray(this.taken);
	}

	/* Writes data, all at once or in pieces of `piece` bytes every `everyMs`. */
	async write(data, { piece = 0, everyMs = 0 } = {}) {
		const bytes = Buffer.from(data);
		if (piece === 0) {
			this.socket.write(bytes);
			return;
		}
		for (let i = 0; i < bytes.length && !this.ended; i += piece) {
			this.socket.write(bytes.subarray(i, i + piece));
			await pause(everyMs);
		}
	}

	/* Waits until done() says so, the connection ends or ms are over; says which. */
	async wait(done, ms) {
		const end = Date.now() + slow(ms);
		for (;;) {
			if (done())
				return 'done';
			if (this.ended)
				return 'ended';
			const left = end - Date.now();
			if (left <= 0)
				return 'timeout';
			await new Promise((resolve) => {
				const timer = setTimeout(resolve, left);
				this.wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	}

	/* The next response, or null when none came before EOF or the limit. */
	async response({ ms = 10000, head = false } = {}) {
		let res = null;
		let least = 0;
		await this.wait(() => {
			if (this.total < least)
				return false;
			res = parseResponse(this.pending, { head });
			least = this.taken + announcedLength(this.pending);
			return res !== null;
		}, ms);
		res ??= parseResponse(this.pending, { head, ended: this.ended });
		if (res !== null)
			this.taken += res.used;
		return res;
	}

	/* True when the server closed within ms. */
	async closed(ms = 10000) {
		return await this.wait(() => this.ended, ms) !== 'timeout';
	}

	close() {
		this.socket.destroy();
	}
}

export function formatRequest({ method = 'GET', path = '/', headers = {}, body, host }) {
	const all = { Host: host, Connection: 'close', ...headers };
	if (body !== undefined && !hasHeader(all, 'content-length') &&
	    !hasHeader(all, 'transfer-encoding'))
		all['Content-Length'] = Buffer.byteLength(body);
	let head = `${method} ${path} HTTP/1.1\r\n`;
	for (const [name, value] of Object.entries(all)) {
		for (const v of Array.isArray(value) ? value : [value]) {
			if (v !== undefined && v !== null)
				head += `${name}: ${v}\r\n`;
		}
	}
	return Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from(body ?? '')]);
}

function hasHeader(headers, name) {
	return Object.keys(headers).some((h) => h.toLowerCase() === name);
}

/*
 * One request. opts: method, headers (null leaves a default one out), body, ca, insecure, from,
 * timeoutMs, path (sent verbatim instead of the URL's), piece and everyMs (written slowly).
 * Returns { status, reason, headers, rawHeaders, body, text, json, ms }; throws when no
 * complete answer comes.
 */
export async function request(url, opts = {}) {
	const where = { ...splitUrl(url), ...pick(opts, ['ca', 'insecure', 'servername', 'from']) };
	const conn = await Conn.open(where);
	const start = Date.now();
	try {
		await conn.write(formatRequest({
			method: opts.method, headers: opts.headers, body: opts.body,
			path: opts.path ?? where.path, host: where.hostHeader,
		}), opts);
		const res = await conn.response({
			ms: opts.timeoutMs ?? 15000, head: opts.method === 'HEAD' });
		if (res === null)
			throw new Error(conn.ended ? 'closed without answer' : 'no answer in time');
		res.ms = Date.now() - start;
		return res;
	} finally {
		conn.close();
	}
}

/*
 * Writes bytes as they are to { host, port, tls, ca } or a URL and collects what comes
 * until EOF or ms. Returns { bytes, ended, ms, response } (response may be null).
 */
export async function rawRequest(target, bytes, { ms = 10000, piece, everyMs, ...tls } = {}) {
	const where = { ...(typeof target === 'string' ? splitUrl(target) : target), ...tls };
	const conn = await Conn.open(where);
	const start = Date.now();
	await conn.write(bytes, { piece, everyMs });
	const ended = await conn.closed(ms);
	conn.close();
	let response = null;
	try {
		response = parseResponse(conn.received, { ended });
	} catch {
		/* Not HTTP: the caller looks at the bytes. */
	}
	return { bytes: conn.received, ended, ms: Date.now() - start, response };
}

/* { body, headers } of a multipart/form-data body with the given fields. */
export function multipart(fields, boundary = 'x-test-boundary-7d1f') {
	let body = '';
	for (const [name, value] of Object.entries(fields))
		body += `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n` +
			`${value}\r\n`;
	body += `--${boundary}--\r\n`;
	return {
		body: Buffer.from(body),
		headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
	};
}

function pick(from, names) {
	const out = {};
	for (const n of names) {
		if (from[n] !== undefined)
			out[n] = from[n];
	}
	return out;
}
