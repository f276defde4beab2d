// SPDX-License-Identifier: MIT
//
// api_access - login, version, realms: POST /access/ticket and its neighbours.
//
// Every login that fails looks the same: 401 authentication failure, after 3 s. A user
// with a second factor gets HTTP 200, NeedTFA and a half ticket.

import { isTrue, Refused } from './api_common.mjs';
import { equal } from './auth.mjs';

const TEXT = /^[\s\S]{0,4096}$/;

function failed(ctx, user, how) {
	ctx.pve.records.logins.push({ user, how, ok: false, at: Date.now() });
	return new Refused(401, 'authentication failure');
}

/* user@realm in Proxmox's own spelling, or null. */
function canonical(params) {
	const name = params.realm ? `${params.username}@${params.realm}` : params.username;
	return /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/.test(name) ? name : null;
}

function login(ctx) {
	const { pve, params } = ctx;
	const name = canonical(params);
	const user = name === null ? null : pve.users[name];
	if (params.otp && params['tfa-challenge'])
		throw new Refused(400, 'Parameter verification failed.',
			{ errors: { otp: 'both otp and tfa-challenge given' } });
	if (!user || user.disabled)
		throw failed(ctx, name, 'password');
	if (params['tfa-challenge'])
		return secondFactor(ctx, name, user);
	if (params.password.startsWith('PVE:'))
		return renewal(ctx, name);
	if (!equal(user.password, params.password))
		throw failed(ctx, name, 'password');
	if (!user.tfa)
		return session(ctx, name, 'password');
	if (!params.otp)
		return halfSession(ctx, name);
	if (!pve.factors.accepts(name, params.otp))
		throw failed(ctx, name, 'otp');
	return session(ctx, name, 'otp');
}

function secondFactor(ctx, name, user) {
	const { pve, params } = ctx;
	if (!user.tfa || !pve.tickets.verifyHalf(params['tfa-challenge'], name) ||
	    !pve.factors.accepts(name, params.password))
		throw failed(ctx, name, 'tfa');
	return session(ctx, name, 'tfa');
}

/* A valid ticket in place of the password; root's works for everybody. */
function renewal(ctx, name) {
	const owner = ctx.pve.tickets.verifyLogin(ctx.params.password);
	if (owner !== name && owner !== 'root@pam')
		throw failed(ctx, name, 'renewal');
	return session(ctx, name, 'renewal');
}

function halfSession({ pve, params }, name) {
	pve.records.logins.push({ user: name, how: 'half', ok: true, at: Date.now() });
	const ticket = pve.traits.oldTfa && !isTrue(params['new-format'])
		? pve.tickets.oldHalf(name) : pve.tickets.half(name, { totp: true });
	return { username: name, NeedTFA: 1, ...issue(pve, name, ticket) };
}

function session({ pve, params }, name, how) {
	pve.records.logins.push({ user: name, how, ok: true, at: Date.now() });
	if (params.path && params.privs)
		return { username: name };
	const cap = { vms: { 'VM.Console': 1 } };
	return { username: name, cap, ...issue(pve, name, pve.tickets.login(name)) };
}

function issue({ records, tickets }, name, ticket) {
	const CSRFPreventionToken = records.secret(tickets.csrf(name));
	return { ticket: records.secret(ticket), CSRFPreventionToken };
}

export const accessRoutes = [
	{
		name: 'ticket', method: 'POST', path: '/access/ticket', open: true, handler: login,
		params: {
			username: /^[\s\S]{3,64}$/, realm: /^[A-Za-z][A-Za-z0-9.\-_]+$/,
			password: TEXT, otp: TEXT, 'tfa-challenge': TEXT, 'new-format': 'bool',
			path: TEXT, privs: TEXT,
		},
		required: ['username', 'password'],
	},
	{
		name: 'domains', method: 'GET', path: '/access/domains', open: true,
		handler: () => [
			{ realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
			{ realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server' },
		],
	},
	{
		name: 'version', method: 'GET', path: '/version',
		handler: ({ pve }) => pve.traits.reply,
	},
	{
		name: 'nodes', method: 'GET', path: '/nodes',
		handler: ({ pve }) => pve.places.all().map(({ name, status }) => ({
			node: name, id: `node/${name}`, type: 'node', status,
			ssl_fingerprint: pve.fingerprint,
		})),
	},
];
