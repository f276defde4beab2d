// SPDX-License-Identifier: MIT
//
// api_consoles - vncproxy, termproxy and vncshell, and the door to vncwebsocket.
//
// None of them is forwarded: the host that received the call opens the port.

import { findGuest, isTrue, loose, needNode, Refused, UPGRADED } from './api_common.mjs';
import { consolePassword } from './tickets.mjs';
import { openWebsocket } from './vncwebsocket.mjs';

const OLD_PASSWORD_BYTES = 8;
const SIZES = { width: [16, 4096], height: [16, 2160] };
const SERIAL = /^serial[0-3]$/;
const COMMAND = /^(?:login|upgrade|ceph_install)$/;

/* A listener for a console of place, and its ticket: { entry, ticket }. */
function listen({ pve, conn, identity }, place, { service, password = '', ...more }) {
	const { hardened } = pve.traits;
	const entry = conn.host.ports.allocate({ guest: place, service, ...more });
	if (entry === null)
		throw new Refused(500, 'unable to find free port (5900-6000)');
	const ticket = pve.tickets.vnc({ user: identity.id, path: place.path,
		port: hardened ? entry.port : '', password: hardened ? password : '' });
	entry.password = password || ticket.slice(0, OLD_PASSWORD_BYTES);
	entry.ticket = ticket;
	pve.records.secret(password);
	pve.records.secret(ticket);
	return { entry, ticket };
}

function answer({ pve, conn, identity }, { entry, ticket }, task) {
	return { port: loose(entry.port), ticket, user: identity.id,
		upid: upid(pve, conn.host.node, entry.guest, identity, task) };
}

function upid(pve, node, place, identity, task) {
	const hex = (n) => n.toString(16).toUpperCase().padStart(8, '0');
	return `UPID:${node}:${hex(process.pid)}:${hex(0xa1b2c3)}:` +
		`${pve.tickets.hexTime()}:${task}:${place.vmid ?? ''}:${identity.id}:`;
}

/* A VNC console: vncproxy of a guest, vncshell of a node. */
function vnc(ctx, place, task) {
	const { pve, params } = ctx;
	const { hardened } = pve.traits;
	const service = place.vncService;
	const wanted = hardened ? params.websocket : params['generate-password'];
	const password = isTrue(wanted) ? consolePassword() : '';
	const tls = !isTrue(params.websocket) && (hardened || service === 'vncterm');
	if (tls)
		pve.records.violation(`${task} of ${place.label} without websocket=1`);
	const made = listen(ctx, place, { service, password, tls });
	return { ...answer(ctx, made, task), cert: pve.caText, password: password || undefined };
}

function vncproxy(type) {
	return (ctx) => vnc(ctx, findGuest(ctx, type), 'vncproxy');
}

/* Who may have a node's shell at all, and only root@pam may have another command than a login. */
function checkShell({ pve, params, identity }, forTokens) {
	if (identity.token && !forTokens)
		throw new Refused(500, `value '${identity.id}' does not look like a valid user name`);
	if (pve.traits.pamShells && !identity.user.endsWith('@pam'))
		throw new Refused(403, 'Permission check failed (realm != pam)');
	if (params.cmd && params.cmd !== 'login' && identity.id !== 'root@pam')
		throw new Refused(403, 'Permission check failed (user != root@pam)');
}

function vncshell(ctx) {
	const node = needNode(ctx);
	checkShell(ctx, false);
	return vnc(ctx, node, 'vncshell');
}

function term(ctx, place) {
	const made = listen(ctx, place, { service: 'termproxy', serial: ctx.params.serial });
	return answer(ctx, made, 'vncproxy');
}

function termproxy(type) {
	return (ctx) => term(ctx, findGuest(ctx, type));
}

function nodeTermproxy(ctx) {
	const node = needNode(ctx);
	checkShell(ctx, ctx.pve.traits.termTokens !== 'none');
	return term(ctx, node);
}

/* Verifies the VNC ticket; the rest of the handshake is vncwebsocket's. */
function websocket({ pve, req, conn, params, identity, args, fault }) {
	const path = args.vmid ? `/vms/${args.vmid}` : `/nodes/${args.node}`;
	const port = Number(params.port);
	const ticket = params.vncticket;
	const good = pve.tickets.verifyVnc(ticket, { user: identity.id, path,
		port: pve.traits.hardened ? port : '' });
	if (!good)
		throw new Refused(401, 'permission denied - invalid PVEVNC ticket');
	if (!/^websocket$/i.test(req.headers.upgrade ?? ''))
		return { port: String(port) };
	/* Tickets of one second that are bound to no port are the same. */
	const use = `${port} ${ticket}`;
	if (pve.usedTickets.has(use))
		pve.records.violation(`${req.path}: second websocket with one VNC ticket`);
	pve.usedTickets.add(use);
	openWebsocket({ pve, req, conn, port, ticket, identity, fault });
	return UPGRADED;
}

function websocketRoute(base, privilege) {
	return { name: 'vncwebsocket', method: 'GET', path: `${base}/vncwebsocket`, privilege,
		handler: websocket, params: { port: [5900, 5999], vncticket: /^[\s\S]{0,512}$/ },
		required: ['port', 'vncticket'] };
}

function guestConsoles(type, vncParams, termParams) {
	const base = `/nodes/{node}/${type}/{vmid}`;
	const privilege = 'VM.Console';
	return [
		{ name: 'vncproxy', method: 'POST', path: `${base}/vncproxy`, privilege,
			handler: vncproxy(type), params: { websocket: 'bool', ...vncParams } },
		{ name: 'termproxy', method: 'POST', path: `${base}/termproxy`, privilege,
			handler: termproxy(type), params: termParams },
		websocketRoute(base, privilege),
	];
}

export const consoleRoutes = [
	...guestConsoles('qemu', { 'generate-password': 'bool' }, { serial: SERIAL }),
	...guestConsoles('lxc', SIZES, {}),
	{ name: 'vncshell', method: 'POST', path: '/nodes/{node}/vncshell',
		privilege: 'Sys.Console', handler: vncshell,
		params: { websocket: 'bool', cmd: COMMAND, 'cmd-opts': /^/, ...SIZES } },
	{ name: 'termproxy', method: 'POST', path: '/nodes/{node}/termproxy',
		privilege: 'Sys.Console', handler: nodeTermproxy,
		params: { cmd: COMMAND, 'cmd-opts': /^/ } },
	websocketRoute('/nodes/{node}', 'Sys.Console'),
];
