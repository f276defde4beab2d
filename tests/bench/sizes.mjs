// SPDX-License-Identifier: MIT
//
// sizes - how much is measured: `make bench-quick`, `make bench`, `make bench-full`.

export const KIB = 1024;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

const FRAMES = [256, KIB, 4 * KIB, 16 * KIB, 64 * KIB];

/* Small frames cost more: what takes a second or so of CPU. */
const MIB_OF = { 256: 24, 1024: 96, 4096: 192, 16384: 384, 65536: 384 };

const MAIN = {
	runs: 3,
	peers: ['nginx', 'nginx 128k', 'haproxy', 'websockify'],
	part: 1, /* of the bytes, opens, creates and seconds below */
	slow: false, /* also what only takes time */
	down: [[1, FRAMES], [50, [16 * KIB]]], /* sessions, frames */
	up: [[1, [KIB, 16 * KIB]]],
	pacedSeconds: 4,
	echoes: { 1: 5000, 100: 100 },
	memory: { sessions: [100, 500], runs: 1, transfer: GIB },
	opens: 100,
	openings: [{ delayMs: 0 }, { delayMs: 0, workers: 3 }, { delayMs: 60 }],
	creates: 20000,
	scale: { sessions: [1, 100, 500, 2000], seconds: 3, peers: [] },
	stallSeconds: 8,
};

export const SIZES = {
	main: MAIN,
	quick: { ...MAIN, peers: ['nginx'], part: 0.4, down: [[1, [KIB, 16 * KIB]]],
		up: [[1, [16 * KIB]]], memory: { ...MAIN.memory, sessions: [100] }, openings: [{ delayMs: 0 }],
		pacedSeconds: 0, scale: null, stallSeconds: 0 },
	full: { ...MAIN, runs: 5, slow: true, down: [[1, FRAMES], [50, FRAMES]],
		up: [[1, FRAMES], [50, FRAMES]], memory: { ...MAIN.memory, runs: 3 },
		scale: { sessions: [1, 10, 50, 100, 200, 500, 1000, 2000], seconds: 4,
			peers: ['nginx'] } },
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
