// SPDX-License-Identifier: MIT
//
// Who owns the hypervisor may lie, stall and flood: that ends its own session by a Close
// frame or its own link by a page, in bounded time and memory, while a session of an honest
// host relays on. What a broken rather than a hostile host does is in faults.test.mjs.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodeFrame, OP } from '../lib/frames.mjs';
import { pause, until } from '../lib/wait.mjs';
import {
	hostAt, serverInit, startFloodServer, startHostile, startMiddleman, startTurncoat, u32, VERSION,
} from './hostile.mjs';
import { echoes, FAST, useWorld } from './world.mjs';

const OPEN_S = 5;
/* What an opening may take at most, the program's own work included. */
const LIMIT_MS = OPEN_S * 1000 + 2500;
const HONEST_MS = 2000;
const MEMORY_KIB = 40 * 1024;
/* Login, status and vncproxy; what comes next is the console. */
const CALLS = 3;
const KIB64 = Buffer.alloc(65536, 'x');

let vmid = 200;

/* A world with an honest host whose console is open and echoes, whatever the other hosts do. */
function useHonest() {
	const w = useWorld({ pve: { timings: FAST, kinds: { 101: 'echo' } }, pool: 90,
		config: { open_timeout: OPEN_S, proxmox_tls: 'insecure' } });
	before(async () => {
		w.honest = await w.gw.console(await w.gw.session({ vmid: 101 }));
		await echoes(w.honest, Buffer.from('before'));
		w.memory = w.gw.memory();
	});
	/* Nobody else has noticed, and no more memory is in use than that. One look at a time. */
	let looking = Promise.resolve();
	const look = async () => {
		await echoes(w.honest, Buffer.from('the honest one still echoes'), HONEST_MS);
		const used = w.gw.memory() - w.memory;
		assert.ok(used < MEMORY_KIB, `${used} KiB more`);
	};
	w.unharmed = () => {
		looking = looking.catch(() => {}).then(look);
		return looking;
	};
	return w;
}

/* The websocket of a session at that host ends with code, and the log says why. */
async function closes(t, w, ws, code, words) {
	const id = vmid++;
	const host = await startHostile(t, { ws });
	const url = await w.gw.session(host.fields({ vmid: id }));
	const browser = await w.gw.websocket(url);
	const got = await browser.closed(LIMIT_MS);
	assert.equal(got.code, code, got.reason);
	assert.ok(got.reason.length > 0);
	await w.gw.logged(new RegExp(`:${id}\\S*: browser 1: .*${words}`));
	await w.unharmed();
}

/* The console of a session at that host is open; { ws, rfb, id }. */
async function opens(t, w, script) {
	const id = vmid++;
	const host = await startHostile(t, { ws: script });
	const url = await w.gw.session(host.fields({ vmid: id }));
	return { ...await w.gw.console(url), url, id };
}

describe('who owns the hypervisor', { concurrency: 12 }, () => {
	const w = useHonest();

	/* After a step of the handshake: what it does then, the Close code, words of the log. */
	const after101 = (act) => async (peer) => {
		peer.accept();
		await act(peer);
	};
	const afterStep = (step, act = (peer) => peer.silence()) => after101(async (peer) => {
		await peer.rfb(step);
		await act(peer);
	});
	const frames = (hex) => after101(async (peer) => {
		peer.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
		await peer.silence();
	});
	const says = (...all) => after101(async (peer) => {
		all.forEach((bytes) => peer.say(Buffer.from(bytes)));
		await peer.silence();
	});

	[
		['says nothing after the request', (peer) => peer.silence(), 'not open within|not answered'],
		['sends half of a 101', async (peer) => {
			peer.write(peer.acceptance());
			await peer.silence();
		}, 'not open within|not answered'],
		['sends a 101 with 1 MiB of headers', async (peer) => {
			peer.write(peer.acceptance());
			for (let i = 0; i < 16; i++)
				peer.write(`X-${i}: ${KIB64}\r\n`);
			peer.write('\r\n');
			await peer.silence();
		}, 'too long'],
		['sends headers of a 101 without an end', async (peer) => {
			peer.write(peer.acceptance());
			await peer.flood(Buffer.from('X: y\r\n'.repeat(100)));
		}, 'too long'],
		['drips its 101', async (peer) => peer.drip(peer.acceptance().repeat(50), 1, 5),
			'not open within|not answered'],
		['sends a 103 first', async (peer) => {
			peer.write('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
			peer.accept();
			await peer.silence();
		}, 'websocket answers "103'],
		['negotiates compression', async (peer) => {
			peer.write(`${peer.acceptance()}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`);
			await peer.silence();
		}, 'extension'],

		['says nothing after the 101', after101((peer) => peer.silence()), 'not open within'],
		['sends a frame of 2^63 bytes', frames('827f 8000000000000000'), '64 bits'],
		['sends a frame of 2^64-1 bytes', frames('827f ffffffffffffffff'), '64 bits'],
		['announces 2^63-1 bytes and sends none', frames('827f 7fffffffffffffff'), 'not open within'],
		['announces 2^63-1 bytes and sends them', after101(async (peer) => {
			peer.write(Buffer.from('827f7fffffffffffffff', 'hex'));
			await peer.flood(KIB64);
		}), 'does not speak RFB'],
		['sends a length in a longer form', frames('827e 0005 5246422030'), 'shortest form'],
		['masks its frames', frames('8285 00000000 5246422030'), 'is masked'],
		['sets reserved bits', frames('c205 5246422030'), 'reserved bits'],
		['sends opcode 3', frames('8305 5246422030'), 'opcode 3'],
		['sends opcode 15', frames('8f00'), 'opcode 15'],
		['sends a ping of 126 bytes', frames('897e 007e'), 'control frame long'],
		['sends a ping in pieces', frames('0901 61 8001 62'), 'in pieces'],
		['continues what it has not begun', frames('8005 5246422030'), 'out of order'],
		['begins a message within another', frames('0202 5246 8203 422030'), 'out of order'],
		['sends frames of nothing', after101((peer) =>
			peer.flood(Buffer.from('8200'.repeat(4096), 'hex'))), 'not open within|no RFB greeting'],
		['sends pings and nothing else', after101((peer) =>
			peer.flood(Buffer.from('8900'.repeat(4096), 'hex'))), 'not open within|no RFB greeting'],
		['sends pings and reads no answer', after101((peer) => {
			peer.socket.pause();
			return peer.flood(Buffer.concat(Array.from({ length: 64 },
				() => encodeFrame(Buffer.alloc(125, 'p'), { opcode: OP.PING }))));
		}), 'not open within|no RFB greeting'],
		['sends pongs that nobody asked for', after101((peer) =>
			peer.flood(Buffer.from('8a00'.repeat(4096), 'hex'))), 'not open within|no RFB greeting'],

		['speaks RFB 3.3', says('RFB 003.003\n'), 'older than 3.8'],
		['speaks RFB 0.0', says('RFB 000.000\n'), 'older than 3.8'],
		['speaks no RFB', says('RFB 003-008\n'), 'does not speak RFB'],
		['counts its version in letters', says('RFB 003.0x8\n'), 'does not speak RFB'],
		['stops in its version', says('RFB 003.'), 'not open within'],
		['offers 255 types, none of which is ours', says(VERSION, [255, ...Array(255).fill(19)]),
			'no VNC authentication'],
		['counts 255 types and names two', says(VERSION, [255, 2, 2]), 'not open within'],
		['refuses for a reason of 4 GiB', says(VERSION, [0], u32(0xffffffff), KIB64), 'endless reason'],
		['refuses for a reason that it does not tell', says(VERSION, [0], u32(65536), 'x'),
			'not open within'],
		['refuses for no reason', says(VERSION, [0], u32(0)), 'refused'],
		['says nothing after its version', afterStep('version'), 'not open within'],
		['says nothing after its types', afterStep('types'), 'not open within'],
		['says nothing after its challenge', afterStep('challenge'), 'not open within'],
		['stops in its challenge', afterStep('types', (peer) => {
			peer.say(Buffer.alloc(15));
			return peer.silence();
		}), 'not open within'],
		['stops in its result', afterStep('challenge', (peer) => {
			peer.say(Buffer.alloc(3));
			return peer.silence();
		}), 'not open within'],
		['answers with an unknown result and 4 GiB', afterStep('challenge', async (peer) => {
			await peer.hear(16);
			peer.say(Buffer.concat([u32(77), u32(0xfffffff0)]));
			await peer.flood(encodeFrame(KIB64));
		}), 'endless reason'],
		['closes while authenticating', afterStep('types', async (peer) => {
			peer.say(Buffer.from([0x03, 0xe8]), { opcode: OP.CLOSE });
			await peer.silence();
		}), 'during VNC authentication'],
		['closes with half a code', afterStep('types', async (peer) => {
			peer.say(Buffer.from([0x03]), { opcode: OP.CLOSE });
			await peer.silence();
		}), 'during VNC authentication'],
	].forEach(([what, script, words]) =>
		test(`${what}: Close 4002`, (t) => closes(t, w, script, 4002, words)));

	test('closes before the first byte of the screen: Close 4001', (t) => closes(t, w,
		after101(async (peer) => {
			peer.say(Buffer.alloc(0), { opcode: OP.CLOSE });
			await peer.silence();
		}), 4001, 'before the first byte'));
});

describe('what is allowed, if strange, works:', { concurrency: 6 }, () => {
	const w = useHonest();
	const cuts = {
		'one byte a TLS record': (peer) => (bytes) => peer.drip(encodeFrame(bytes)),
		'one byte a frame': (peer) => async (bytes) => {
			for (const b of bytes)
				peer.say(Buffer.from([b]));
		},
		'fragments with pings between': (peer) => async (bytes) => {
			const last = bytes.length - 1;
			bytes.forEach((b, i) => {
				peer.say(Buffer.from([b]), { opcode: i ? OP.CONT : OP.BINARY, fin: i === last });
				peer.say(Buffer.from('between'), { opcode: OP.PING });
			});
		},
		'text frames': (peer) => async (bytes) => peer.say(bytes, { opcode: OP.TEXT }),
		'frames of nothing between': (peer) => async (bytes) => {
			peer.say(Buffer.alloc(0));
			peer.say(bytes);
			peer.say(Buffer.alloc(0));
		},
	};
	for (const [what, cut] of Object.entries(cuts))
		test(`an RFB handshake in ${what}`, async (t) => {
			const { ws, rfb } = await opens(t, w, async (peer) => {
				peer.accept();
				await peer.rfb('init', cut(peer));
				await peer.silence();
			});
			assert.deepEqual([rfb.width, rfb.height, rfb.name], [1, 1, 'x']);
			ws.destroy();
			await w.unharmed();
		});

	test('all of it at once, 101 and screen, and RFB 999.999', async (t) => {
		const { ws, rfb } = await opens(t, w, async (peer) => {
			peer.upgraded = true;
			const types = Buffer.from([255, ...Array(254).fill(1), 2]);
			const all = [Buffer.from('RFB 999.999\n'), types, Buffer.alloc(16), u32(0), serverInit()];
			peer.write(Buffer.concat([Buffer.from(`${peer.acceptance()}\r\n`),
				encodeFrame(Buffer.concat(all))]));
			await peer.silence();
		});
		assert.equal(rfb.width, 1);
		ws.destroy();
	});
});

describe('when the screen is there, the hypervisor', { concurrency: 4 }, () => {
	const w = useHonest();

	/* Opens a console that floods until the test has seen enough. */
	async function flooded(t, bytes, { readPongs = true } = {}) {
		let peer_;
		const console = await opens(t, w, async (peer) => {
			peer_ = peer;
			peer.accept();
			await peer.rfb();
			if (!readPongs)
				peer.socket.pause();
			await peer.flood(bytes);
		});
		return { ...console, peer: peer_ };
	}

	test('floods with pings, and the browser is still served', async (t) => {
		const { ws, peer } = await flooded(t, Buffer.from('8900'.repeat(2048), 'hex'));
		await until(() => peer.flooded > 1024 * 1024, 30000, 'a MiB of pings');
		ws.ping('are you there?');
		await until(() => ws.seen.some((f) => f.opcode === OP.PONG), 2000, 'its own pong');
		await w.unharmed();
		ws.destroy();
		await until(() => peer.gone, 5000, 'the gateway to leave');
	});

	test('floods with pings and reads no pong, and no memory is lost', async (t) => {
		const pings = Buffer.concat(Array.from({ length: 256 },
			() => encodeFrame(Buffer.alloc(125, 'p'), { opcode: OP.PING })));
		const { ws, peer } = await flooded(t, pings, { readPongs: false });
		await until(() => peer.flooded > 16 * 1024 * 1024, 40000, '16 MiB of pings');
		ws.ping('are you there?');
		await until(() => ws.seen.some((f) => f.opcode === OP.PONG), 2000, 'its own pong');
		await w.unharmed();
		ws.destroy();
		await until(() => peer.gone, 5000, 'the gateway to leave');
	});

	test('floods a browser that reads nothing, and is held back', async (t) => {
		const { ws, peer } = await flooded(t, encodeFrame(KIB64));
		ws.pause();
		let last = -1;
		/* As much as the sockets hold; then it stands. */
		await until(async () => {
			const before_ = last;
			last = peer.flooded;
			await pause(300);
			return last === before_;
		}, 20000, 'the flood to stand');
		await w.unharmed();
		ws.destroy();
		await until(() => peer.gone, 5000, 'the gateway to leave');
	});

	test('reads nothing of what the browser sends, and no memory is lost', async (t) => {
		let peer_;
		const { ws } = await opens(t, w, async (peer) => {
			peer_ = peer;
			peer.accept();
			await peer.rfb();
			peer.socket.pause();
			await peer.silence();
		});
		/* As much as the sockets hold; then nobody takes any more. */
		for (let i = 0; i < 1024; i++)
			ws.send(KIB64);
		let last = -1;
		await until(async () => {
			const before_ = last;
			last = ws.socket.bytesWritten - ws.socket.writableLength;
			await pause(300);
			return last === before_;
		}, 20000, 'the browser to be held back');
		assert.ok(ws.socket.writableLength > 16 * 1024 * 1024, 'most of it is still the browser\'s');
		await w.unharmed();
		ws.destroy();
		peer_.socket.resume();
		await until(() => peer_.gone, 20000, 'the gateway to leave');
	});

	for (const [what, hex] of [['a masked frame', '8281 00000000 61'],
		['a frame of 2^63 bytes', '827f 8000000000000000'], ['opcode 7', '8700']])
		test(`sends ${what}: Close 4002`, async (t) => {
			const { ws } = await opens(t, w, async (peer) => {
				peer.accept();
				await peer.rfb();
				await peer.hear(1);
				peer.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
				await peer.silence();
			});
			ws.send('x');
			assert.equal((await ws.closed(3000)).code, 4002);
			await w.unharmed();
		});
});

describe('a call is answered with', { concurrency: 12 }, () => {
	const w = useHonest();
	const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
	const good = '{"data":{"ticket":"PVE:joe@pve:00000000::x","CSRFPreventionToken":"x","username":"joe@pve"}}';
	const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

	/* What the login is answered with, the page's status, words of the log. */
	[
		['headers of 1 MiB', async (peer) => {
			peer.write('HTTP/1.1 200 OK\r\n');
			await peer.flood(Buffer.from(`X: ${'y'.repeat(1000)}\r\n`));
		}, 502, 'too long'],
		['one header line without an end', async (peer) => {
			peer.write('HTTP/1.1 200 OK\r\nX: ');
			await peer.flood(KIB64);
		}, 502, 'head is too long'],
		['a status line without an end', async (peer) => {
			peer.write('HTTP/1.1 200 O');
			await peer.flood(KIB64);
		}, 502, 'head is too long'],
		['interim answers without an end', async (peer) =>
			peer.flood(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100))), 502, 'too long'],
		['chunks without an end', async (peer) => {
			peer.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`);
			await peer.flood(Buffer.from(chunk('x'.repeat(1000))));
		}, 502, 'too long'],
		['a chunk of 2^63 bytes', async (peer) => {
			peer.write(`${OK}Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n`);
			await peer.flood(KIB64);
		}, 502, 'too long'],
		['a chunk of 2^64 bytes', async (peer) => {
			peer.write(`${OK}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n`);
			await peer.flood(KIB64);
		}, 502, 'login: '],
		['trailers without an end', async (peer) => {
			peer.write(`${OK}Transfer-Encoding: chunked\r\n\r\n${chunk(good)}0\r\n`);
			await peer.flood(Buffer.from(`X: ${'y'.repeat(1000)}\r\n`));
		}, 502, 'too long'],
		['a length of 2^62', async (peer) => {
			peer.write(`${OK}Content-Length: 4611686018427387904\r\n\r\n`);
			await peer.silence();
		}, 502, 'too long'],
		['a length below zero', async (peer) => {
			peer.write(`${OK}Content-Length: -5\r\n\r\n${good}`);
			await peer.silence();
		}, 502, 'login: '],
		['a body without a length and an end', async (peer) => {
			peer.write(`${OK}Connection: close\r\n\r\n`);
			await peer.flood(KIB64);
		}, 502, 'too long'],
		['a body that was compressed unasked', async (peer) => {
			const body = gzipSync(good);
			peer.write(`${OK}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`);
			peer.end(body);
			await peer.silence();
		}, 502, 'not valid JSON'],
		['a compressed transfer of 64 MiB', async (peer) => {
			const body = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '), { level: 9 });
			peer.write(`${OK}Transfer-Encoding: gzip\r\nConnection: close\r\n\r\n`);
			peer.end(body);
			await peer.silence();
		}, 502, 'login: '],
		['a switch of protocols', async (peer) => {
			peer.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n');
			peer.end(good);
			await peer.silence();
		}, 502, 'no final status'],
		['HTTP/0.9', async (peer) => peer.end(good), 502, 'login: '],
		['HTTP/3', async (peer) => peer.end(`HTTP/3 200\r\n\r\n${good}`), 502, 'login: '],
		['half of a head, and silence', async (peer) => {
			peer.write('HTTP/1.1 200 O');
			await peer.silence();
		}, 504, 'login: '],
		['half of a body, and silence', async (peer) => {
			peer.write(`${OK}Content-Length: ${good.length}\r\n\r\n${good.slice(0, 9)}`);
			await peer.silence();
		}, 504, 'login: '],
		['a head that drips', async (peer) => peer.drip(`${OK}X: ${'y'.repeat(5000)}`, 1, 5),
			504, 'login: '],
		['a body that drips', async (peer) => {
			peer.write(`${OK}Content-Length: 5000\r\n\r\n`);
			await peer.drip(' '.repeat(5000), 1, 5);
		}, 504, 'login: '],
	].forEach(([what, ticket, status, words]) => test(`${what}: the page says ${status}`, async (t) => {
		const id = vmid++;
		const host = await startHostile(t, { ticket });
		const { token } = await w.gw.create(host.fields({ vmid: id }));
		const start = Date.now();
		const res = await w.gw.openRaw(token, { headers: { Accept: 'text/html' } });
		assert.ok(Date.now() - start < LIMIT_MS, `it took ${Date.now() - start} ms`);
		assert.equal(res.status, status, res.text);
		await w.gw.logged(new RegExp(`vm ${id} .*${words}`));
		await w.unharmed();
	}));

	test('a good answer, byte by byte: the session opens', async (t) => {
		const host = await startHostile(t, { ticket: async (peer) => {
			await peer.drip(`${OK}Content-Length: ${good.length}\r\n\r\n${good}`);
			peer.end();
		} });
		assert.match(await w.gw.session(host.fields({ vmid: vmid++ })), /^http/);
	});
});

describe('a TLS handshake', { concurrency: 4 }, () => {
	const w = useHonest();
	/* What becomes of the host's part of it. */
	const WAYS = {
		'that stops half-way': () => {
			let left = 100;
			return (bytes, to) => {
				to.write(bytes.subarray(0, left));
				left = Math.max(0, left - bytes.length);
			};
		},
		'that drips': () => {
			let queue = Buffer.alloc(0);
			let timer = null;
			return (bytes, to) => {
				queue = Buffer.concat([queue, bytes]);
				timer ??= setInterval(() => {
					if (to.destroyed || queue.length === 0)
						return clearInterval(timer);
					to.write(queue.subarray(0, 1));
					queue = queue.subarray(1);
				}, 20);
			};
		},
		'that becomes something else': () => (bytes, to) => to.write('SSH-2.0-OpenSSH_9.2p1\r\n'),
	};
	for (const [what, way] of Object.entries(WAYS)) {
		test(`${what}, at the login: the page says 502`, async (t) => {
			const good = await startHostile(t);
			const host = hostAt(await startMiddleman(t, good.port, way()));
			const { token } = await w.gw.create(host.fields({ vmid: vmid++ }));
			const start = Date.now();
			assert.equal((await w.gw.openRaw(token)).status, 502);
			assert.ok(Date.now() - start < LIMIT_MS, `it took ${Date.now() - start} ms`);
			await w.unharmed();
		});

		test(`${what}, at the websocket: Close 4002`, async (t) => {
			const good = await startHostile(t);
			const bad = await startMiddleman(t, good.port, way());
			const host = await startTurncoat(t, CALLS, good.port, bad);
			const ws = await w.gw.websocket(await w.gw.session(host.fields({ vmid: vmid++ })));
			assert.equal((await ws.closed(LIMIT_MS)).code, 4002);
			await w.unharmed();
		});
	}
});

/*
 * Messages of TLS that carry nothing, one after the other: without care OpenSSL reads on and
 * on within one call, and no deadline of ours is looked at.
 */
describe('TLS without an end and without a byte,', { concurrency: 4 }, () => {
	const w = useHonest();

	for (const [kind, what] of [['update', 'new keys'], ['ticket', 'new tickets']]) {
		test(`${what} in answer to the login: the page says 504`, async (t) => {
			const port = await startFloodServer(t, kind);
			if (!port)
				return t.skip('no compiler');
			const { token } = await w.gw.create(hostAt(port).fields({ vmid: vmid++ }));
			const start = Date.now();
			assert.equal((await w.gw.openRaw(token)).status, 504);
			assert.ok(Date.now() - start < LIMIT_MS, `it took ${Date.now() - start} ms`);
			return w.unharmed();
		});

		test(`${what} in answer to the websocket: Close 4002`, async (t) => {
			const port = await startFloodServer(t, kind);
			if (!port)
				return t.skip('no compiler');
			const good = await startHostile(t);
			const host = await startTurncoat(t, CALLS, good.port, port);
			const ws = await w.gw.websocket(await w.gw.session(host.fields({ vmid: vmid++ })));
			const { code } = await ws.closed(LIMIT_MS);
			assert.equal(code, 4002);
			return w.unharmed();
		});
	}
});
