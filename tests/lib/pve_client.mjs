// SPDX-License-Identifier: MIT
//
// pve_client - the way of a well-behaved client through Proxmox's API, step by step.
//
// For tests of the fake Proxmox itself, and for measuring what a console costs without a
// gateway in between.

import { request } from './http.mjs';
import { RfbClient } from './rfb.mjs';
import { TermClient } from './term.mjs';
import { WsClient } from './ws.mjs';

const API = '/api2/json';

export function form(fields) {
	return Object.entries(fields)
		.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&');
}

/* The path of a guest, or of a node when there is no vmid. */
function pathOf(vmid, { node = 'pve', type = 'qemu' }) {
	return vmid === null ? `/nodes/${node}` : `/nodes/${node}/${type}/${vmid}`;
}

export class PveClient {
	/* target: anything with url, caFile, user, password (a fake Proxmox, for one). */
	constructor(target, who = {}) {
		this.target = target;
		this.user = who.user ?? target.user;
		this.password = who.password ?? target.password;
		this.token = who.token ?? null;
	}

	/* One API call: the response, with .data. fields make a form body. */
	async call(method, path, fields, opts = {}) {
		const post = fields === undefined ? {} : {
			body: typeof fields === 'string' ? fields : form(fields),
			type: { 'Content-Type': 'application/x-www-form-urlencoded' },
		};
		const res = await request(this.target.url + API + path, {
			ca: this.target.caFile, method, ...opts, body: opts.body ?? post.body,
			headers: { ...post.type, ...this.authHeaders(method), ...opts.headers },
		});
		res.data = isJson(res) ? res.json.data : undefined;
		return res;
	}

	authHeaders(method) {
		if (this.token)
			return { Authorization: `PVEAPIToken=${this.token}` };
		if (!this.ticket)
			return {};
		return { Cookie: `PVEAuthCookie=${encodeURIComponent(this.ticket)}`,
			CSRFPreventionToken: method === 'GET' ? undefined : this.csrf };
	}

	/* POST /access/ticket; keeps ticket and CSRF token. more: otp, tfa-challenge ... */
	async login(more = {}) {
		const res = await this.call('POST', '/access/ticket',
			{ username: this.user, password: this.password, ...more });
		this.ticket = res.data?.ticket;
		this.csrf = res.data?.CSRFPreventionToken;
		return res;
	}

	/* A VNC console of a guest, or (vmid null) of a node. */
	vncproxy(vmid, opts = {}) {
		const call = vmid === null ? 'vncshell' : 'vncproxy';
		return this.call('POST', `${pathOf(vmid, opts)}/${call}`,
			opts.fields ?? { websocket: 1 });
	}

	/* A terminal of a guest, or (vmid null) of a node. fields: serial, cmd. */
	termproxy(vmid, opts = {}) {
		return this.call('POST', `${pathOf(vmid, opts)}/termproxy`, opts.fields ?? {});
	}

	/* The websocket for a reply of either; opts as WsClient.connect. */
	websocket(vmid, { port, ticket }, opts = {}) {
		const path = `${API}${pathOf(vmid, opts)}/vncwebsocket` +
			`?port=${port}&vncticket=${encodeURIComponent(ticket)}`;
		return WsClient.connect(this.target.url, { ca: this.target.caFile, path,
			protocols: ['binary'], ...opts,
			headers: { ...this.authHeaders('GET'), ...opts.headers } });
	}

	/* termproxy, websocket and its first line: { ws, term, reply, ok }. */
	async terminal(vmid, opts = {}) {
		const reply = (await this.termproxy(vmid, opts)).data;
		const ws = await this.websocket(vmid, reply, opts);
		const term = TermClient.attach(ws);
		const ok = await term.login(reply.user, reply.ticket);
		return { ws, term, reply, ok };
	}

	/* vncproxy, websocket and RFB handshake: { ws, rfb, reply }. */
	async console(vmid, opts = {}) {
		const reply = (await this.vncproxy(vmid, opts)).data;
		const ws = await this.websocket(vmid, reply, opts);
		const rfb = new RfbClient(ws);
		await rfb.handshake({ password: reply.password ?? reply.ticket, ...opts });
		return { ws, rfb, reply };
	}
}

function isJson(res) {
	return /json/.test(res.headers['content-type'] ?? '') && res.text.startsWith('{');
}
