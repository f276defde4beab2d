// SPDX-License-Identifier: MIT
//
// POST /create over HTTP: body forms, defaults, the order of the checks, and every refusal.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatRequest, multipart, rawRequest } from '../lib/http.mjs';
import { until } from '../lib/wait.mjs';
import { TOKEN, pageOf, tellsNothing, useWorld } from './world.mjs';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

function good(res) {
	assert.equal(res.status, 200, res.text);
	assert.match(res.json.token, TOKEN);
	return res.json;
}

/* A request as bytes, with headers exactly as given. */
function bytes(gw, headers, body = '', { method = 'POST', path = '/create' } = {}) {
	return formatRequest({ method, path, host: `127.0.0.1:${gw.port}`, headers, body });
}

function raw(gw, data, opts) {
	return rawRequest(gw.url, data, opts);
}

describe('POST /create', () => {
	const w = useWorld({ prepared: pageOf('vnc.html', 'term.html') });
	const json = (fields) => JSON.stringify(w.gw.params(fields));
	const post = (body, headers) => w.gw.request('/create',
		{ method: 'POST', body, headers: w.gw.auth(headers) });

	describe('body forms', () => {
		test('a JSON body is answered with status, token, url and expires_in', async () => {
			const { status, token, url, expires_in: seconds } =
				good(await post(json(), JSON_TYPE));
			assert.equal(status, 'success');
			assert.equal(url, `http://127.0.0.1:${w.gw.port}/vnc/${token}`);
			assert.equal(seconds, 300);
		});

		test('the answer is JSON and is not to be stored', async () => {
			const res = await post(json(), JSON_TYPE);
			assert.match(res.headers['content-type'], /^application\/json/);
			assert.match(res.headers['cache-control'], /no-store/);
		});

		test('a multipart body with the field params works', async () => {
			const form = multipart({ params: json() });
			good(await post(form.body, form.headers));
		});

		test('a multipart body with a part of type application/json works', async () => {
			const body = `--b\r\nContent-Disposition: form-data; name="params"\r\n` +
				`Content-Type: application/json\r\n\r\n${json()}\r\n--b--\r\n`;
			good(await post(body, { 'Content-Type': 'multipart/form-data; boundary=b' }));
		});

		test('a form body with params= works', async () => {
			good(await post(`params=${encodeURIComponent(json())}`, FORM_TYPE));
		});

		test('a form body with + for blanks works', async () => {
			const text = encodeURIComponent(json()).replaceAll('%20', '+');
			good(await post(`params=${text}`, FORM_TYPE));
		});

		test('a charset in the content type is fine', async () => {
			good(await post(json(), { 'Content-Type': 'application/json; charset=UTF-8' }));
		});

		test('a body that arrives byte by byte works', async () => {
			const form = multipart({ params: json() });
			const res = await w.gw.request('/create', { method: 'POST', body: form.body,
				headers: w.gw.auth(form.headers), piece: 7, everyMs: 1 });
			good(res);
		});

		test('a chunked body works', async () => {
			const text = json();
			const half = Math.floor(text.length / 2);
			const part = (s) => `${Buffer.byteLength(s).toString(16)}\r\n${s}\r\n`;
			const body = part(text.slice(0, half)) + part(text.slice(half)) + '0\r\n\r\n';
			const res = await post(body, { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' });
			good(res);
		});

		for (const [what, fields] of [
			['port and vmid as strings', () => ({ port: String(w.pve.port), vmid: '101' })],
			['port and vmid as numbers', () => ({ port: w.pve.port, vmid: 101 })],
			['no port', () => ({ port: undefined })],
			['a user without realm', () => ({ username: 'vncuser' })],
			['no node', () => ({ node: undefined })],
			['a list of hosts', () => ({ hostname: ['node-1.example.net', '::1', '127.0.0.1'] })],
			['an API token', () => ({ username: undefined, password: undefined,
				token_id: 'vncuser@pve!gw', token_secret: '8bd4e4c1-0000-4b2a-9f6e-0123456789ab' })],
			['an API token as username', () => ({ username: 'vncuser@pve!gw', password: '8bd4-e4c1' })],
			['a second factor', () => ({ otp: '012345' })],
			['a type', () => ({ type: 'lxc' })],
			['a terminal', () => ({ console: 'term' })],
			['a serial port as a string', () => ({ console: 'term', serial: '3' })],
			['a serial port as a number', () => ({ console: 'term', serial: 0, type: 'qemu' })],
			['whichever console suits', () => ({ console: 'auto' })],
			['an IPv6 address in brackets', () => ({ hostname: '[::1]' })],
			['an IPv6 address without brackets', () => ({ hostname: '2001:db8::1' })],
			['a host name', () => ({ hostname: 'node-1.example.net' })],
			['the largest vmid', () => ({ vmid: 999999999 })],
			['a password of every kind of character', () => ({ password: 'p"\\/é\u{1f511}&;=' })],
		])
			test(`accepts ${what}`, async () => {
				good(await post(json(fields()), JSON_TYPE));
			});

		test('each token is another one', async () => {
			const all = await Promise.all(
				Array.from({ length: 50 }, () => post(json(), JSON_TYPE)));
			assert.equal(new Set(all.map((r) => good(r).token)).size, 50);
		});
	});

	describe('defaults reach Proxmox', () => {
		test('a user without realm logs in as @pve', async () => {
			await w.gw.session({ username: 'vncuser' });
			assert.equal(w.pve.logins.at(-1).user, 'vncuser@pve');
		});

		test('a user name is split at its last @', async () => {
			const { token } = await w.gw.create({ username: 'a@b@pam' });
			assert.equal((await w.gw.openRaw(token)).status, 502);
			assert.equal(w.pve.logins.at(-1).user, 'a@b@pam');
		});

		test('the default port is 8006', async () => {
			const { token } = await w.gw.create({ hostname: '127.77.0.6', port: undefined });
			await w.gw.openRaw(token);
			await w.gw.logged(/127\.77\.0\.6:8006/);
		});
	});

	describe('authorisation', { concurrency: 16 }, () => {
		const withSecret = (value) => w.gw.request('/create', { method: 'POST', body: json(),
			headers: { ...JSON_TYPE, Authorization: value } });

		test('the plain secret is accepted', async () => {
			good(await withSecret(w.gw.config.authorization));
		});

		test('Bearer and the secret are accepted', async () => {
			good(await withSecret(`Bearer ${w.gw.config.authorization}`));
		});

		for (const [what, value] of [
			['no Authorization', () => undefined],
			['an empty one', () => ''],
			['a wrong one', () => 'wrong'],
			['a wrong Bearer', () => 'Bearer wrong'],
			['a beginning of it', () => w.gw.config.authorization.slice(0, -1)],
			['more than it', () => `${w.gw.config.authorization}x`],
			['it after Basic', () => `Basic ${w.gw.config.authorization}`],
			['one of 4000 bytes', () => 'a'.repeat(4000)],
		])
			test(`${what} gets 401 Unauthorized`, async () => {
				const res = await withSecret(value());
				assert.equal(res.status, 401);
				assert.match(res.text, /^Unauthorized\s*$/);
			});

		test('a right secret is served at once while wrong ones are slowed down', async () => {
			const wrong = Array.from({ length: 20 }, () => withSecret('wrong'));
			const start = Date.now();
			good(await withSecret(w.gw.config.authorization));
			assert.ok(Date.now() - start < 1000, 'the right one waited');
			for (const res of await Promise.all(wrong))
				assert.equal(res.status, 401);
		});

		test('two Authorization headers do not let a wrong one through', async () => {
			const head = bytes(w.gw, { ...JSON_TYPE,
				Authorization: ['wrong', w.gw.config.authorization] }, json());
			const { response } = await raw(w.gw, head);
			assert.notEqual(response?.status, 200);
			assert.doesNotMatch(response?.text ?? '', /"token":"[0-9a-f]/);
		});
	});

	describe('order of the checks', () => {
		const big = 'x'.repeat(70000);

		test('an unknown path comes before everything', async () => {
			const res = await w.gw.request('/nothing', { method: 'DELETE', body: big });
			assert.equal(res.status, 401);
		});

		test('a wrong method comes before the authorisation, with Allow', async () => {
			for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
				const res = await w.gw.request('/create', { method });
				assert.equal(res.status, 405, method);
				assert.equal(res.headers.allow, 'POST');
			}
		});

		test('the authorisation comes before size, type and body', async () => {
			const res = await w.gw.request('/create', { method: 'POST', body: big,
				headers: { 'Content-Type': 'text/plain' } });
			assert.equal(res.status, 401);
		});

		test('the size comes before type and body', async () => {
			assert.equal((await post(big, { 'Content-Type': 'text/plain' })).status, 413);
		});

		test('the type comes before the body', async () => {
			assert.equal((await post('{', { 'Content-Type': 'text/plain' })).status, 415);
		});
	});

	describe('size and type', () => {
		const padded = (n) => {
			const text = json();
			return text + ' '.repeat(n - Buffer.byteLength(text));
		};

		test('64 KiB are accepted', async () => {
			good(await post(padded(65536), JSON_TYPE));
		});

		test('one byte more gets 413 with a reason', async () => {
			const res = await post(padded(65537), JSON_TYPE);
			assert.equal(res.status, 413);
			const { status, token, error } = res.json;
			assert.deepEqual([status, token], ['error', '']);
			assert.ok(error.length > 0);
		});

		test('a huge announced length gets 413 without being read', async () => {
			const { response } = await raw(w.gw, bytes(w.gw,
				w.gw.auth({ ...JSON_TYPE, 'Content-Length': '99999999999' })), { ms: 3000 });
			assert.equal(response?.status, 413);
		});

		test('a chunked body over the limit gets 413', async () => {
			const chunk = `4000\r\n${'y'.repeat(0x4000)}\r\n`;
			const head = bytes(w.gw, w.gw.auth({ ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }));
			const { response } = await raw(w.gw,
				Buffer.concat([head, Buffer.from(`${chunk.repeat(6)}0\r\n\r\n`)]), { ms: 3000 });
			assert.equal(response?.status, 413);
		});

		for (const type of ['text/plain', 'application/jsonx', 'application/xml', '', 'json'])
			test(`the content type "${type}" gets 415`, async () => {
				const res = await post(json(), { 'Content-Type': type });
				assert.equal(res.status, 415, res.text);
				assert.equal(res.json.status, 'error');
			});

		test('no content type gets 415', async () => {
			assert.equal((await post(json(), {})).status, 415);
		});
	});

	describe('bad heads', { concurrency: 16 }, () => {
		for (const [what, headers] of [
			['two different Content-Lengths', { 'Content-Length': ['10', '20'] }],
			['Content-Length and Transfer-Encoding',
				{ 'Content-Length': '10', 'Transfer-Encoding': 'chunked' }],
			['a Content-Length that is no number', { 'Content-Length': '1e3' }],
			['a negative Content-Length', { 'Content-Length': '-1' }],
			['an unknown Transfer-Encoding', { 'Transfer-Encoding': 'gzip' }],
		])
			test(`${what}: no token`, async () => {
				const { bytes: got } = await raw(w.gw, bytes(w.gw,
					w.gw.auth({ ...JSON_TYPE, ...headers }), json()), { ms: 3000 });
				assert.doesNotMatch(got.toString(), /"token":"[0-9a-f]/);
				assert.doesNotMatch(got.toString(), /^HTTP\/1.1 200/);
			});

		test('what is not HTTP is answered with 400 or nothing', async () => {
			const { bytes: got } = await raw(w.gw, '\x16\x03\x01\x02\0\r\n\r\n', { ms: 3000 });
			assert.match(got.toString('latin1'), /^$|^HTTP\/1\.[01] 400/);
		});

		test('a head of 100 KiB is refused', async () => {
			const { bytes: got } = await raw(w.gw, bytes(w.gw,
				w.gw.auth({ ...JSON_TYPE, 'X-Long': 'z'.repeat(100000) }), json()), { ms: 3000 });
			assert.match(got.toString('latin1'), /^$|^HTTP\/1\.[01] 4(?:00|13|14|31)/);
		});

		test('after all of that the next request is served', async () => {
			good(await post(json(), JSON_TYPE));
		});
	});

	describe('unknown paths', () => {
		for (const path of ['/', '/x', '/create/', '/create/x', '/CREATE', '/vnc', '/status/',
			'/statusx', '//create', '/.git/config', '/%00', '/a?b=c'])
			test(`${path} gets 401, authorised or not`, async () => {
				for (const headers of [{}, w.gw.auth()]) {
					for (const method of ['GET', 'POST']) {
						const res = await w.gw.request('/', { path, method, headers });
						assert.equal(res.status, 401, `${method} ${path}`);
						assert.match(res.text, /^Unauthorized\s*$/);
					}
				}
			});
	});
});

describe('too many pending tokens', () => {
	const w = useWorld({ config: { max_pending_tokens: 2, token_ttl: 1 } });

	test('the third gets 503 with Retry-After, and there is room once they expired', async () => {
		await w.gw.create();
		await w.gw.create();
		const res = await w.gw.create();
		assert.equal(res.status, 503);
		assert.ok(Number(res.headers['retry-after']) > 0);
		assert.deepEqual([res.json.status, res.json.token], ['error', '']);
		tellsNothing(res.json.error, w.pve);
		await w.gw.statusUntil((s) => s.pending_tokens === 0, 4000);
		const { json } = await w.gw.create();
		assert.equal(json.expires_in, 1);
	});
});

describe('shells of nodes', () => {
	const w = useWorld({ config: { allow_node_shell: true },
		prepared: pageOf('vnc.html', 'term.html') });
	const shell = { type: 'node', vmid: undefined };

	test('may be asked for where they are allowed', async () => {
		good(await w.gw.create(shell));
		good(await w.gw.create({ ...shell, console: 'term' }));
		await w.gw.logged(/link created for shell of node pve at /);
	});

	test('need a node, and take no vmid', async () => {
		const without = await w.gw.create({ ...shell, node: undefined });
		assert.equal(without.json.error, 'node: is missing, which the type node needs');
		const both = await w.gw.create({ type: 'node' });
		assert.equal(both.json.error, 'vmid and type: a node has no vmid');
	});

	test('are refused from the reload on that forbids them', async () => {
		w.gw.reload({ allow_node_shell: false });
		await until(async () => (await w.gw.create(shell)).status === 400, 5000, 'a refusal');
		const { json } = await w.gw.create(shell);
		assert.equal(json.error, 'type: node shells are not allowed here (allow_node_shell)');
	});
});

describe('a page folder without a page for terminals', () => {
	const w = useWorld({ prepared: pageOf('vnc.html') });

	test('gives no terminal, and says why', async () => {
		const { status, json } = await w.gw.create({ console: 'term' });
		assert.equal(status, 400);
		assert.equal(json.error,
			"console: this gateway's page folder has no page for terminals (novnc_path)");
	});

	test('gives a screen to who leaves the choice to it', async () => {
		good(await w.gw.create({ console: 'auto' }));
	});
});

describe('public_url', () => {
	const w = useWorld({ pve: null, config: { public_url: 'https://console.example/x' } });

	test('is what links begin with', async () => {
		const { token, url } = await w.gw.create({ hostname: 'h', node: 'n', username: 'u',
			password: 'p', vmid: 100 });
		assert.equal(url, `https://console.example/x/vnc/${token}`);
	});
});

describe('TLS', () => {
	const w = useWorld({ tls: true });

	test('the router speaks it, and links say so', async () => {
		const { url, token } = await w.gw.create();
		assert.equal(url, `https://127.0.0.1:${w.gw.port}/vnc/${token}`);
		assert.match(await w.gw.open(token), /^https:/);
	});

	test('plain HTTP to it gets no answer of any use', async () => {
		const { bytes: got } = await rawRequest(`http://127.0.0.1:${w.gw.port}`,
			formatRequest({ path: '/', host: 'x' }), { ms: 3000 });
		assert.doesNotMatch(got.toString('latin1'), /^HTTP\/1.1 (?:200|302|401)/);
	});
});
