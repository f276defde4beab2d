// SPDX-License-Identifier: MIT
//
// answers - how the page learns that a server has taken all that it was sent. Pure.
//
// RFB has no acknowledgement. But a server with ExtendedDesktopSize answers each request
// for a whole update at once with a rectangle of that kind, before any picture (QEMU does;
// RFB's register: encoding -308), and takes messages in their order. So that rectangle is
// asked for, and looked for in what arrives: the head of an update with one rectangle at
// 0,0 of any size. Twelve bytes of a picture that are these by chance make a batch of keys
// come early, nothing worse.

/* FramebufferUpdateRequest, not incremental, of one pixel (RFC 6143, section 7.5.3). */
export const QUESTION = Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 1, 0, 1);

const ANY = null;
const ANSWER = [0, 0, 0, 1, 0, 0, 0, 0, ANY, ANY, ANY, ANY, 0xff, 0xff, 0xfe, 0xcc];

const isAnswer = (bytes, at) => ANSWER.every((b, i) => b === ANY || bytes[at + i] === b);

/* Finds answers in bytes that come in pieces cut anywhere. */
export class Answers {
	#rest = new Uint8Array(0);

	/* How many answers end in this piece. */
	count(piece) {
		const bytes = new Uint8Array(this.#rest.length + piece.length);
		let found = 0;
		let at = 0;

		bytes.set(this.#rest);
		bytes.set(piece, this.#rest.length);
		while (at + ANSWER.length <= bytes.length)
			if (isAnswer(bytes, at)) {
				found++;
				at += ANSWER.length;
			} else {
				at++;
			}
		this.#rest = bytes.slice(at);
		return found;
	}
}
