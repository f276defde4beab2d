// SPDX-License-Identifier: MIT
//
// POST /create over HTTP with bodies that must be refused by name. The unit tests have the
// large table; this one shows that a refusal reaches the backend as it should.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { multipart } from '../lib/http.mjs';
import { slow } from '../lib/wait.mjs';
import { pageOf, useWorld } from './world.mjs';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

/* Each: the field that the error must name, and the body (an object overrides fields). */
const LONG = 'a'.repeat(70);
const NOBODY = { username: undefined, password: undefined };
const BAD = [
	['hostname', { hostname: undefined }],
	['hostname', { hostname: '' }],
	['hostname', { hostname: 'https://host.example' }],
	['hostname', { hostname: 'host.example/path' }],
	['hostname', { hostname: 'host.example:8006' }],
	['hostname', { hostname: 'user@host.example' }],
	['hostname', { hostname: 'ho st' }],
	['hostname', { hostname: '[::1' }],
	['hostname', { hostname: 'a\r\nX: y' }],
	['hostname', { hostname: 'nul\0byte' }],
	['hostname', { hostname: 127 }],
	['hostname', { hostname: [] }],
	['hostname: entry 2', { hostname: ['127.0.0.1', 'https://host.example'] }],
	['hostname: entry 2', { hostname: ['127.0.0.1', '127.0.0.1'] }],
	['hostname', { hostname: Array.from({ length: 9 }, (_, i) => `127.0.0.${i + 1}`) }],
	['hostname', { hostname: 'x'.repeat(300) }],
	['port', { port: 0 }],
	['port', { port: 65536 }],
	['port', { port: -1 }],
	['port', { port: 8006.5 }],
	['port', { port: '8006x' }],
	['port', { port: ' 8006' }],
	['port', { port: true }],
	['node', { node: '' }],
	['node', { node: '../../access' }],
	['node', { node: 'a/b' }],
	['node', { node: 'n\u00f6de' }],
	['node', { node: LONG }],
	['username', { username: undefined }],
	['username', { username: '@pve' }],
	['username', { username: 'a b@pve' }],
	['username', { username: 'a:b@pve' }],
	['username', { username: LONG }],
	['password', { password: undefined }],
	['password', { password: '' }],
	['password', { password: 12345678 }],
	['password', { password: null }],
	['vmid', { vmid: undefined }],
	['vmid', { vmid: 99 }],
	['vmid', { vmid: 1000000000 }],
	['vmid', { vmid: '1e3' }],
	['vmid', { vmid: '0x65' }],
	['vmid', { vmid: [101] }],
	['vmid', { vmid: { a: 1 } }],
	['token_id', { ...NOBODY, token_id: 'a@pve', token_secret: 'x' }],
	['token_secret', { ...NOBODY, token_id: 'a@pve!panel', token_secret: 'a b' }],
	['token_secret: is missing', { ...NOBODY, token_id: 'a@pve!panel' }],
	['token_id: is missing', { ...NOBODY, token_secret: 'x' }],
	['username and token_id', { token_id: 'a@pve!panel' }],
	['password and token_secret', { token_secret: 'x' }],
	['otp: must be 6 digits', { otp: '12345' }],
	['otp: must be a text in quotes', { otp: 123456 }],
	['otp and token_id', { ...NOBODY, token_id: 'a@pve!panel', token_secret: 'x', otp: '123456' }],
	['otp and username', { username: 'a@pve!panel', password: 'x', otp: '123456' }],
	['type', { type: 'vm' }],
	['type: node shells are not allowed here (allow_node_shell)', { type: 'node' }],
	['console', { console: 'spice' }],
	['serial', { console: 'term', serial: 4 }],
	['serial and console', { serial: 0 }],
	['serial and type', { console: 'term', serial: 0, type: 'lxc' }],
	['fingerprint and hostname', { hostname: ['a', 'b'], fingerprint: 'ab'.repeat(32) }],
	['hostnme', { hostnme: 'typo' }],
	['Password', { Password: 'case' }],
	['', '{'],
	['', ''],
	['', '[]'],
	['', '"text"'],
	['', 'null'],
	['', `${'['.repeat(5000)}`],
	['', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
];

describe('bad bodies', () => {
	const w = useWorld({ prepared: pageOf('vnc.html', 'term.html') });
	const post = (body, headers = JSON_TYPE) => w.gw.request('/create',
		{ method: 'POST', body, headers: w.gw.auth(headers) });

	function refused(res, field) {
		assert.equal(res.status, 400, res.text);
		assert.equal(res.json.status, 'error');
		assert.equal(res.json.token, '');
		assert.ok(res.json.error.includes(field), `"${res.json.error}" names ${field}`);
	}

	BAD.forEach(([field, what], i) => {
		const shown = typeof what === 'string' ? what : JSON.stringify(what) ?? 'bytes';
		test(`${i + 1}: ${field || 'body'}: ${shown.slice(0, 50)}`, async () => {
			const body = typeof what === 'string' || Buffer.isBuffer(what) ? what
				: JSON.stringify(w.gw.params(what));
			refused(await post(body), field);
		});
	});

	test('a field given twice is named', async () => {
		const text = JSON.stringify(w.gw.params());
		refused(await post(`${text.slice(0, -1)},"node":"other"}`), 'node');
	});

	test('a multipart body without params says so', async () => {
		const form = multipart({ parms: '{}' });
		refused(await post(form.body, form.headers), 'params');
	});

	test('a multipart body with params twice is refused', async () => {
		const one = `--b\r\nContent-Disposition: form-data; name="params"\r\n\r\n` +
			`${JSON.stringify(w.gw.params())}\r\n`;
		refused(await post(`${one}${one}--b--\r\n`,
			{ 'Content-Type': 'multipart/form-data; boundary=b' }), 'params');
	});

	test('a form body without params says so', async () => {
		refused(await post('param=%7B%7D', FORM_TYPE), 'params');
	});

	test('a form body with params twice is refused', async () => {
		const one = `params=${encodeURIComponent(JSON.stringify(w.gw.params()))}`;
		refused(await post(`${one}&${one}`, FORM_TYPE), 'params');
	});

	test('a password is never echoed, whatever is wrong', async () => {
		const secret = 'Uncommon-Secret-77';
		for (const fields of [{ vmid: 1 }, { password: [secret] }, { node: '' }, { nod: 1 }]) {
			const res = await post(JSON.stringify(w.gw.params({ password: secret, ...fields })));
			assert.equal(res.status, 400);
			assert.ok(!res.text.includes(secret), res.text);
		}
		assert.ok(!(await w.gw.fullLog()).includes(secret));
	});

	/* Whatever a value is taken for, it is not told: not to the caller, and not to the log. */
	const SECRETS = ['Uncommon-Secret-78', 'uncommonSecret&UncommonSecret=78', 'Uncommon"Secret\n78',
		'https://user:Uncommon-Secret-78@host.example/', 'UNCOMMON:SECRET:'.repeat(40)];

	const OTHERS = ['token_id', 'token_secret', 'otp', 'type', 'console', 'serial', 'fingerprint'];

	test('no value of any field is told, in any form and type', async () => {
		const wrong = (s) => [s, [s], { [s]: s }, `${s}\u0000`, `${s} `, s.repeat(300)];
		for (const field of [...Object.keys(w.gw.params()), ...OTHERS])
			for (const value of SECRETS.flatMap(wrong)) {
				const text = JSON.stringify(w.gw.params({ [field]: value, vmid: 1 }));
				const cut = text.slice(0, Math.floor(text.length / 2));
				for (const [body, headers] of [[text], [cut], [text, FORM_TYPE], [cut, FORM_TYPE],
					[`params=${text}`, FORM_TYPE], [`${cut.slice(0, -1)}\x01"}`]]) {
					const res = await post(body, headers);
					assert.ok(res.status === 400 || res.status === 413, res.text);
					assert.doesNotMatch(res.text.replaceAll('token_secret', ''), /uncommon|secret/i);
				}
			}
		assert.doesNotMatch(await w.gw.fullLog(), /uncommon|secret(?!.*authoris)/i);
	});

	for (const [what, body] of [
		['objects in a field', `{"vmid":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`],
		['arrays in a field', `{"vmid":${'['.repeat(30000)}${']'.repeat(30000)}}`],
		['as deep as the parser goes', `{"vmid":${'['.repeat(2000)}${']'.repeat(2000)}}`],
		['a number of 60000 digits', `{"vmid":${'9'.repeat(60000)}}`],
		['a number beyond all numbers', '{"vmid":1e999999}'],
		['a number near zero', `{"vmid":1e-999999}`],
		['an integer that has no room', '{"vmid":99999999999999999999999999}'],
		['an integer that is one as a fraction', '{"port":8006.0}'],
		['9000 fields', `{${Array.from({ length: 6000 }, (_, i) => `"a${i}":1`)}}`],
		['the same field 5000 times', `{${Array(5000).fill('"vmid":1')}}`],
		['a key with a NUL', '{"vmid\\u0000x":1}'],
		['half a surrogate', '{"node":"\\ud800"}'],
		['a byte order mark', '\ufeff{}'],
		['overlong UTF-8', Buffer.from('{"node":"\xc0\xaf"}', 'latin1')],
		['UTF-16', Buffer.from('{"vmid":1}', 'utf16le')],
		['a comment', '{/**/}'], ['a second object', '{}{}'], ['NaN', '{"vmid":NaN}'],
	])
		test(`a body of ${what} is refused, and quickly`, async () => {
			const start = Date.now();
			const res = await post(body);
			assert.equal(res.status, 400, res.text);
			assert.equal(res.json.token, '');
			assert.ok(res.text.length < 300, res.text);
			assert.ok(Date.now() - start < slow(2000));
		});

	test('no refused body leaves a token behind, and none reached Proxmox', async () => {
		assert.equal((await w.gw.status()).pending_tokens, 0);
		assert.equal(w.pve.requests.length, 0);
	});

	test('a good body still works', async () => {
		assert.equal((await w.gw.create()).status, 200);
	});
});
