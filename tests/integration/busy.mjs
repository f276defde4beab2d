// SPDX-License-Identifier: MIT
//
// busy - a browser that uses a session as hard as it can, in a thread of its own.
//
//   const browser = await startBusy(t, 'pings', gw, url);     // one of LOADS
//   ... browser.done() ...                              // how much it has done so far
//   await browser.stop();
//
// It is the thread's program, too. When the gateway hangs up on it done() stands still: the test is
// to look at that.

import net from 'node:net';
import tls from 'node:tls';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { encodeFrame, OP } from '../lib/frames.mjs';
import { formatRequest } from '../lib/http.mjs';
import { RfbClient } from '../lib/rfb.mjs';
import { dial, splitUrl } from '../lib/socket.mjs';
import { until } from '../lib/wait.mjs';
import { WsClient } from '../lib/ws.mjs';

const MIB = 1024 * 1024;
const ABREAST = 8;

/* What is said over and over, by the mebibyte: the gateway shall be the slow one. */
function repeated(bytes) {
	return Buffer.concat(Array.from({ length: Math.ceil(MIB / bytes.length) }, () => bytes));
}

/* Says that for ever, and takes whatever comes; count(bytes) of either. */
function flood(socket, bytes, count) {
	const write = () => {
		while (socket.writable && socket.write(bytes, () => count(bytes.length)))
			;
	};
	socket.removeAllListeners('data');
	socket.on('data', (data) => count(data.length));
	socket.on('drain', write);
	socket.on('error', () => {});
	write();
}

async function floodConsole({ url, ca, password }, frame, count) {
	const { origin } = new URL(url);
	const ws = await WsClient.connect(`${url.replace(/^http/, 'ws')}vnc-proxy`,
		{ ca, origin, protocols: ['binary'], record: false });
	await new RfbClient(ws).handshake({ password, ms: 20000 });
	flood(ws.socket, repeated(frame), count);
}

async function floodRequests({ url, ca }, count) {
	const { path, hostHeader, ...where } = splitUrl(url);
	const request = formatRequest({ path, host: hostHeader, headers: { Connection: 'keep-alive' } });
	flood(await dial({ ...where, ca }), repeated(Buffer.from(request)), count);
}

/* Connections that end when they have come to what TLS is for, or at once. */
function comeAndGo({ url }, count) {
	const { host, port, tls: secure } = splitUrl(url);
	const come = (connect) => {
		const socket = connect({ host, port, rejectUnauthorized: false }, () => {
			count(1);
			socket.destroy();
		});
		socket.on('error', () => {});
		socket.on('close', () => setImmediate(come, connect));
	};
	for (let i = 0; i < ABREAST; i++) {
		come(net.connect);
		if (secure)
			come(tls.connect);
	}
}

const loads = {
	/* Frames that ask for an answer, and are nobody else's business. */
	pings: (to, count) => floodConsole(to, encodeFrame(Buffer.alloc(0),
		{ opcode: OP.PING, mask: true }), count),
	/* Of a byte, and as long as they get; an echo brings both back. */
	bytes: (to, count) => floodConsole(to, encodeFrame(Buffer.from('x'), { mask: true }), count),
	stream: (to, count) => floodConsole(to, encodeFrame(Buffer.alloc(65536, 'x'), { mask: true }),
		count),
	requests: floodRequests,
	connections: comeAndGo,
};

export const LOADS = Object.keys(loads);

export async function startBusy(t, load, gw, url) {
	const { password } = await gw.mandatory(url);
	const shared = new BigUint64Array(new SharedArrayBuffer(8));
	const worker = new Worker(new URL(import.meta.url),
		{ workerData: { load, shared, to: { url, password, ca: gw.caFile } } });
	const done = () => Number(Atomics.load(shared, 0));
	let failure = null;
	worker.on('error', (e) => (failure = e));
	t.after(() => worker.terminate());
	await until(() => failure || done() > 0, 20000, `${load} to begin`);
	if (failure)
		throw failure;
	return { done, stop: () => worker.terminate() };
}

if (!isMainThread && workerData?.load) {
	const { load, shared, to } = workerData;
	await loads[load](to, (n) => Atomics.add(shared, 0, BigInt(n)));
}
