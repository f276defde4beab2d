// SPDX-License-Identifier: MIT
//
// sizes - how much is measured: `make bench-quick`, `make bench`, `make bench-full`; and for a
// test of the bench itself, tiny: every row of it in seconds, whose figures say nothing.

export const KIB = 1024;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

const FRAMES = [256, KIB, 4 * KIB, 16 * KIB, 64 * KIB];

/* Small frames cost more: what takes a second or so of CPU. */
const MIB_OF = { 256: 32, 1024: 64, 4096: 128, 16384: 256, 65536: 256 };

const MAIN = {
	runs: 3,
	peers: ['nginx', 'nginx 128k', 'haproxy', 'websockify'],
	part: 1, /* of the bytes, opens, creates and seconds below */
	slow: false, /* also what only takes time */
	down: [[1, FRAMES], [50, [16 * KIB]]], /* sessions, frames */
	up: [[1, [KIB, 16 * KIB]]],
	pacedSeconds: 2,
	/* The gateway gives memory that nobody uses back within five seconds; peers wait for nothing. */
	settleMs: 5000,
	peersSettleMs: 1000,
	idleMs: 3000,
	echoes: { 1: 5000, 100: 100 },
	memory: { kinds: ['waiting', 'connected', 'after'], sessions: [500], runs: 3, transfer: GIB,
		peers: ['nginx'] },
	opens: 100,
	openings: [{ delayMs: 0 }, { delayMs: 60 }],
	creates: 20000,
	scale: { sessions: [1, 100, 500, 2000], seconds: 2, peers: [] },
	/*
	 * Memory: long enough for the kernel's buffers to fill. Delay: of the seconds before one stalls
	 * and of the last ones, between which they fill.
	 */
	stall: { seconds: 8, delay: { seconds: 14, afterMs: 5000, last: 4 } },
};

export const SIZES = {
	main: MAIN,
	quick: { ...MAIN, peers: ['nginx'], part: 0.25, settleMs: 2500, idleMs: 1000,
		down: [[1, [KIB, 16 * KIB]]], up: [[1, [16 * KIB]]], echoes: { 1: 5000 },
		memory: { kinds: ['connected'], sessions: [100], runs: 1, peers: ['nginx'] },
		openings: [{ delayMs: 0 }], pacedSeconds: 0, scale: null, stall: null },
	full: { ...MAIN, slow: true, pacedSeconds: 3,
		openings: [{ delayMs: 0 }, { delayMs: 0, workers: 3 }, { delayMs: 60 }],
		memory: { ...MAIN.memory, sessions: [100, 500], peers: MAIN.peers },
		down: [[1, FRAMES], [50, FRAMES]], up: [[1, FRAMES], [50, FRAMES]],
		scale: { sessions: [1, 10, 50, 100, 200, 500, 1000, 2000], seconds: 4,
			peers: ['nginx'] } },
	tiny: { ...MAIN, runs: 1, peers: [], part: 0.01, down: [[1, [KIB, 16 * KIB]], [3, [16 * KIB]]],
		up: [[1, [16 * KIB]]], settleMs: 200, peersSettleMs: 200, idleMs: 100,
		echoes: { 1: 500, 3: 500 },
		memory: { ...MAIN.memory, sessions: [2, 3], runs: 1, transfer: 4 * MIB, peers: [] },
		openings: [{ delayMs: 0 }, { delayMs: 10, workers: 3 }],
		scale: { sessions: [1, 10, 12], seconds: 30, peers: [] },
		stall: { seconds: 30, delay: { seconds: 30, afterMs: 10000, last: 1 } } },
};

/* Bytes of a relay run in frames of that size, over that many sessions: whole frames. */
export function relayBytes(s, frame, sessions) {
	const frames = MIB_OF[frame] * MIB * s.part / sessions / frame;
	return Math.max(1, Math.round(frames)) * frame;
}

/* At least one. */
export function share(s, count) {
	return Math.max(1, Math.round(count * s.part));
}

export function sizeText(bytes) {
	return bytes < KIB ? `${bytes} B` : `${bytes / KIB} KiB`;
}

export const scheme = (tls) => (tls ? 'wss' : 'ws');
