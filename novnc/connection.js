// SPDX-License-Identifier: MIT
//
// connection - keeps one console open for as long as its session lives.
//
// It asks for the settings, opens a screen, and when that ends decides by
// endings.js whether to try again, after a pause that grows, or to stop. What it
// is doing goes to `show`, as a state:
//   { phase, words, reason, action, seconds, settings }
//   phase    idle, connecting, connected, waiting, reconnecting or ended
//   action   the button to offer (a row of the actions in text.js) or null
//   seconds  until the next try, while waiting
//
// It knows neither the page nor the VNC client: all comes in by the constructor,
//   load()                   as in settings.js
//   open(settings, events)   opens a screen, returns { close() }; calls one of
//                            events.ended(code, reason) and events.failed(cause)
//                            once, and events.connected() before, if ever
//   show(state)
//   clock                    { now(), setTimeout(), clearTimeout() }

import { Backoff } from './backoff.js';
import { endingOfCause, endingOfClose } from './endings.js';

/* A connection that lived this long was a good one: pauses start anew. */
const LASTED_MS = 10000;

/* Pauses spent in a row without any answer from the gateway, until the page stops. */
const SILENCE_MS = 5 * 60 * 1000;

const TICK_MS = 200;

const WALL_CLOCK = {
	now: () => Date.now(),
	setTimeout: (f, ms) => setTimeout(f, ms),
	clearTimeout: (id) => clearTimeout(id),
};

export class Connection {
	#load;
	#open;
	#show;
	#clock;
	#backoff;
	#state = { phase: 'idle', words: 'connecting', reason: '', action: null, seconds: 0 };
	#settings = null;
	#screen = null;
	#timer = null;
	#try = 0;               /* counts tries: what an older one reports is ignored */
	#silent_ms = 0;
	#connected_at = null;
	#password_retried = false;

	constructor({ load, open, show, clock = WALL_CLOCK, random = Math.random }) {
		this.#load = load;
		this.#open = open;
		this.#show = show;
		this.#clock = clock;
		this.#backoff = new Backoff(random);
	}

	/* Begin. With `autoconnect` off it waits for connect(). */
	start() {
		this.#ask('connecting', true);
	}

	/* Try at once, when that is what the button offers. */
	connect() {
		if (!['connect', 'now', 'again'].includes(this.#state.action))
			return;
		this.#silent_ms = 0;
		this.#ask(this.#state.phase === 'idle' ? 'connecting' : 'reconnecting');
	}

	/* There may be a network again: don't sit out the pause. */
	wake() {
		if (this.#state.phase === 'waiting')
			this.#ask('reconnecting');
	}

	/* The network went and came back: a connection of before is not worth waiting for. */
	networkChanged() {
		if (this.#state.phase === 'connected')
			this.#ask('reconnecting', false, { words: 'lost', reason: '' });
		else
			this.wake();
	}

	#set(state) {
		this.#state = { ...this.#state, action: null, ...state, settings: this.#settings };
		this.#show(this.#state);
	}

	/* Drop whatever is under way; nothing of it will be heard of again. */
	#drop() {
		this.#try++;
		this.#clock.clearTimeout(this.#timer);
		this.#screen?.close();
		this.#screen = null;
		this.#connected_at = null;
	}

	async #ask(phase, first = false, why = {}) {
		this.#drop();
		const mine = this.#try;
		const words = phase === 'connecting' ? { words: 'connecting', reason: '' } : why;
		this.#set({ phase, ...words });

		const answer = await this.#load();
		if (mine !== this.#try)
			return;
		if (answer.kind === 'gone')
			return this.#end(endingOfCause(this.#settings ? 'gone' : 'nothing'));
		if (answer.kind === 'silent')
			return this.#end(endingOfCause('unreachable'));

		this.#silent_ms = 0;
		this.#settings = answer.settings;
		if (first && !answer.settings.autoconnect)
			this.#set({ phase: 'idle', words: 'idle', action: 'connect' });
		else
			this.#openScreen(mine);
	}

	#openScreen(mine) {
		const heard = (f) => (...args) => mine === this.#try && f(...args);
		this.#screen = this.#open(this.#settings, {
			connected: heard(() => this.#connected()),
			ended: heard((code, reason) => this.#ended(code, reason)),
			failed: heard((cause) => this.#failed(cause)),
		});
	}

	#connected() {
		this.#connected_at = this.#clock.now();
		this.#password_retried = false;
		this.#set({ phase: 'connected', words: 'connecting', reason: '' });
	}

	#ended(code, reason) {
		const since = this.#connected_at;
		if (since !== null && this.#clock.now() - since >= LASTED_MS)
			this.#backoff.reset();
		this.#end(endingOfClose(code, reason, since !== null));
	}

	#failed(cause) {
		/* The password may have been minted anew: ask once more before giving up. */
		if (cause === 'password' && !this.#password_retried) {
			this.#password_retried = true;
			this.#ask(this.#state.phase);
			return;
		}
		this.#end(endingOfCause(cause));
	}

	#end({ next, words, reason }) {
		this.#drop();
		if (next === 'over')
			this.#set({ phase: 'ended', words, reason });
		else if (next === 'reload')
			this.#set({ phase: 'ended', words, reason, action: 'reload' });
		else if (next === 'ask' || this.#settings?.reconnect === false)
			this.#set({ phase: 'ended', words, reason, action: 'again' });
		else
			this.#wait(words, reason);
	}

	#wait(words, reason) {
		const pause_ms = this.#backoff.next();
		if (words === 'unreachable') {
			this.#silent_ms += pause_ms;
			if (this.#silent_ms > SILENCE_MS)
				return this.#end(endingOfCause('silent'));
		}
		this.#countdown(this.#clock.now() + pause_ms, words, reason);
	}

	/* Counts by the clock, not by ticks: a sleeping machine or tab makes no ticks. */
	#countdown(until, words, reason) {
		const left_ms = until - this.#clock.now();
		if (left_ms <= 0)
			return this.#ask('reconnecting');

		const seconds = Math.ceil(left_ms / 1000);
		if (this.#state.phase !== 'waiting' || this.#state.seconds !== seconds)
			this.#set({ phase: 'waiting', words, reason, seconds, action: 'now' });
		this.#timer = this.#clock.setTimeout(() => this.#countdown(until, words, reason),
			Math.min(TICK_MS, left_ms));
	}
}
