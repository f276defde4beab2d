// SPDX-License-Identifier: MIT
//
// users - who exists in the fake Proxmox, and what they may do.
//
// A user: { password, audit, console, shell?, tfa?, disabled?, tokens? }; audit and console are
// true (every guest), false, or a list of guest numbers, shell of node names. tokens: { id:
// { secret, privsep, audit, console, shell, expired } }; a token with privsep has its own rights
// cut by its user's. tfa: { totp, once }; once: the code is good for one login.

export const PASSWORD = 'p&s;s=w+o%r d"\\é';

export function defaultUsers() {
	const full = { audit: true, console: true, shell: true };
	return {
		'vncuser@pve': { ...full, password: PASSWORD, tokens: {
			gw: { secret: '5c9d0f1e-4a7b-4c59-9d31-0b7a6f2e8d14', privsep: false },
			narrow: { secret: 'e2b61a77-93cf-4d0a-8f6e-71d5c4a0b9f3', privsep: true,
				audit: [101], console: [101] },
		} },
		'other@pve': { ...full, password: 'another-Secret.2' },
		'root@pam': { ...full, password: 'toor-Of-All.9' },
		'noaudit@pve': { audit: false, console: true, password: 'blind-Secret.3' },
		'noconsole@pve': { audit: true, console: false, password: 'deaf-Secret.4' },
		'noshell@pve': { audit: true, console: true, shell: false, password: 'hull-Secret.9' },
		'nothing@pve': { audit: false, console: false, password: 'none-Secret.5' },
		'only101@pve': { audit: [101], console: [101], password: 'single-Secret.6' },
		'tfa@pve': { ...full, password: 'second-Secret.7', tfa: { totp: '123456' } },
		'disabled@pve': { ...full, password: 'gone-Secret.8', disabled: true },
	};
}

const KEYS = { 'VM.Audit': 'audit', 'VM.Console': 'console', 'Sys.Console': 'shell' };

function grants(list, what) {
	return list === true || (Array.isArray(list) && list.map(String).includes(what));
}

/* identity: { user, token? }. what: a guest's number, or a node's name for Sys.Console. */
export function allowed(users, identity, what, privilege) {
	const key = KEYS[privilege];
	const user = users[identity.user];
	if (!user || !grants(user[key], String(what)))
		return false;
	const token = identity.token ? user.tokens[identity.token] : null;
	return !token?.privsep || grants(token[key], String(what));
}

export function userSecrets(users) {
	const out = [];
	for (const u of Object.values(users))
		out.push(u.password, ...Object.values(u.tokens ?? {}).map((t) => t.secret));
	return out;
}
