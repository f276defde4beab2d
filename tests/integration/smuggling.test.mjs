// SPDX-License-Identifier: MIT
//
// Requests whose end, or whose headers, a proxy in front of the router and the router itself
// could read differently: each is answered with 400 and its connection is closed, and what
// follows it is never taken for a second request.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rawRequest } from '../lib/http.mjs';
import { useWorld } from './world.mjs';

const CRLF = '\r\n';

/* What is wrong with the lines of the head; each row a name and lines without their ends. */
const BAD_LINES = [
	['two equal Content-Lengths', 'Content-Length: 2', 'Content-Length: 2'],
	['two different Content-Lengths', 'Content-Length: 2', 'Content-Length: 60'],
	['Content-Lengths in a list', 'Content-Length: 2, 2'],
	['two Content-Lengths in two cases', 'Content-Length: 2', 'content-LENGTH: 3'],
	['a negative Content-Length', 'Content-Length: -2'],
	['a Content-Length with a plus', 'Content-Length: +2'],
	['a hexadecimal Content-Length', 'Content-Length: 0x2'],
	['a Content-Length with a point', 'Content-Length: 2.0'],
	['a Content-Length with an exponent', 'Content-Length: 2e0'],
	['a Content-Length of words', 'Content-Length: two'],
	['an empty Content-Length', 'Content-Length:'],
	['a Content-Length with a blank in it', 'Content-Length: 2 0'],
	['a quoted Content-Length', 'Content-Length: "2"'],
	['Content-Length, then Transfer-Encoding', 'Content-Length: 2', 'Transfer-Encoding: chunked'],
	['Transfer-Encoding, then Content-Length', 'Transfer-Encoding: chunked', 'Content-Length: 2'],
	['two Transfer-Encodings', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
	['chunked and identity', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
	['chunked, identity in one line', 'Transfer-Encoding: chunked, identity'],
	['identity, chunked in one line', 'Transfer-Encoding: identity, chunked'],
	['gzip, chunked', 'Transfer-Encoding: gzip, chunked'],
	['xchunked', 'Transfer-Encoding: xchunked'],
	['chunked with a parameter', 'Transfer-Encoding: chunked;q=1'],
	['chunked with a tab in front', 'Transfer-Encoding: \x0bchunked'],
	['chunked with a blank behind', 'Transfer-Encoding: chunked '],
	['quoted chunked', 'Transfer-Encoding: "chunked"'],
	['an empty Transfer-Encoding', 'Transfer-Encoding:'],
	['identity', 'Transfer-Encoding: identity'],
	['a blank before the colon of Content-Length', 'Content-Length : 2'],
	['a tab before the colon of Transfer-Encoding', 'Transfer-Encoding\t: chunked'],
	['a blank before the colon of another header', 'X-Any : 2', 'Content-Length: 2'],
	['a folded header', 'X-Any: a', ' b', 'Content-Length: 2'],
	['a header folded with a tab', 'X-Any: a', '\tb', 'Content-Length: 2'],
	['a folded header with nothing on its second line', 'X-Any: a', ' ', 'Content-Length: 2'],
	['a header whose second line makes its name Content-Length', 'Content-Len: 60', ' gth'],
	['a header whose second line makes its name Transfer-Encoding', 'Transfer-Enc: chunked',
		' oding', 'Content-Length: 2'],
	['a folded Content-Length', 'Content-Length:', ' 2'],
	['a folded first line', ' X: y', 'Content-Length: 2'],
	['a bare LF behind a header', 'X-Any: a\nContent-Length: 2'],
	['a bare LF that hides an encoding', 'X-Any: a\nTransfer-Encoding: chunked'],
	['a bare CR in a header', 'X-Any: a\rContent-Length: 60', 'Content-Length: 2'],
	['CR CR LF', 'X-Any: a\r', 'Content-Length: 2'],
	['a NUL in a value', 'X-Any: a\0b', 'Content-Length: 2'],
	['a NUL at the end of a value', 'X-Any: a\0', 'Content-Length: 2'],
	['a NUL in a Content-Length', 'Content-Length: 2\x000'],
	['a NUL in a Transfer-Encoding', 'Transfer-Encoding: chunked\0x'],
	['a NUL in a name', 'Content-Length\0: 2'],
	['a line that begins with a NUL', '\0Content-Length: 60', 'Content-Length: 2'],
	['a control character in a value', 'X-Any: a\x01', 'Content-Length: 2'],
	['a line without a colon', 'Content-Length 2', 'Content-Length: 2'],
	['a line with a colon alone', ': 2', 'Content-Length: 2'],
	['two Hosts', 'Host: other', 'Content-Length: 2'],
	['two Authorizations', 'Authorization: other', 'Content-Length: 2'],
	['two Content-Types', 'Content-Type: text/plain', 'Content-Length: 2'],
];

const BAD_REQUEST_LINES = [
	['two blanks before the target', 'POST  /create HTTP/1.1'],
	/* A blank is then part of the path, which is none. */
	['two blanks behind the target', 'POST /create  HTTP/1.1', 401],
	['a blank at the end', 'POST /create HTTP/1.1 '],
	['a tab for a blank', 'POST\t/create HTTP/1.1'],
	['a NUL behind the path', 'POST /create\0.html HTTP/1.1'],
	['a NUL before the query', 'POST /create\0?a=b HTTP/1.1'],
	['a NUL in the query', 'POST /create?a\0b HTTP/1.1'],
	['a bare LF behind it', 'POST /create HTTP/1.1\nX-Any: a'],
	['a version of words', 'POST /create HTTP/x.y'],
	['no version', 'POST /create'],
];

/* A body that ends badly where it is chunked; each is a Content-Type's worth of nothing. */
const BAD_CHUNKS = [
	['no number', 'x\r\n{}\r\n0\r\n\r\n'],
	['a negative number', '-2\r\n{}\r\n0\r\n\r\n'],
	['a number with 0x', '0x2\r\n{}\r\n0\r\n\r\n'],
	['a blank before the number', ' 2\r\n{}\r\n0\r\n\r\n'],
	['a blank behind the number', '2 \r\n{}\r\n0\r\n\r\n'],
	['a number that is too large', 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'],
	['more than it announced', '1\r\n{}\r\n0\r\n\r\n'],
	['an empty number', '\r\n{}\r\n0\r\n\r\n'],
];

describe('a request that can be read in two ways', { concurrency: 8 }, () => {
	const w = useWorld({ pve: null });

	const first = (...lines) => [...lines, `Host: 127.0.0.1:${w.gw.port}`,
		`Authorization: ${w.gw.config.authorization}`, 'Content-Type: application/json'];
	const second = () => ['GET /status HTTP/1.1', 'Host: x',
		`Authorization: ${w.gw.config.authorization}`, '', ''].join(CRLF);

	/* One answer, that one, and the end of the connection. */
	async function refused(head, body, statuses = [400]) {
		const { bytes, ended } = await rawRequest(w.gw.url,
			Buffer.from(`${head}${body}${second()}`, 'latin1'), { ms: 5000 });
		const text = bytes.toString('latin1');
		assert.ok(ended, 'the connection is closed');
		/* The library's own answer to a bad Content-Length has its head twice (0.9.75). */
		const answers = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((m) => Number(m[1]));
		assert.ok(answers.length === 1 || (text.match(/<html>/g)?.length === 1), text);
		assert.ok(answers.every((status) => statuses.includes(status)), text);
		assert.match(text, /^Connection: close\r$/mi);
		assert.doesNotMatch(text, /total_sessions/);
		assert.doesNotMatch(text, /microhttpd|MHD/i);
	}

	for (const [what, ...lines] of BAD_LINES)
		test(what, () => refused(
			`${[...first('POST /create HTTP/1.1'), ...lines].join(CRLF)}\r\n\r\n`, '{}'));

	for (const [what, line, status = 400] of BAD_REQUEST_LINES)
		test(`a request line with ${what}`, () => refused(
			`${[...first(line), 'Content-Length: 2'].join(CRLF)}\r\n\r\n`, '{}', [status]));

	for (const [what, body] of BAD_CHUNKS)
		test(`a chunk with ${what}`, () => refused(
			`${first('POST /create HTTP/1.1').join(CRLF)}\r\nTransfer-Encoding: chunked\r\n\r\n`,
			body, [400, 413]));

	test('a Content-Length beyond all numbers', () => refused(
		`${first('POST /create HTTP/1.1').join(CRLF)}\r\nContent-Length: 18446744073709551617\r\n\r\n`,
		'{}', [413]));

	test('a head that ends with a bare LF', () => refused(
		`${first('POST /create HTTP/1.1').join(CRLF)}\r\nContent-Length: 2\r\n\n`, '{}'));

	test('chunks in HTTP/1.0', () => refused(
		`${first('POST /create HTTP/1.0').join(CRLF)}\r\nTransfer-Encoding: chunked\r\n\r\n`,
		'2\r\n{}\r\n0\r\n\r\n'));

	test('no Host', () => refused('GET /status HTTP/1.1\r\nX-Any: a\r\n\r\n', ''));

	test('a good one is answered, and the next one on its connection too', async () => {
		const { bytes } = await rawRequest(w.gw.url, Buffer.from(
			`${first('POST /create HTTP/1.1').join(CRLF)}\r\nContent-Length: 2\r\n\r\n{}${second()}`),
		{ ms: 1000 });
		const text = bytes.toString('latin1');
		assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 2, text);
		assert.match(text, /hostname: is missing/);
		assert.match(text, /total_sessions/);
	});

	test('nothing of it all became a token', async () => {
		assert.equal((await w.gw.status()).pending_tokens, 0);
	});
});
