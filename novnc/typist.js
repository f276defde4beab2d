// SPDX-License-Identifier: MIT
//
// typist - types batches of keys, no faster than a machine takes them. Pure.
//
// QEMU hands a machine one key event each 10 ms and queues some 340; the machine's keyboard
// holds 16 bytes, one or two an event, until the machine fetches them. What does not fit is
// lost, and nobody hears of it. So a batch is given its time, and the next one is sent when
// the server has said that it has this one, too: a network that stands still and then
// delivers many at once overruns nobody.

/*
 * For each key event, in milliseconds. At the normal speed a machine may stand still for
 * 0.2 s. `slow` is for those that look at their keyboard now and then: a boot menu, a USB
 * keyboard.
 */
export const EVENT_MS = { normal: 16, slow: 50 };

/*
 * Type the batches of keystrokes.js. Gives how many characters have been sent when it
 * ends: all, or fewer when `signal` (an AbortSignal) says to stop.
 *   send(keysym, code, down)
 *   answered()   → a promise: the server has taken everything, or is one that never tells
 *   wait(ms)     → a promise
 *   progress(n)  characters so far
 */
export async function typeBatches(batches, speed, signal, { send, answered, wait, progress }) {
	const stopped = new Promise((resolve) => {
		signal.addEventListener('abort', resolve, { once: true });
	});
	let done = 0;

	for (const { events, characters } of batches) {
		if (signal.aborted)
			break;
		for (const { keysym, code, down } of events)
			send(keysym, code, down);
		done += characters;
		progress(done);
		const time_ms = events.length * EVENT_MS[speed];
		await Promise.race([Promise.all([answered(), wait(time_ms)]), stopped]);
	}
	return done;
}
