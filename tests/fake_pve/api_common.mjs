// SPDX-License-Identifier: MIT
//
// api_common - what the handlers of the fake Proxmox's API share.

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

const FOLDERS = { qemu: 'qemu-server', lxc: 'lxc' };

/* Proxmox's idea of a true boolean parameter. */
export function isTrue(value) {
	return /^(?:1|on|yes|true)$/i.test(value ?? '');
}

/* Numbers come as numbers or strings, as Perl pleases. */
let flip = false;
export function loose(n) {
	flip = !flip;
	return flip ? n : String(n);
}

/* The guest named by the path, on that node and of that type; else Proxmox's 500. */
export function findGuest({ pve, args }, type) {
	const guest = pve.guests.get(args.vmid);
	if (guest && guest.type === type && guest.node === args.node)
		return guest;
	throw new Refused(500, `Configuration file 'nodes/${args.node}/${FOLDERS[type]}/` +
		`${args.vmid}.conf' does not exist`);
}

/* Calls that lead to the node in the path need a node that exists. */
export function needNode({ pve, args }) {
	const node = pve.places.get(args.node);
	if (node === null)
		throw new Refused(500, `hostname lookup '${args.node}' failed - failed to get ` +
			`address info for: ${args.node}: Name or service not known`);
	return node;
}

/* A call that is forwarded to the node in the path: fails, later, when that is down. */
export async function forward(ctx) {
	const node = needNode(ctx);
	if (node.online)
		return;
	const { conn, pve } = ctx;
	await new Promise((resolve) => conn.later(pve.timings.forwardMs, resolve));
	throw new Refused(595, 'No route to host', { empty: true });
}
