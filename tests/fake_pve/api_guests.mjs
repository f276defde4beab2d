// SPDX-License-Identifier: MIT
//
// api_guests - finding a guest, its status, and its serial ports.

import { findGuest, forward, loose } from './api_common.mjs';
import { allowed } from './users.mjs';

function resources({ pve, identity, params }) {
	if (params.type && params.type !== 'vm')
		return [];
	return pve.guests.all()
		.filter((g) => allowed(pve.users, identity, g.vmid, 'VM.Audit'))
		.map((g) => ({
			id: `${g.type}/${g.vmid}`, type: g.type, vmid: loose(g.vmid),
			node: g.shownNode, name: g.name, template: 0,
			status: g.reachable ? g.status : 'unknown',
			uptime: 4711, cpu: 0.01, maxcpu: 1, mem: 268435456, maxmem: 536870912,
		}));
}

function status(type) {
	return async (ctx) => {
		await forward(ctx);
		const g = findGuest(ctx, type);
		const common = { vmid: loose(g.vmid), name: g.name, status: g.status, cpus: 1,
			maxmem: 536870912, mem: 268435456, ha: { managed: 0 },
			uptime: g.status === 'running' ? 4711 : 0 };
		if (type === 'lxc')
			return { ...common, type: 'lxc', swap: 0 };
		const serial = g.serials.length > 0 ? loose(1) : undefined;
		return { ...common, qmpstatus: g.status, serial };
	};
}

function statusRoute(type) {
	return { name: 'status', method: 'GET', path: `/nodes/{node}/${type}/{vmid}/status/current`,
		privilege: 'VM.Audit', handler: status(type) };
}

/* As much of a guest's configuration as anybody asks for here. */
async function config(ctx) {
	await forward(ctx);
	const g = findGuest(ctx, 'qemu');
	const serials = Object.fromEntries(g.serials.map((name) => [name, 'socket']));
	return { name: g.name, memory: '512', digest: '0123456789abcdef', ...serials };
}

export const guestRoutes = [
	{ name: 'resources', method: 'GET', path: '/cluster/resources', handler: resources,
		params: { type: /^(vm|storage|node|sdn)$/ } },
	statusRoute('qemu'),
	statusRoute('lxc'),
	{ name: 'config', method: 'GET', path: '/nodes/{node}/qemu/{vmid}/config',
		privilege: 'VM.Audit', handler: config, params: { current: 'bool' } },
];
