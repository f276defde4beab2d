// SPDX-License-Identifier: MIT
//
// typist - types batches of keys, no faster than a machine takes them. Pure.
//
// After each batch the server is asked whether it has taken it: a network that stands
// still and then delivers many batches at once can overrun no keyboard. Then there is a
// pause, for the machine to fetch the keys.

/* Between two batches: `slow` is for machines that look at their keyboard now and then. */
export const PAUSES_MS = { normal: 20, slow: 120 };

/* Between two batches of a server that does not answer. */
const UNANSWERED_MS = 40;

/*
 * Type the batches of keystrokes.js. Gives how many characters have been sent when it
 * ends: all, or fewer when `signal` (an AbortSignal) says to stop.
 *   send(keysym, code, down)
 *   answered()   → a promise: true when the server has taken everything, false when it
 *                  is one that does not tell
 *   wait(ms)     → a promise
 *   progress(n)  characters so far
 */
export async function typeBatches(batches, speed, signal, { send, answered, wait, progress }) {
	const stopped = new Promise((resolve) => {
		signal.addEventListener('abort', resolve, { once: true });
	});
	let asks = true;
	let done = 0;

	for (const { events, characters } of batches) {
		if (signal.aborted)
			break;
		for (const { keysym, code, down } of events)
			send(keysym, code, down);
		done += characters;
		progress(done);
		if (asks)
			asks = await Promise.race([answered(), stopped]);
		await Promise.race([wait(asks ? PAUSES_MS[speed]
			: Math.max(PAUSES_MS[speed], UNANSWERED_MS)), stopped]);
	}
	return done;
}
