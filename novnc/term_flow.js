// SPDX-License-Identifier: MIT
//
// term_flow - the terminal's websocket, as messages. Pure.
//
// To the gateway go the bytes that were typed, as binary messages, and control
// lines as text messages: `resize <cols> <rows>` and `ack <bytes>`. From it come
// binary messages only, the terminal's output. It sends at most 256 KiB beyond
// what was acknowledged, so what waits in this page to be shown is bounded.

/* Acknowledged as often as this, so that a gateway far away need not wait. */
const ACK_BYTES = 32 * 1024;

const MESSAGE_BYTES = 16 * 1024;

export const SIZE_MAX = 1000;

export class Acks {
	#shown = 0;

	/* That many bytes more have been shown. The line to send, or null. */
	shown(bytes) {
		this.#shown += bytes;
		if (this.#shown < ACK_BYTES)
			return null;
		const line = `ack ${this.#shown}`;
		this.#shown = 0;
		return line;
	}
}

export function resizeLine({ cols, rows }) {
	return `resize ${cols} ${rows}`;
}

/* A size as the gateway takes it, of one that the page has room for. */
export function fitSize({ cols, rows }) {
	const within = (n) => Math.min(Math.max(Math.floor(n), 1), SIZE_MAX);
	return { cols: within(cols), rows: within(rows) };
}

/* What was typed, as messages: UTF-8 in pieces. */
export function inputMessages(text) {
	const bytes = new TextEncoder().encode(text);
	const messages = [];
	for (let at = 0; at < bytes.length; at += MESSAGE_BYTES)
		messages.push(bytes.subarray(at, at + MESSAGE_BYTES));
	return messages;
}
