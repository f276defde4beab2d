// SPDX-License-Identifier: MIT
//
// second_factors - judges TOTP codes, and remembers who failed how often.
//
// A code comes as totp:CODE. After eight failures the user's TOTP is locked, which looks like
// any other failure. A client that tries a code again that was refused, or one that is used
// up, only brings that nearer: a violation.

const LIMIT = 8;

export class SecondFactors {
	constructor(pve) {
		this.pve = pve;
		this.forget();
	}

	forget() {
		this.users = new Map();
	}

	of(user) {
		if (!this.users.has(user))
			this.users.set(user, { failures: 0, spent: new Set() });
		return this.users.get(user);
	}

	failures(user) {
		return this.of(user).failures;
	}

	locked(user) {
		return this.of(user).failures >= LIMIT;
	}

	accepts(user, answer) {
		const state = this.of(user);
		const { totp, once } = this.pve.users[user].tfa;
		if (state.spent.has(answer))
			this.pve.records.violation(`${user}: a second factor tried again`);
		const good = answer === `totp:${totp}` && !state.spent.has(answer) && !this.locked(user);
		if (!good || once)
			state.spent.add(answer);
		state.failures = good ? 0 : state.failures + 1;
		return good;
	}
}
