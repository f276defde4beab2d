// SPDX-License-Identifier: MIT
//
// wait - waiting with a limit, for tests that never sleep to synchronise.
//
// until() polls a condition, within() puts a limit on a promise. Both throw an
// Error that names what was waited for. With GATEWAY_SLOW=1 (valgrind, sanitizers)
// every limit that went through slow() is ten times longer.

const SLOWNESS = process.env.GATEWAY_SLOW === '1' ? 10 : 1;
const POLL_MS = 10;

export function slow(ms) {
	return ms * SLOWNESS;
}

export function pause(ms) {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

/* Polls fn (may be async) until it returns something truthy, and returns that. */
export async function until(fn, ms = 5000, what = 'the condition') {
	const end = Date.now() + slow(ms);
	for (;;) {
		const value = await fn();
		if (value)
			return value;
		if (Date.now() >= end)
			throw new Error(`waited ${slow(ms)} ms for ${what}`);
		await pause(POLL_MS);
	}
}

/* The promise's value, or an Error after ms. */
export async function within(promise, ms = 5000, what = 'a promise') {
	let timer;
	const limit = new Promise((_, reject) => {
		timer = setTimeout(
			() => reject(new Error(`waited ${slow(ms)} ms for ${what}`)), slow(ms));
	});
	try {
		return await Promise.race([promise, limit]);
	} finally {
		clearTimeout(timer);
	}
}

/* A promise with its handles outside. */
export function deferred() {
	const d = {};
	d.promise = new Promise((resolve, reject) => {
		d.resolve = resolve;
		d.reject = reject;
	});
	return d;
}
