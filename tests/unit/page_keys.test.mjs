// SPDX-License-Identifier: MIT
//
// The console page's keys that need no browser: what is held, how fast a text is typed.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Answers, QUESTION } from '../../novnc/answers.js';
import { Modifiers, MODIFIERS } from '../../novnc/modifiers.js';
import { pictureName } from '../../novnc/picture.js';
import { EVENT_MS, typeBatches } from '../../novnc/typist.js';

const { ctrl, alt } = MODIFIERS;
const A = [0x61, 'KeyA'];

/* Modifiers before a recorder: what is sent, as '+code' and '-code'. */
function held() {
	const sent = [];
	const states = {};
	const modifiers = new Modifiers((name, state) => {
		states[name] = state;
	});
	const record = (keysym, code, down) => sent.push(`${down ? '+' : '-'}${code ?? keysym}`);
	return { modifiers, sent, states, record, send: modifiers.before(record) };
}

test('a modifier goes off, once, locked, off', () => {
	const { modifiers, sent, states } = held();
	const seen = [1, 2, 3].map(() => {
		modifiers.press('alt');
		return states.alt;
	});
	assert.deepEqual(seen, ['once', 'locked', 'off']);
	assert.deepEqual(sent, ['+AltLeft', '-AltLeft']);
});

test('what is held once goes down with the next key and up with it, also when it repeats', () => {
	const { modifiers, sent, states, send } = held();
	modifiers.press('ctrl');
	send(ctrl.keysym, 'ControlRight', true);
	send(ctrl.keysym, 'ControlRight', false);
	send(0xfe03, 'AltRight', true);
	send(0xfe03, 'AltRight', false);
	assert.equal(states.ctrl, 'once');
	sent.length = 0;
	send(...A, true);
	send(...A, true);
	send(0x62, 'KeyB', true);
	send(0x62, 'KeyB', false);
	send(...A, false);
	assert.deepEqual(sent, ['+ControlLeft', '+KeyA', '+KeyA', '+KeyB', '-KeyB', '-KeyA',
		'-ControlLeft']);
	assert.equal(states.ctrl, 'off');
});

test('a key without a place is known by its keysym', () => {
	const { modifiers, sent, send } = held();
	modifiers.press('ctrl');
	send(0x63, null, true);
	send(0x63, null, false);
	assert.deepEqual(sent, ['+ControlLeft', '+99', '-99', '-ControlLeft']);
});

test('letting go sends what is down, and nothing else', () => {
	const { modifiers, sent, states, send } = held();
	modifiers.press('ctrl');
	modifiers.press('alt');
	modifiers.press('alt');
	modifiers.release();
	assert.deepEqual(sent, ['+AltLeft', '-AltLeft']);
	assert.deepEqual([states.ctrl, states.alt], ['off', 'off']);
	sent.length = 0;
	modifiers.press('ctrl');
	send(...A, true);
	modifiers.release();
	send(...A, false);
	assert.deepEqual(sent, ['+ControlLeft', '+KeyA', '-ControlLeft', '-KeyA']);
});

test('a new connection begins with nothing held, and the old one hears nothing of it', () => {
	const { modifiers, sent, states, record } = held();
	modifiers.press('alt');
	modifiers.press('alt');
	sent.length = 0;
	const send = modifiers.before(record);
	assert.equal(states.alt, 'off');
	send(...A, true);
	assert.deepEqual(sent, ['+KeyA']);
	assert.equal(alt.code, 'AltLeft');
});

const ANSWER = [0, 0, 0, 1, 0, 0, 0, 0, 2, 208, 1, 144, 0xff, 0xff, 0xfe, 0xcc];

test('an answer is found however the bytes are cut, and nothing else is one', () => {
	const stream = Uint8Array.from([9, 0, 0, 0, ...ANSWER, 1, 0, 0, 0, 0, 0, 0, ...ANSWER,
		...ANSWER.slice(0, 15), 0xcd, 0, 0, 0, 1, 0, 1, ...ANSWER.slice(6)]);
	assert.equal(new Answers().count(stream), 2);
	for (let size = 1; size <= stream.length; size++) {
		const answers = new Answers();
		let found = 0;
		for (let at = 0; at < stream.length; at += size)
			found += answers.count(stream.subarray(at, at + size));
		assert.equal(found, 2, `pieces of ${size}`);
	}
	assert.deepEqual([...QUESTION], [3, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
});

const BATCHES = [1, 2, 3].map((n) => ({
	events: [{ keysym: n, code: 'KeyA', down: true }, { keysym: n, code: 'KeyA', down: false }],
	characters: 10,
}));

/* Types BATCHES; gives what happened, in its order. */
async function typed({ answers = () => true, speed = 'normal', stopAt = Infinity }) {
	const stop = new AbortController();
	const log = [];
	const note = (what) => {
		log.push(what);
		if (log.length >= stopAt)
			stop.abort();
	};
	const done = await typeBatches(BATCHES, speed, stop.signal, {
		send: (keysym, code, down) => note(`${down ? '+' : '-'}${keysym}`),
		answered: async () => {
			note('ask');
			return answers();
		},
		wait: async (ms) => note(ms), progress: (n) => note(`${n} done`),
	});
	return { log, done };
}

test('a batch is given the time of its keys, and the next one waits for the answer', async () => {
	for (const speed of ['normal', 'slow']) {
		const { log, done } = await typed({ speed });
		assert.deepEqual(log, [1, 2, 3].flatMap((n) => [`+${n}`, `-${n}`, `${n * 10} done`, 'ask',
			2 * EVENT_MS[speed]]));
		assert.equal(done, 30);
	}
	/* QEMU gives a machine a key each 10 ms; that is not to be met to the millisecond. */
	assert.ok(EVENT_MS.normal > 10);
	const { log } = await typed({ answers: () => new Promise(() => {}), stopAt: 5 });
	assert.deepEqual(log, ['+1', '-1', '10 done', 'ask', 2 * EVENT_MS.normal]);
});

test('stopped, it ends after the batch that it is in, whoever does not answer', async () => {
	const { log, done } = await typed({ answers: () => new Promise(() => {}), stopAt: 4 });
	assert.equal(done, 10);
	assert.equal(log.includes('+2'), false);
});

test('a picture is named after its moment alone', () => {
	assert.equal(pictureName(new Date(2026, 0, 2, 3, 4, 5)), 'console_2026-01-02_03-04-05.png');
});
