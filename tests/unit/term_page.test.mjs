// SPDX-License-Identifier: MIT
//
// The terminal page's parts that need no browser, and what its files promise.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { merge, socketUrl } from '../../novnc/settings.js';
import { Acks, fitSize, inputMessages, resizeLine } from '../../novnc/term_flow.js';
import { keySequence, modified, shortcutOf } from '../../novnc/term_keys.js';
import { boundedMarks } from '../../novnc/term_marks.js';
import { cleanPaste, hasLineEnd, linkTarget, offeredText } from '../../novnc/term_paste.js';
import { CONTRAST, MATCHES, THEMES } from '../../novnc/term_theme.js';
import { rows } from '../../novnc/text.js';

const PAGE = new URL('../../novnc/', import.meta.url);
const PLAIN = { ctrl: false, alt: false };
const CTRL = { ctrl: true, alt: false };
const ALT = { ctrl: false, alt: true };
const BOTH = { ctrl: true, alt: true };

test('every byte that was shown is acknowledged once, at the latest every 64 KiB', () => {
	for (const size of [1, 4096, 65536, 262144]) {
		const acks = new Acks();
		let shown = 0;
		let told = 0;
		for (let i = 0; i < 200; i++) {
			const line = acks.shown(size);
			shown += size;
			if (line !== null) {
				assert.match(line, /^ack [1-9]\d*$/);
				told += Number(line.slice(4));
			}
			assert.ok(told <= shown && shown - told < 65536, `${shown - told} unacknowledged`);
		}
	}
});

test('a few bytes are not acknowledged one by one', () => {
	const acks = new Acks();
	assert.deepEqual([0, 1, 1000].map((n) => acks.shown(n)), [null, null, null]);
});

test('a size is what the gateway takes, however large or small the window is', () => {
	assert.equal(resizeLine(fitSize({ cols: 80, rows: 24 })), 'resize 80 24');
	assert.deepEqual(fitSize({ cols: 5000, rows: 0 }), { cols: 1000, rows: 1 });
	assert.deepEqual(fitSize({ cols: 80.9, rows: 24.2 }), { cols: 80, rows: 24 });
});

test('what is typed goes out as UTF-8, in pieces that add up', () => {
	const text = 'a€😀'.repeat(20000);
	const messages = inputMessages(text);
	assert.ok(messages.length > 1 && messages.every((m) => m.length <= 16384));
	assert.equal(Buffer.concat(messages).toString(), text);
	assert.deepEqual(inputMessages(''), []);
});

test('the key bar’s keys are what xterm sends', () => {
	const bytes = (key, modifiers = PLAIN, application = false) =>
		keySequence(key, modifiers, application);
	assert.equal(bytes('esc'), '\x1b');
	assert.equal(bytes('tab'), '\t');
	assert.equal(bytes('up'), '\x1b[A');
	assert.equal(bytes('up', PLAIN, true), '\x1bOA');
	assert.equal(bytes('left', CTRL, true), '\x1b[1;5D');
	assert.equal(bytes('end', ALT), '\x1b[1;3F');
	assert.equal(bytes('home', BOTH), '\x1b[1;7H');
	assert.equal(bytes('pageup'), '\x1b[5~');
	assert.equal(bytes('pagedown', CTRL), '\x1b[6;5~');
	assert.equal(bytes('/'), '/');
	assert.equal(bytes('-', ALT), '\x1b-');
	assert.equal(bytes('tab', ALT), '\x1b\t');
});

test('a held Ctrl or Alt changes the next key', () => {
	assert.equal(modified('c', CTRL), '\x03');
	assert.equal(modified('C', CTRL), '\x03');
	assert.equal(modified(' ', CTRL), '\x00');
	assert.equal(modified('[', CTRL), '\x1b');
	assert.equal(modified('\x7f', CTRL), '\b');
	assert.equal(modified('\r', CTRL), '\r');
	assert.equal(modified('ü', CTRL), 'ü');
	assert.equal(modified('b', ALT), '\x1bb');
	assert.equal(modified('😀', ALT), '\x1b😀');
	assert.equal(modified('x', BOTH), '\x1b\x18');
	assert.equal(modified('\x1b[A', CTRL), '\x1b[1;5A');
	assert.equal(modified('\x1bOB', ALT), '\x1b[1;3B');
	assert.equal(modified('\x1b[3~', CTRL), '\x1b[3;5~');
});

test('what the terminal answers by itself takes no held key, nor does a whole word', () => {
	const answers = ['\x1b[?1;2c', '\x1b[12;40R', '\x1b[I', '\x1b[O', '\x1b[<0;3;4M', '\x1b[0n',
		'\x1bP1$r0m\x1b\\', 'word ', '\x1b[200~x\x1b[201~', ''];
	for (const data of answers)
		assert.equal(modified(data, CTRL), null, JSON.stringify(data));
});

test('the page takes few keys for itself, and none that programs need', () => {
	const key = (k, held = '', code = '') => shortcutOf({
		key: k, code, ctrlKey: held.includes('c'), shiftKey: held.includes('s'),
		altKey: held.includes('a'), metaKey: held.includes('m'),
	});
	assert.equal(key('C', 'cs', 'KeyC'), 'copy');
	assert.equal(key('F', 'cs', 'KeyF'), 'search');
	assert.equal(key('C', 'cs', 'KeyI'), 'copy');          /* Dvorak */
	assert.equal(key('С', 'cs', 'KeyC'), 'copy');          /* Cyrillic */
	assert.equal(key('J', 'cs', 'KeyC'), null);
	assert.equal(key('+', 'c'), 'larger');
	assert.equal(key('=', 'c'), 'larger');
	assert.equal(key('+', 'cs'), 'larger');
	assert.equal(key('-', 'c'), 'smaller');
	assert.equal(key('0', 'c'), 'usual');
	for (const [k, held, code] of [['c', 'c', 'KeyC'], ['C', 's', 'KeyC'], ['f', 'c', 'KeyF'],
		['_', 'cs'], ['C', 'csa', 'KeyC'], ['+', 'm'], ['V', 'cs', 'KeyV'], ['0', 'ca'], ['a', '']])
		assert.equal(key(k, held, code), null, `${held} ${k}`);
});

test('pasted text has Return for its line ends, and no other control characters', () => {
	assert.equal(cleanPaste('a\r\nb\nc\rd\te'), 'a\rb\rc\rd\te');
	assert.equal(cleanPaste('x\x1b[201~rm\x00\x03\x7f\x9b\x85y'), 'x[201~rmy');
	assert.equal(cleanPaste('Grüße 😀'), 'Grüße 😀');
});

test('a text with a line end is told from one without', () => {
	assert.deepEqual(['', 'a b', 'a\n', 'a\r\nb', 'a\rb'].map(hasLineEnd),
		[false, false, true, true, true]);
});

test('a program may offer text for the clipboard, and never gets any', () => {
	const base64 = (s) => Buffer.from(s).toString('base64');
	assert.equal(offeredText(`c;${base64('Grüße')}`), 'Grüße');
	assert.equal(offeredText(`;${base64('a')}`), 'a');
	for (const bad of ['c;?', '?', '', 'c', 'c;', 'c;a b', `c;${base64('x')};y`,
		`c;${Buffer.from([0xff, 0xfe]).toString('base64')}`, `c;${'A'.repeat(300000)}`])
		assert.equal(offeredText(bad), null, bad.slice(0, 20));
});

test('a character wears as many marks as any script needs, and no more', () => {
	/* as xterm.js: width 1 for all but marks, which join what has a width before them */
	const usual = {
		wcwidth: (c) => (c === 0x301 ? 0 : 1),
		charProperties: (c, before) => (c === 0x301 && before >> 1 & 3 ? 0b011
			: usual.wcwidth(c) << 1),
	};
	const { charProperties } = boundedMarks(usual);
	const cells = (text) => {
		const marks = [];
		let before = 0;
		for (const character of text) {
			before = charProperties(character.codePointAt(0), before);
			if (before & 1)
				marks[marks.length - 1]++;
			else
				marks.push(0);
		}
		return marks;
	};
	const mark = '\u0301';
	assert.deepEqual(cells(`ae${mark}i${mark.repeat(3)}o`), [0, 1, 3, 0]);
	const many = cells(`e${mark.repeat(20000)}x`);
	assert.equal(Math.max(...many), 30);
	assert.equal(many.reduce((sum, n) => sum + n + 1, 0), 20002);
	assert.equal(many.at(-1), 0);
});

test('only addresses of the web are links', () => {
	assert.equal(linkTarget('https://a.test/x?y#z'), 'https://a.test/x?y#z');
	assert.equal(linkTarget('HTTP://a.test'), 'http://a.test/');
	for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'ssh://a',
		'x', '', ' javascript:alert(1)', 'blob:https://a.test/1', '//a.test/'])
		assert.equal(linkTarget(bad), null, bad);
});

/* WCAG 2.1: relative luminance, contrast ratio. */
function luminance(colour) {
	const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
		.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
	const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}

test('every colour can be read on the background, in light and in dark', () => {
	const vanishing = { dark: ['black'], light: ['white', 'brightWhite'] };
	const grounds = ['background', 'cursorAccent', 'selectionBackground'];
	for (const [name, theme] of Object.entries(THEMES)) {
		const inks = Object.keys(theme).filter((k) => !grounds.includes(k)
			&& !vanishing[name].includes(k));
		assert.equal(inks.length, name === 'dark' ? 17 : 16);
		for (const ink of inks) {
			const ratio = contrast(theme[ink], theme.background);
			assert.ok(ratio >= CONTRAST, `${name} ${ink}: ${ratio.toFixed(2)}`);
		}
		const ratio = contrast(theme.foreground, theme.selectionBackground);
		assert.ok(ratio >= CONTRAST, `${name} selection: ${ratio.toFixed(2)}`);
		assert.ok(contrast(theme.foreground, MATCHES[name]) >= CONTRAST, `${name} match`);
	}
});

test('the page around the terminal has the terminal’s background', () => {
	const css = readFileSync(new URL('term.css', PAGE), 'utf8');
	assert.deepEqual([...css.matchAll(/--screen: (#\w+)/g)].map((m) => m[1]),
		[THEMES.light.background, THEMES.dark.background]);
});

test('a terminal’s settings are known, and of use only when they fit', () => {
	const settings = merge({ font_size: 16, screen_reader: true },
		{ console: 'term', path: 'term-proxy' });
	assert.deepEqual([settings.font_size, settings.screen_reader, settings.console],
		[16, true, 'term']);
	assert.equal(socketUrl(settings, 'http://a.test:1/key/'), 'ws://a.test:1/key/term-proxy');
	const other = merge({ font_size: 5, screen_reader: 1, console: 'telnet' }, {});
	assert.deepEqual([other.font_size, other.screen_reader, other.console], [14, false, 'vnc']);
});

test('the terminal page names texts that exist, and holds no script or style of its own', () => {
	const html = readFileSync(new URL('term.html', PAGE), 'utf8');
	const named = [...html.matchAll(/data-(text|label|key)="([\w.]+)"/g)]
		.map(([, how, name]) => (how === 'key' ? `keys.${name}` : name).split('.').reverse());
	assert.ok(named.length > 60);
	for (const [row, group = 'labels'] of named)
		assert.ok(rows(group).includes(row), `${group}.${row}`);
	const used = new Set(named.filter(([, group]) => group === 'terminal').map(([row]) => row));
	const byScripts = ['screen', 'too_much', 'search_none', 'copied', 'not_copied'];
	assert.deepEqual([...used, ...byScripts].sort(), rows('terminal').sort());
	assert.doesNotMatch(html,
		/<style|\sstyle=|\son\w+=|<script(?![^>]* src=)[^>]*>|https?:|novnc/i);
});
