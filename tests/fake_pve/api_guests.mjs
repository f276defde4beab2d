// SPDX-License-Identifier: MIT
//
// api_guests - finding a guest, and its status.

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

export const guestRoutes = [
	{ name: 'resources', method: 'GET', path: '/cluster/resources', handler: resources,
		params: { type: /^(vm|storage|node|sdn)$/ } },
	statusRoute('qemu'),
	statusRoute('lxc'),
];
