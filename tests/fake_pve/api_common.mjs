// SPDX-License-Identifier: MIT
//
// api_common - what every handler of the fake Proxmox's API shares.

/* An answer with a status >= 400; the message's first line is the reason phrase. */
export class Refused extends Error {
	constructor(status, reason, { empty = false, errors } = {}) {
		super(reason);
		this.status = status;
		this.empty = empty;
		this.errors = errors;
	}
}

/* What a handler returns when the connection is no longer HTTP, or never answered. */
export const UPGRADED = Symbol('upgraded');

/* Proxmox's idea of a true boolean parameter. */
export function isTrue(value) {
	return /^(?:1|on|yes|true)$/i.test(value ?? '');
}
