// SPDX-License-Identifier: MIT
//
// The console page's parts that need no browser, and what its files promise.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Backoff } from '../../novnc/backoff.js';
import { Connection } from '../../novnc/connection.js';
import { allEndingWords, endingOfCause, endingOfClose } from '../../novnc/endings.js';
import { merge, socketUrl } from '../../novnc/settings.js';
import { rows, text } from '../../novnc/text.js';
import { difference, keysymOf } from '../../novnc/typing.js';

const PAGE = new URL('../../novnc/', import.meta.url);

test('pauses grow, are bounded, and start anew after a reset', () => {
	const least = new Backoff(() => 1);
	const most = new Backoff(() => 0);
	const pauses = (b) => Array.from({ length: 8 }, () => b.next());

	assert.deepEqual(pauses(most), [1, 2, 4, 8, 15, 30, 30, 30].map((s) => s * 1000));
	assert.deepEqual(pauses(least),
		[800, 1600, 3200, 6400, 12000, 24000, 24000, 24000]);
	most.reset();
	assert.equal(most.next(), 1000);
});

test('mandatory settings win over defaults, and both over the built-in ones', () => {
	const settings = merge({ resize: 'off', shared: false, quality: 3, path: 'a' },
		{ resize: 'scale', password: 'p', path: 'vnc-proxy', encrypt: false });
	assert.equal(settings.resize, 'scale');
	assert.equal(settings.shared, false);
	assert.equal(settings.quality, 3);
	assert.equal(settings.path, 'vnc-proxy');
	assert.equal(settings.password, 'p');
	assert.equal(settings.autoconnect, true);
});

test('a setting of the wrong kind counts as absent, an unknown one is ignored', () => {
	const settings = merge(undefined, {
		autoconnect: 'false', resize: 'huge', quality: 10, password: 5, port: '70000',
		path: 'wss://evil.test/', host: null, script: 'x', __proto__: { shared: false },
	});
	assert.deepEqual(settings, merge(undefined, undefined));
});

test('the websocket is beside the page, on the page’s own server and scheme', () => {
	const url = (page, mandatory = {}) => socketUrl(merge(null, mandatory), page);
	const query = '?host=evil.test&port=1#path=x';

	assert.equal(url(`http://a.test:22000/key/${query}`), 'ws://a.test:22000/key/vnc-proxy');
	assert.equal(url('https://a.test/x/key/vnc.html'), 'wss://a.test/x/key/vnc-proxy');
	assert.equal(url('http://[::1]:22000/key/'), 'ws://[::1]:22000/key/vnc-proxy');
	assert.equal(url('https://proxy.test/key/', { host: '', port: '22000', encrypt: false }),
		'wss://proxy.test/key/vnc-proxy');
	for (const path of ['//evil.test/x', 'https://evil.test/x', '\\\\evil.test\\x'])
		assert.equal(new URL(url('http://a.test/key/', { path })).host, 'a.test');
});

test('a host in the settings is used with its port and scheme', () => {
	const url = (m) => socketUrl(merge(null, m), 'http://a.test:80/key/');
	assert.equal(url({ host: 'b.test', port: 443, encrypt: true }),
		'wss://b.test/key/vnc-proxy');
	assert.equal(url({ host: '2001:db8::1', port: '22001' }),
		'ws://[2001:db8::1]:22001/key/vnc-proxy');
	assert.equal(url({ host: '192.0.2.7' }), 'ws://192.0.2.7/key/vnc-proxy');
});

test('each Close code has its words, and tries again or not', () => {
	const next = (code) => endingOfClose(code, '', true).next;
	assert.deepEqual([1001, 4001, 4002, 1000, 1005, 1006, 1011].map(next),
		Array(7).fill('retry'));
	assert.deepEqual([4000, 4005, 4006, 4999].map(next), Array(4).fill('over'));
	assert.deepEqual([4003, 4004].map(next), ['ask', 'ask']);
	const codes = [1001, 4000, 4001, 4002, 4003, 4004, 4005, 4006, 1006];
	const words = codes.map((code) => endingOfClose(code, '', true).words);
	assert.equal(new Set(words).size, codes.length);
});

test('a reason is one tidy line, and only from codes that carry a customer’s text', () => {
	assert.equal(endingOfClose(4001, ' a\n\tb\u0000c\u202e ', true).reason, 'a b c');
	assert.equal(endingOfClose(4001, undefined, true).reason, '');
	assert.ok(endingOfClose(4000, 'x'.repeat(1000), true).reason.length <= 200);
	assert.equal(endingOfClose(1011, 'internals', true).reason, '');
});

test('every ending has a title and an explanation, with words for customers', () => {
	for (const words of allEndingWords())
		assert.equal(text('words', words).filter((s) => s !== '').length, 2, words);
	for (const cause of ['gone', 'nothing', 'password', 'silent'])
		assert.match(text('words', endingOfCause(cause).words)[1], /new link/, cause);
	for (const code of [4000, 4003, 4004, 4005, 4321])
		assert.match(text('words', endingOfClose(code, '', true).words)[1], /new link/);
});

test('an edit is told as what to erase and what to type', () => {
	assert.deepEqual(difference('__', '__ab'), { erase: 0, type: ['a', 'b'] });
	assert.deepEqual(difference('__teh', '__the'), { erase: 2, type: ['h', 'e'] });
	assert.deepEqual(difference('__a', ''), { erase: 3, type: [] });
	assert.deepEqual(difference('_', '_😀'), { erase: 0, type: ['😀'] });
	assert.equal(keysymOf('\n', () => 0), 0xff0d);
	assert.equal(keysymOf('\t', () => 0), 0xff09);
	assert.equal(keysymOf('é', (u) => u), 0xe9);
});

/* A Connection in a world where time passes only when told to. */
function world(answers) {
	const w = { states: [], screens: [], loads: 0, timers: new Map(), time: 0, answers };
	let ids = 0;
	const clock = {
		now: () => w.time,
		setTimeout: (f, ms) => {
			w.timers.set(++ids, { f, at: w.time + ms });
			return ids;
		},
		clearTimeout: (id) => w.timers.delete(id),
	};
	w.connection = new Connection({
		load: async () => {
			w.loads++;
			return w.answers.length > 1 ? w.answers.shift() : w.answers[0];
		},
		open: (settings, events) => {
			const screen = { events, open: true };
			screen.close = () => {
				screen.open = false;
			};
			w.screens.push(screen);
			return screen;
		},
		show: (state) => w.states.push(state),
		clock, random: () => 0,
	});
	w.settle = () => new Promise(setImmediate);
	w.pass = async (ms) => {
		for (const end = w.time + ms; ;) {
			const due = [...w.timers].filter(([, x]) => x.at <= end)
				.sort(([, a], [, b]) => a.at - b.at)[0];
			w.time = due ? Math.max(w.time, due[1].at) : end;
			if (!due)
				return;
			w.timers.delete(due[0]);
			due[1].f();
			await w.settle();
		}
	};
	Object.defineProperty(w, 'state', { get: () => w.states.at(-1) });
	Object.defineProperty(w, 'screen', { get: () => w.screens.at(-1) });
	return w;
}

const summary = ({ state }) => [state.phase, state.words, state.action];

const OK = { kind: 'ok', settings: merge(null, { password: 'p' }) };

async function startedWorld(...answers) {
	const w = world(answers.length ? answers : [OK]);
	w.connection.start();
	await w.settle();
	return w;
}

test('a connection that lasted starts its pauses anew, a short one does not', async () => {
	const w = await startedWorld();
	const pauses = [];
	for (const lasted of [0, 0, 9999, 10000, 0]) {
		w.screen.events.connected();
		await w.pass(lasted);
		w.screen.events.ended(1006, '');
		pauses.push(w.state.seconds);
		await w.pass(30000);
	}
	assert.deepEqual(pauses, [1, 2, 4, 1, 2]);
});

test('a guest that is off is asked for as long as its session lives', async () => {
	const w = await startedWorld();
	for (let i = 0; i < 200; i++) {
		w.screen.events.ended(4001, '');
		await w.pass(30000);
	}
	assert.equal(w.screens.length, 201);
	w.answers = [{ kind: 'gone' }];
	w.screen.events.ended(4001, '');
	await w.pass(30000);
	assert.deepEqual(summary(w), ['ended', 'gone', null]);
	const { loads } = w;
	w.connection.connect();
	w.connection.wake();
	w.connection.networkChanged();
	await w.pass(3600000);
	assert.equal(w.loads, loads);
});

test('silence is waited for at least five minutes, and any answer ends it', async () => {
	const w = await startedWorld(OK, { kind: 'silent' });
	w.screen.events.ended(1001, '');
	await w.pass(290000);
	assert.deepEqual([w.state.phase, w.state.words], ['waiting', 'unreachable']);
	await w.pass(60000);
	assert.deepEqual(summary(w), ['ended', 'silent', 'again']);

	w.answers = [OK];
	w.connection.connect();
	await w.settle();
	assert.equal(w.state.phase, 'reconnecting');
	w.screen.events.connected();
	assert.equal(w.state.phase, 'connected');
});

test('a machine that slept tries at once, and was not silent meanwhile', async () => {
	const w = await startedWorld(OK, { kind: 'silent' });
	w.screen.events.ended(1006, '');
	await w.pass(1000);
	w.time += 8 * 3600 * 1000;
	await w.pass(200);
	assert.equal(w.loads, 3);
	assert.equal(w.state.phase, 'waiting');
});

test('what an older try reports is not heard', async () => {
	const w = await startedWorld();
	const old = w.screen;
	old.events.connected();
	w.connection.networkChanged();
	assert.equal(old.open, false);
	await w.settle();
	old.events.ended(4000, '');
	old.events.failed('password');
	assert.equal(w.state.phase, 'reconnecting');
	w.screen.events.connected();
	assert.equal(w.state.phase, 'connected');
});

test('a wrong password is fetched anew once for each good connection', async () => {
	const w = await startedWorld();
	w.screen.events.failed('password');
	await w.settle();
	w.screen.events.connected();
	w.screen.events.ended(1006, '');
	await w.pass(1000);
	w.screen.events.failed('password');
	await w.settle();
	assert.equal(w.screens.length, 4);
	w.screen.events.failed('password');
	assert.deepEqual(summary(w), ['ended', 'password', 'again']);
});

test('with reconnect off a lost connection waits for the button', async () => {
	const settings = merge({ reconnect: false }, { password: 'p' });
	const w = await startedWorld({ kind: 'ok', settings });
	w.screen.events.ended(1006, '');
	assert.deepEqual([w.state.phase, w.state.action], ['ended', 'again']);
});

test('the markup names texts that exist, and holds no script or style of its own', () => {
	const html = readFileSync(new URL('vnc.html', PAGE), 'utf8');
	const named = [...html.matchAll(/data-(?:text|label)="(\w+)"/g)].map((m) => m[1]);
	assert.ok(named.length > 8);
	for (const key of named)
		assert.ok(rows('labels').includes(key), key);
	for (const [, key] of html.matchAll(/data-key="(\w+)"/g))
		assert.ok(rows('keys').includes(key), key);
	assert.doesNotMatch(html,
		/<style|\sstyle=|\son\w+=|<script(?![^>]* src=)[^>]*>|https?:/i);
});

test('no file that customers can read names what the page hides', () => {
	const files = ['', 'layouts/'].flatMap((folder) => readdirSync(new URL(folder, PAGE))
		.map((f) => folder + f)).filter((f) => /\.(html|js|css|svg)$/.test(f));
	assert.ok(files.length > 30);
	for (const file of files) {
		const content = readFileSync(new URL(file, PAGE), 'utf8');
		assert.doesNotMatch(content, /proxmox|\bpve/i, file);
		if (/\.html$|^text_|^icon/.test(file))
			assert.doesNotMatch(content, /novnc/i, file);
	}
});
