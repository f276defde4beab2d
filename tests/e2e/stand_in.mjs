// SPDX-License-Identifier: MIT
//
// stand_in - a stand-in for a session's own port, for tests of the console page.
//
// Serves novnc/ under a key with the gateway's headers, mandatory.json, and a
// websocket whose behaviour each test plans. Everything a test changes is a
// property: `mandatory` (an object, or a status), `plan` (what the next
// websockets do, the last one again and again), `page` (the one at the key):
//   { screen: true, colour, keyboard }   speaks RFB, a screen in one colour; with
//                              `keyboard` it takes physical keys, as QEMU does
//   { term: true, say }        is a terminal, which says that at first
//   { close: code, reason }    is accepted, then closed
//   { drop: true }             is accepted, then cut without a Close frame
//   { refuse: status }         is not accepted

import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import { RfbPeer } from './rfb_peer.mjs';
import { TermPeer } from './term_peer.mjs';

export const KEY = '0123456789abcdef0123456789abcdef';
export const PASSWORD = 'k7Fq2xWz';

const PAGE = fileURLToPath(new URL('../../novnc/', import.meta.url));
const WS_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TYPES = {
	'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
	'.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
	'.svg': 'image/svg+xml', '.json': 'application/json',
};

/* The gateway's (session/page.c), for a page without inline scripts and styles. */
export function csp(host) {
	return "default-src 'none'; script-src 'self'; style-src 'self'; "
		+ "img-src 'self' data: blob:; media-src 'self'; font-src 'self'; "
		+ `connect-src 'self' ws://${host}; base-uri 'none'; form-action 'none'; `
		+ 'frame-ancestors *';
}

/* A server's websocket: whole messages, and what a browser needs of the control frames. */
class ServerSocket {
	onData = () => {};      /* (data, isText) */
	closed = null;          /* the browser's close code */
	#stream;
	#input = Buffer.alloc(0);

	constructor(stream) {
		this.#stream = stream;
		stream.on('data', (data) => {
			this.#input = Buffer.concat([this.#input, data]);
			while (this.#frame());
		});
		stream.on('error', () => {});
		stream.setNoDelay(true);
	}

	send(data, opcode = 2) {
		if (this.#stream.writable)
			this.#stream.write(Buffer.concat([frameHead(opcode, data.length), data]));
	}

	close(code, reason = '') {
		const body = Buffer.alloc(2 + Buffer.byteLength(reason));
		body.writeUInt16BE(code, 0);
		body.write(reason, 2);
		this.send(body, 8);
		this.#stream.end();
	}

	drop() {
		this.#stream.destroy();
	}

	#frame() {
		const b = this.#input;
		if (b.length < 6)
			return false;
		const short = b[1] & 0x7f;
		const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
		if (b.length < 6 + extra)
			return false;
		const length = extra === 2 ? b.readUInt16BE(2)
			: extra === 8 ? Number(b.readBigUInt64BE(2)) : short;
		const end = 6 + extra + length;
		if (b.length < end)
			return false;
		const mask = b.subarray(2 + extra, 6 + extra);
		const data = Buffer.from(b.subarray(6 + extra, end)).map((v, i) => v ^ mask[i & 3]);
		this.#input = b.subarray(end);
		this.#received(b[0] & 0x0f, data);
		return true;
	}

	#received(opcode, data) {
		if (opcode === 8) {
			this.closed = data.length >= 2 ? data.readUInt16BE(0) : 1005;
			this.#stream.end();
		} else if (opcode === 9) {
			this.send(data, 10);
		} else if (opcode <= 2) {
			this.onData(data, opcode === 1);
		}
	}
}

function frameHead(opcode, length) {
	if (length < 126)
		return Buffer.from([0x80 | opcode, length]);
	const head = Buffer.alloc(length < 65536 ? 4 : 10);
	head[0] = 0x80 | opcode;
	head[1] = length < 65536 ? 126 : 127;
	if (length < 65536)
		head.writeUInt16BE(length, 2);
	else
		head.writeBigUInt64BE(BigInt(length), 2);
	return head;
}

export class StandIn {
	mandatory = {
		autoconnect: true, reconnect: true, password: PASSWORD, path: 'vnc-proxy',
		resize: 'scale', shared: true, host: '', port: '', encrypt: false,
	};
	plan = [{ screen: true }];
	page = 'vnc.html';
	pages = {};             /* more pages: path → HTML, without the policy */
	missing = new Set();    /* files of the page that are not there */
	requests = [];          /* paths, with their queries */
	sockets = [];           /* one { socket, peer, protocol, origin } per websocket */
	port = 0;
	#server = createServer((q, a) => this.#serve(q, a));
	#streams = new Set();

	static async start() {
		const it = new StandIn();
		it.#server.on('upgrade', (q, stream) => it.#upgrade(q, stream));
		it.#server.on('connection', (stream) => {
			it.#streams.add(stream);
			stream.on('close', () => it.#streams.delete(stream));
		});
		await it.listen();
		return it;
	}

	/* Listen (again, on the same port). */
	async listen() {
		await new Promise((resolve, reject) => {
			this.#server.once('error', reject);
			this.#server.listen(this.port, '127.0.0.1', resolve);
		});
		this.port = this.#server.address().port;
	}

	/* Be gone, as a gateway that was stopped: connections are cut, new ones refused. */
	async stop() {
		const closed = new Promise((resolve) => this.#server.close(resolve));
		for (const stream of this.#streams)
			stream.destroy();
		await closed;
	}

	url(rest = '', host = '127.0.0.1') {
		return `http://${host}:${this.port}/${KEY}/${rest}`;
	}

	/* The console's side of the newest websocket. */
	get peer() {
		return this.sockets.at(-1)?.peer;
	}

	count(path) {
		return this.requests.filter((p) => p.split('?')[0] === `/${KEY}/${path}`).length;
	}

	#serve(request, answer) {
		this.requests.push(request.url);
		const path = request.url.split('?')[0];
		if (path in this.pages)
			return void answer.writeHead(200, { 'Content-Type': TYPES['.html'] })
				.end(this.pages[path]);
		if (!path.startsWith(`/${KEY}/`))
			return void answer.writeHead(404).end();
		const name = path.slice(KEY.length + 2) || this.page;
		if (this.missing.has(name))
			answer.writeHead(404).end();
		else if (name === 'mandatory.json')
			this.#serveMandatory(answer);
		else
			serveFile(request, answer, name);
	}

	#serveMandatory(answer) {
		if (typeof this.mandatory === 'number')
			return void answer.writeHead(this.mandatory).end();
		answer.writeHead(200, {
			'Content-Type': TYPES['.json'], 'Cache-Control': 'no-store',
		});
		answer.end(JSON.stringify(this.mandatory));
	}

	#upgrade(request, stream) {
		const step = this.plan.length > 1 ? this.plan.shift() : this.plan[0];
		const path = request.url;
		this.requests.push(path);
		if (path !== `/${KEY}/${this.mandatory.path ?? 'vnc-proxy'}` || step.refuse)
			return void stream.end(`HTTP/1.1 ${step.refuse ?? 404} No\r\n\r\n`);

		const accept = createHash('sha1')
			.update(request.headers['sec-websocket-key'] + WS_GUID).digest('base64');
		stream.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
			+ `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
		const socket = new ServerSocket(stream);
		const entry = {
			socket, peer: null, origin: request.headers.origin,
			protocol: request.headers['sec-websocket-protocol'],
		};
		this.sockets.push(entry);
		if (step.drop)
			setImmediate(() => socket.drop());
		else if (step.close)
			socket.close(step.close, step.reason);
		else if (step.term)
			entry.peer = new TermPeer(socket, step.say);
		else
			entry.peer = new RfbPeer(socket, PASSWORD, step);
	}
}

function serveFile(request, answer, name) {
	const path = join(PAGE, normalize(`/${name}`));
	const type = TYPES[extname(name)];
	if (!type || !statSync(path, { throwIfNoEntry: false })?.isFile())
		return void answer.writeHead(404).end();
	answer.writeHead(200, {
		'Content-Type': type, 'Content-Security-Policy': csp(request.headers.host),
		'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer',
		'Cache-Control': 'no-cache',
	});
	createReadStream(path).pipe(answer);
}
