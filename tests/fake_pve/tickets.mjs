// SPDX-License-Identifier: MIT
//
// tickets - Proxmox's login tickets, CSRF tokens and VNC tickets, really signed.
//
// The shapes and life times are Proxmox's; the signature is an HMAC stretched to the 256
// bytes of an RSA signature. Each fake has its own key, so a ticket of another one is
// foreign. Times come from the clock given, so tests can make tickets old.

import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const LOGIN_LIFE_S = 7200;
const LOGIN_SKEW_S = 300;
const VNC_LIFE_S = 40;
const VNC_SKEW_S = 20;
const FIRST_CHAR = 0x21;
const LAST_CHAR = 0x60;

export class Tickets {
	constructor(now) {
		this.now = now;
		this.key = randomBytes(32);
	}

	hexTime() {
		return Math.floor(this.now() / 1000).toString(16).toUpperCase().padStart(8, '0');
	}

	sign(text) {
		const parts = [];
		for (let i = 0; i < 4; i++)
			parts.push(createHmac('sha512', this.key).update(`${i}${text}`).digest());
		return Buffer.concat(parts).toString('base64');
	}

	/* Age in seconds of a correctly signed PREFIX:...:HEX::SIG, or null. */
	age(ticket, extra = '') {
		const m = /^([\s\S]*):([0-9A-F]{8})::([A-Za-z0-9+/=]+)$/.exec(ticket);
		if (!m)
			return null;
		const want = Buffer.from(this.sign(`${m[1]}:${m[2]}${extra}`));
		const have = Buffer.from(m[3]);
		if (want.length !== have.length || !timingSafeEqual(want, have))
			return null;
		return Math.floor(this.now() / 1000) - parseInt(m[2], 16);
	}

	assemble(data, extra = '') {
		const plain = `${data}:${this.hexTime()}`;
		return `${plain}::${this.sign(plain + extra)}`;
	}

	login(user) {
		return this.assemble(`PVE:${user.replaceAll(':', '%3A')}`);
	}

	/* The half ticket of a user whose second factor is due. */
	half(user, factors) {
		const json = JSON.stringify(factors).replaceAll(':', '%3A');
		return this.assemble(`PVE:!tfa!${json}`, `:${user}`);
	}

	/* The same as PVE 7 makes it for clients that know no new-format. */
	oldHalf(user) {
		return this.assemble(`PVE:tfa!${user.replaceAll(':', '%3A')}`);
	}

	/* The user of a valid login ticket, or null. */
	verifyLogin(ticket) {
		const m = /^PVE:([^:!][^:]*):/.exec(ticket);
		const age = m && this.age(ticket);
		if (age === null || age < -LOGIN_SKEW_S || age > LOGIN_LIFE_S)
			return null;
		return m[1].replaceAll('%3A', ':');
	}

	verifyHalf(ticket, user) {
		const age = ticket.startsWith('PVE:!tfa!') ? this.age(ticket, `:${user}`) : null;
		return age !== null && age >= -LOGIN_SKEW_S && age <= LOGIN_LIFE_S;
	}

	csrf(user) {
		const time = this.hexTime();
		return `${time}:${this.csrfMac(time, user)}`;
	}

	csrfMac(time, user) {
		const mac = createHmac('sha256', this.key).update(`csrf ${time}:${user}`);
		return mac.digest('base64').replace(/=+$/, '');
	}

	verifyCsrf(token, user) {
		const m = /^([0-9A-F]{8}):(.+)$/.exec(token ?? '');
		if (!m || m[2] !== this.csrfMac(m[1], user))
			return false;
		const age = Math.floor(this.now() / 1000) - parseInt(m[1], 16);
		return age >= -LOGIN_SKEW_S && age <= LOGIN_LIFE_S;
	}

	/* port is '' where tickets are not bound to ports; password '' before April 2026. */
	vnc({ user, path, port, password }) {
		const prefix = password ? `${password}:PVEVNC` : 'PVEVNC';
		return this.assemble(prefix, `:${user}:${path}:${port}`);
	}

	verifyVnc(ticket, { user, path, port }) {
		const bound = `:${user}:${path}:${port}`;
		const age = /(^|:)PVEVNC:/.test(ticket) ? this.age(ticket, bound) : null;
		return age !== null && age >= -VNC_SKEW_S && age <= VNC_LIFE_S;
	}
}

/* Eight characters of Proxmox's alphabet, ! to backtick. */
export function consolePassword() {
	let out = '';
	for (let i = 0; i < 8; i++)
		out += String.fromCharCode(randomInt(FIRST_CHAR, LAST_CHAR + 1));
	return out;
}
