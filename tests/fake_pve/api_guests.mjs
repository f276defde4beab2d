// SPDX-License-Identifier: MIT
//
// api_guests - finding a guest, its status, vncproxy, and the door to vncwebsocket.
//
// Two styles of vncproxy: 'new' (April 2026: password in the reply and in front of the
// ticket, ticket bound to the port, websocket=1 required) and 'old'.

import { Refused, UPGRADED, isTrue } from './api_common.mjs';
import { consolePassword } from './tickets.mjs';
import { allowed } from './users.mjs';
import { openWebsocket } from './vncwebsocket.mjs';

const VMID_PATHS = { qemu: 'qemu-server', lxc: 'lxc' };
const OLD_PASSWORD_BYTES = 8;

/* Numbers come as numbers or strings, as Perl pleases. */
let flip = false;
function loose(n) {
	flip = !flip;
	return flip ? n : String(n);
}

function resources({ pve, identity, params }) {
	if (params.type && params.type !== 'vm')
		return [];
	return pve.guests.all()
		.filter((g) => allowed(pve.users, identity, g.vmid, 'VM.Audit'))
		.map((g) => ({
			id: `${g.type}/${g.vmid}`, type: g.type, vmid: loose(g.vmid),
			node: g.shownNode, name: g.name, status: g.status, template: 0,
			uptime: 4711, cpu: 0.01, maxcpu: 1, mem: 268435456, maxmem: 536870912,
		}));
}

/* The guest named by the path, on that node and of that type; else Proxmox's 500. */
function find({ pve, args }, type) {
	const guest = pve.guests.get(args.vmid);
	if (guest && guest.type === type && guest.node === args.node)
		return guest;
	throw new Refused(500, `Configuration file 'nodes/${args.node}/${VMID_PATHS[type]}/` +
		`${args.vmid}.conf' does not exist`);
}

/* Calls that are forwarded to the node in the path need a node that exists. */
function needNode({ pve, args }) {
	if (!pve.nodes.includes(args.node))
		throw new Refused(500, `hostname lookup '${args.node}' failed - failed to get ` +
			`address info for: ${args.node}: Name or service not known`);
}

function status(type) {
	return (ctx) => {
		needNode(ctx);
		const g = find(ctx, type);
		const common = { vmid: loose(g.vmid), name: g.name, status: g.status, cpus: 1,
			maxmem: 536870912, mem: 268435456, ha: { managed: 0 },
			uptime: g.status === 'running' ? 4711 : 0 };
		if (type === 'lxc')
			return { ...common, type: 'lxc', swap: 0 };
		return { ...common, qmpstatus: g.status };
	};
}

function vncproxy(type) {
	return (ctx) => {
		const { pve, params, identity } = ctx;
		const guest = find(ctx, type);
		const modern = pve.style !== 'old';
		const withPassword = modern ? isTrue(params.websocket)
			: isTrue(params['generate-password']);
		const password = withPassword ? consolePassword() : '';
		const tls = modern && !isTrue(params.websocket);
		const entry = pve.ports.allocate({ guest, tls });
		if (entry === null)
			throw new Refused(500, 'unable to find free port (5900-6000)');
		if (entry.tls)
			pve.records.violation(`vncproxy of ${guest.vmid} without websocket=1`);
		const ticket = pve.tickets.vnc({ user: identity.id, path: `/vms/${guest.vmid}`,
			port: modern ? entry.port : '', password: modern ? password : '' });
		entry.password = password || ticket.slice(0, OLD_PASSWORD_BYTES);
		pve.records.secret(password);
		pve.records.secret(ticket);
		return { port: loose(entry.port), ticket, user: identity.id, cert: pve.caText,
			upid: upid(pve, guest, identity), password: password || undefined };
	};
}

function upid(pve, guest, identity) {
	const hex = (n) => n.toString(16).toUpperCase().padStart(8, '0');
	return `UPID:${pve.nodes[0]}:${hex(process.pid)}:${hex(0xa1b2c3)}:` +
		`${pve.tickets.hexTime()}:vncproxy:${guest.vmid}:${identity.id}:`;
}

/* Verifies the VNC ticket; the rest of the handshake is vncwebsocket's. */
function websocket({ pve, req, conn, params, identity, args, fault }) {
	const path = `/vms/${args.vmid}`;
	const port = Number(params.port);
	const ticket = params.vncticket;
	const good = pve.tickets.verifyVnc(ticket, { user: identity.id, path,
		port: pve.style !== 'old' ? port : '' });
	if (!good)
		throw new Refused(401, 'permission denied - invalid PVEVNC ticket');
	if (!/^websocket$/i.test(req.headers.upgrade ?? ''))
		return { port: String(port) };
	if (pve.usedTickets.has(ticket))
		pve.records.violation(`${req.path}: second websocket with one VNC ticket`);
	pve.usedTickets.add(ticket);
	openWebsocket({ pve, req, conn, port, identity, fault });
	return UPGRADED;
}

function guestRoutesOf(type, extra) {
	const base = `/nodes/{node}/${type}/{vmid}`;
	return [
		{ name: 'status', method: 'GET', path: `${base}/status/current`,
			privilege: 'VM.Audit', handler: status(type) },
		{ name: 'vncproxy', method: 'POST', path: `${base}/vncproxy`,
			privilege: 'VM.Console', handler: vncproxy(type),
			params: { websocket: 'bool', ...extra } },
		{ name: 'vncwebsocket', method: 'GET', path: `${base}/vncwebsocket`,
			privilege: 'VM.Console', handler: websocket,
			params: { port: [5900, 5999], vncticket: /^[\s\S]{0,512}$/ },
			required: ['port', 'vncticket'] },
	];
}

export const guestRoutes = [
	{ name: 'resources', method: 'GET', path: '/cluster/resources', handler: resources,
		params: { type: /^(vm|storage|node|sdn)$/ } },
	...guestRoutesOf('qemu', { 'generate-password': 'bool' }),
	...guestRoutesOf('lxc', { width: [16, 4096], height: [16, 2160] }),
];
