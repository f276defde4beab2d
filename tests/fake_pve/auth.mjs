// SPDX-License-Identifier: MIT
//
// auth - who a request comes from: login ticket or API token, and the CSRF rule.
//
// Order as in Proxmox: cookie, Authorization: PVEAuthCookie=, Authorization: PVEAPIToken=.

import { timingSafeEqual } from 'node:crypto';
import { Refused } from './api_common.mjs';
import { unescape } from './http_parse.mjs';

function unauthorized(reason) {
	return new Refused(401, reason, { empty: true });
}

export function equal(a, b) {
	const x = Buffer.from(String(a));
	const y = Buffer.from(String(b));
	return x.length === y.length && timingSafeEqual(x, y);
}

/* { ticket } or { token } as found in the headers, percent-decoded; both empty otherwise. */
export function credentials(headers) {
	const cookie = /(?:^|[\s;])PVEAuthCookie=([^;]*)/.exec(headers.cookie ?? '');
	const auth = headers.authorization ?? '';
	const inAuth = /^PVEAuthCookie[=\s]([^;]*)/.exec(auth);
	const token = /^PVEAPIToken[=\s]([^;]*)/.exec(auth);
	const ticket = cookie ?? inAuth;
	return {
		ticket: ticket ? unescape(ticket[1]) : null,
		token: token ? unescape(token[1]) : null,
	};
}

/* The caller's identity { user, token?, id }; throws Refused. */
export function identify(pve, req) {
	const { ticket, token } = credentials(req.headers);
	if (ticket !== null && token !== null)
		pve.records.violation(`${req.path}: cookie and token both sent`);
	if (ticket !== null)
		return byTicket(pve, req, ticket);
	if (token !== null)
		return byToken(pve, token);
	throw unauthorized('No ticket');
}

function byTicket(pve, req, ticket) {
	if (/^PVE:!?tfa!/.test(ticket))
		pve.records.violation(`${req.path}: half ticket used as a cookie`);
	const user = pve.tickets.verifyLogin(ticket);
	if (user === null || !pve.users[user] || pve.users[user].disabled)
		throw unauthorized(pve.traits.innerTexts
			? 'permission denied - invalid PVE ticket' : 'Authentication failed!');
	if (req.method !== 'GET' &&
	    !pve.tickets.verifyCsrf(req.headers.csrfpreventiontoken, user)) {
		pve.records.violation(`${req.method} ${req.path}: CSRF token wrong or missing`);
		throw unauthorized('Permission denied - invalid csrf token');
	}
	return { user, id: user };
}

function byToken(pve, text) {
	const m = /^([^!]+)!([^=]+)=(.*)$/.exec(text);
	const user = m && pve.users[m[1]];
	const token = user && !user.disabled && user.tokens?.[m[2]];
	const inner = (words) => unauthorized(pve.traits.innerTexts && m ? words()
		: 'Authentication failed!');
	if (!token)
		throw inner(() => `no such token '${m[2]}' for user '${m[1]}'`);
	if (token.expired)
		throw inner(() => `token '${m[2]}' access expired`);
	if (!equal(token.secret, m[3]))
		throw inner(() => 'invalid token value!');
	return { user: m[1], token: m[2], id: `${m[1]}!${m[2]}` };
}
