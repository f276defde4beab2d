// SPDX-License-Identifier: MIT
//
// api - the route table of the fake Proxmox and the way a request takes through it.
//
// Method and path pick a row; then fault, authentication, permission, parameters (unknown
// ones are refused), handler, and the answer in Proxmox's shape. Handlers return the
// value of "data" or throw Refused.

import { Refused, UPGRADED } from './api_common.mjs';
import { credentials, identify } from './auth.mjs';
import { accessRoutes } from './api_access.mjs';
import { consoleRoutes } from './api_consoles.mjs';
import { guestRoutes } from './api_guests.mjs';
import { answersItself, carryOut, takeFault } from './faults.mjs';
import { parseForm, perlJson } from './http_parse.mjs';
import { allowed } from './users.mjs';

const BASE = '/api2/json';
const JSON_TYPE = 'application/json;charset=UTF-8';

/* A parameter's rule is a RegExp, or 'bool', or [min, max] for integers. */
const BOOL = /^(?:[01]|on|off|yes|no|true|false)$/i;

export class Api {
	constructor(pve) {
		this.pve = pve;
		this.routes = [...accessRoutes, ...guestRoutes, ...consoleRoutes].map((r) => ({
			...r,
			regex: new RegExp(`^${r.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
		}));
	}

	/* Serves one whole request on conn. */
	async handle(req, conn) {
		const [path, query = ''] = splitTarget(req.target);
		req.path = path;
		req.query = query;
		const route = this.find(req);
		const fault = route && takeFault(this.pve.faults, route.name, req);
		if (fault?.delayMs) {
			await this.pause(fault.delayMs, conn);
			if (conn.closed)
				return;
		}
		try {
			if (fault && answersItself(fault)) {
				this.collect(req, conn);
				carryOut(fault, conn);
				return;
			}
			const data = await this.answer(req, conn, route, fault);
			if (data !== UPGRADED)
				this.ok(conn, fault && 'reply' in fault ? fault.reply : data);
		} catch (e) {
			if (!(e instanceof Refused))
				throw e;
			this.fail(req, conn, e);
		}
	}

	pause(ms, conn) {
		return new Promise((resolve) => conn.later(ms, resolve));
	}

	find(req) {
		for (const r of this.routes) {
			const m = req.path.startsWith(BASE) && r.method === req.method &&
				r.regex.exec(req.path.slice(BASE.length));
			if (m) {
				req.args = { ...m.groups };
				return r;
			}
		}
		return null;
	}

	async answer(req, conn, route, fault) {
		if (!req.path.startsWith(`${BASE}/`))
			throw new Refused(500, `no such file '${req.path}'`);
		const identity = this.whoIs(req, route);
		conn.record.auth = identity?.id ?? null;
		if (!route)
			throw unknownMethod(req);
		this.permit(identity, route, req);
		const params = this.collect(req, conn);
		this.checkParams(route, params, req);
		return route.handler({ pve: this.pve, req, conn, params, identity, fault,
			args: req.args });
	}

	whoIs(req, route) {
		if (!route?.open)
			return identify(this.pve, req);
		if (route.name === 'ticket' && credentials(req.headers).token !== null)
			throw new Refused(403, `Permission check failed (URI '${req.path}' not ` +
				'available with API token, need proper ticket.)');
		return null;
	}

	permit(identity, route, req) {
		const { privilege } = route;
		const { vmid, node } = req.args;
		if (!privilege || allowed(this.pve.users, identity, vmid ?? node, privilege))
			return;
		const path = vmid === undefined ? `/nodes/${node}` : `/vms/${vmid}`;
		throw new Refused(403, `Permission check failed (${path}, ${privilege})`);
	}

	/* Query and body parameters in one object; their names go into the record. */
	collect(req, conn) {
		const query = parseForm(req.query);
		const body = req.type === 'application/json'
			? { params: parseJson(req.body), lossy: [] }
			: parseForm(req.body.toString('utf8'));
		for (const name of [...query.lossy, ...body.lossy])
			this.pve.records.violation(`${req.path}: '=' in ${name} not encoded`);
		const params = { ...body.params, ...query.params };
		delete params._dc;
		conn.record.names = Object.keys(params);
		return params;
	}

	checkParams(route, params, req) {
		const errors = {};
		for (const [name, value] of Object.entries(params)) {
			const rule = route.params?.[name];
			if (!rule)
				errors[name] = 'property is not defined in schema and the schema ' +
					'does not allow additional properties';
			else if (!fits(rule, value))
				errors[name] = 'value does not match the schema';
		}
		for (const name of route.required ?? []) {
			if (!(name in params))
				errors[name] = 'property is missing and it is not optional';
		}
		if (req.args.vmid && !fits([100, 999999999], req.args.vmid))
			errors.vmid = 'invalid format - value does not look like a valid VM ID';
		const names = Object.keys(errors);
		if (names.length === 0)
			return;
		this.pve.records.violation(`${req.method} ${req.path}: bad parameters: ${names}`);
		throw new Refused(400, 'Parameter verification failed.', { errors });
	}

	ok(conn, data) {
		const body = perlJson({ data });
		conn.respond({ status: 200, reason: 'OK', body, type: JSON_TYPE });
	}

	fail(req, conn, e) {
		const reason = e.message.split('\n')[0];
		if (e.empty) {
			conn.respond({ status: e.status, reason });
			return;
		}
		const body = { data: null };
		if (this.pve.traits.message)
			body.message = `${e.message}\n`;
		if (e.errors)
			body.errors = e.errors;
		conn.respond({ status: e.status, reason, body: perlJson(body), type: JSON_TYPE });
	}
}

function unknownMethod({ method, path }) {
	return new Refused(501, `Method '${method} ${path.slice(BASE.length)}' not implemented`);
}

function splitTarget(target) {
	const at = target.indexOf('?');
	return at < 0 ? [target] : [target.slice(0, at), target.slice(at + 1)];
}

function parseJson(body) {
	if (body.length === 0)
		return {};
	try {
		const out = {};
		for (const [k, v] of Object.entries(JSON.parse(body.toString('utf8'))))
			out[k] = v === true ? '1' : v === false ? '0' : String(v);
		return out;
	} catch {
		throw new Refused(400, 'malformed JSON body');
	}
}

function fits(rule, value) {
	if (rule === 'bool')
		return BOOL.test(value);
	if (Array.isArray(rule))
		return /^\d+$/.test(value) && Number(value) >= rule[0] && Number(value) <= rule[1];
	return rule.test(value);
}
