// SPDX-License-Identifier: MIT
//
// handshake.test - a TLS handshake that begins and stands still costs the gateway nothing.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { cpuMs } from '../lib/process.mjs';

const CONNECTIONS = 5;
const WATCH_MS = 1500;
/* The beginning of a TLS record with a ClientHello of 512 bytes, and not its end. */
const HALF_HELLO = Buffer.from('1603010200010001fc0303', 'hex');

let pve, gw;

before(async () => {
	pve = await startFakePve();
	gw = await startGateway({ pve, tls: true });
});

after(async () => {
	assert.equal(await gw?.stop(), 0);
	await pve?.stop();
});

async function stalled(port) {
	const sockets = await Promise.all([...Array(CONNECTIONS)].map(() =>
		new Promise((resolve, reject) => {
			const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
			socket.on('error', reject);
		})));
	for (const socket of sockets)
		socket.write(HALF_HELLO);
	return sockets;
}

/* A spinning thread would use all of the time, a sleeping one none; half is far from both. */
async function costsNothing(port) {
	const sockets = await stalled(port);
	const before = cpuMs(gw.child.pid);
	await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
	const spent = cpuMs(gw.child.pid) - before;
	for (const socket of sockets)
		socket.destroy();
	assert.ok(spent < WATCH_MS / 2, `${spent} ms of CPU in ${WATCH_MS} ms`);
}

describe('a TLS handshake that stands still', () => {
	test('costs nothing at the router', () => costsNothing(gw.port));

	test('costs nothing at a session', async () => {
		const url = await gw.session();
		await costsNothing(Number(new URL(url).port));
	});
});
