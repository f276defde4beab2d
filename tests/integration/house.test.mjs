// SPDX-License-Identifier: MIT
//
// The house keeps its own rules: who may include whom, where each library lives, how long
// a function is, what every file begins with.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
	functionsOf, hasFile, includesOf, programFiles, readSource, ROOMS, roomOf, ROOT, sourceFiles,
	tableRows, withoutComments,
} from '../lib/source.mjs';

const FUNCTION_LINES_MAX = 100;
const OBJECTS = 'build/release';

/* Where the names of each library may appear. */
const LIBRARIES = [
	{
		name: 'libmicrohttpd', symbol: /\bMHD_\w+/g, header: /^microhttpd/, object: 'MHD_',
		files: ['router/http.c', 'router/exchange.c', 'router/exchange.h', 'router/reply.c'],
	},
	{
		name: 'GnuTLS', symbol: /\bgnutls_\w+|\bGNUTLS_\w+/g, header: /^gnutls\//,
		object: 'gnutls_', files: ['router/http_tls.c'],
	},
	{
		name: 'epoll', symbol: /\bepoll_\w+|\bEPOLL\w+/g, header: /^sys\/epoll/, object: 'epoll_',
		files: ['base/poller.c', 'base/poller.h'],
	},
	{
		name: 'libcurl', symbol: /\bcurl_\w+|\bCURL\w*/g, header: /^curl\//, object: 'curl_',
		files: ['proxmox_api/pve_client.c', 'proxmox_api/pve_conn.c',
			'proxmox_api/pve_request.c', 'proxmox_api/pve_transfer.c', 'proxmox_api/pve_transfer.h'],
	},
];

/* What else a room may use beyond libc, by header and by symbol. */
const SHARED = [
	{ header: /^openssl\//, rooms: ['session', 'proxmox_api'] },
	{ header: /^jansson/, rooms: ['router', 'proxmox_api'] },
];

/* A list of complaints is easier to act on than the first of them. */
function none(complaints) {
	assert.deepEqual(complaints, []);
}

/* Undefined symbols of an object file. */
function undefinedIn(object) {
	const out = execFileSync('nm', ['-u', join(ROOT, object)], { encoding: 'utf8' });
	return [...out.matchAll(/\bU (\w+)/g)].map((m) => m[1]);
}

/* The object files of today's sources; what an older build left behind does not count. */
function objects() {
	return programFiles().filter((path) => path.endsWith('.c'))
		.map((path) => ({ path, object: `${OBJECTS}/${path.replace(/\.c$/, '.o')}` }))
		.filter(({ object }) => hasFile(object));
}

describe('direction', () => {
	test('includes point down the stairs: router, session, proxmox_api, base', () => {
		none(programFiles().flatMap((path) => includesOf(path).own.filter((header) => {
			const from = ROOMS.indexOf(roomOf(path));
			const to = ROOMS.indexOf(roomOf(header));
			return to < 0 || to > from;
		}).map((header) => `${path} includes ${header}`)));
	});

	test('every include names a file from the root of the repository', () => {
		none(programFiles().flatMap((path) => includesOf(path).own
			.filter((header) => !hasFile(header)).map((header) => `${path}: ${header}`)));
	});

	test('proxmox_api has one face: nobody outside includes anything but pve.h', () => {
		none(programFiles().filter((path) => roomOf(path) !== 'proxmox_api')
			.flatMap((path) => includesOf(path).own
				.filter((h) => roomOf(h) === 'proxmox_api' && h !== 'proxmox_api/pve.h')
				.map((header) => `${path} includes ${header}`)));
	});

	test('proxmox_api never logs', () => {
		none(objects().filter(({ path }) => roomOf(path) === 'proxmox_api')
			.filter(({ object }) => undefinedIn(object).some((s) => /^log_write$/.test(s)))
			.map(({ path }) => path));
	});
});

describe('libraries stay in their rooms', () => {
	for (const { name, symbol, header, files } of LIBRARIES) {
		test(`${name} is named in ${files.join(', ')} only`, () => {
			none(programFiles().filter((path) => !files.includes(path)).flatMap((path) => {
				const code = withoutComments(readSource(path), { strings: false });
				const names = [...new Set(code.match(symbol) ?? [])];
				const headers = includesOf(path).system.filter((h) => header.test(h));
				return [...names, ...headers].map((what) => `${path}: ${what}`);
			}));
		});
	}

	for (const { name, object: prefix, files } of LIBRARIES) {
		test(`${name} is linked from those files only, says nm`, (t) => {
			const all = objects();
			if (all.length === 0)
				return t.skip(`${OBJECTS} is not built`);
			const users = all.filter(({ object }) =>
				undefinedIn(object).some((s) => s.startsWith(prefix)));
			none(users.filter(({ path }) => !files.includes(path)).map(({ path }) => path));
			assert.notEqual(users.length, 0, `nothing uses ${name}: is the test still right?`);
		});
	}

	test('OpenSSL and jansson are used where the design says, and nothing at all in base', () => {
		none(programFiles().flatMap((path) => includesOf(path).system
			.filter((h) => SHARED.some((s) => s.header.test(h) && !s.rooms.includes(roomOf(path))))
			.map((h) => `${path} includes ${h}`)));
	});

	test('one place makes calls to Proxmox', () => {
		const users = programFiles().filter((path) =>
			/\bcurl_easy_perform\b/.test(withoutComments(readSource(path))));
		assert.deepEqual(users, ['proxmox_api/pve_request.c']);
	});
});

describe('how files read', () => {
	const c = sourceFiles().filter((path) => /\.[ch]$/.test(path));

	test(`no C function has more than ${FUNCTION_LINES_MAX} lines`, () => {
		const all = c.flatMap((path) => functionsOf(path).map((f) => ({ path, ...f })));
		assert.ok(all.length > 300, `only ${all.length} functions found: can we still read C?`);
		none(all.filter((f) => f.lines > FUNCTION_LINES_MAX)
			.map((f) => `${f.path}:${f.line} ${f.name}: ${f.lines} lines`));
	});

	test('every source file names its licence in its first three lines', () => {
		none(sourceFiles().filter((path) => /\.([chS]|m?js|sh|css)$|^\.ci\/run$/.test(path))
			.filter((path) => !readSource(path).split('\n').slice(0, 3)
				.some((line) => line.includes('SPDX-License-Identifier: MIT'))));
	});

	test('every header of the program says which threads may use it', () => {
		/* A table of rows has no threads of its own. */
		none(programFiles().filter((path) => path.endsWith('.h') && !path.endsWith('_tbl.h'))
			.filter((path) => !/\bThreads:/.test(readSource(path))));
	});

	test('every header has an include guard of its own name', () => {
		none(programFiles().filter((path) => path.endsWith('.h') && !path.endsWith('_tbl.h'))
			.filter((path) => {
				const guard = path.toUpperCase().replace(/[^A-Z0-9]/g, '_');
				return !readSource(path).includes(`#ifndef ${guard}\n#define ${guard}\n`);
			}));
	});

	test('no structure is hidden behind a typedef', () => {
		none(programFiles().filter((path) =>
			/^\s*typedef\s+(struct|union|enum)\b/m.test(withoutComments(readSource(path)))));
	});

	test('a file that a comment or a document sends its reader to exists', () => {
		/* What a command of the Makefile writes need not be there yet. */
		const written = new Set(['docs/soak.md', 'docs/bench/result.json']);
		const folders = [...ROOMS, 'docs', 'tests', 'novnc'].join('|');
		const pointer = new RegExp(`(?<![\\w./-])(?:${folders})/[\\w./-]*\\w`
			+ '\\.(?:c|h|md|m?js|sh|html|png|json)\\b', 'g');
		none(sourceFiles().filter((path) => /\.([chS]|m?js|sh|md)$|^Makefile$/.test(path))
			.filter((path) => !path.startsWith('tests/integration/house'))
			.flatMap((path) => [...new Set(readSource(path).match(pointer) ?? [])]
				.filter((to) => !written.has(to) && !hasFile(to) && !to.startsWith('novnc/core/'))
				.map((to) => `${path}: ${to}`)));
	});

	test('no file names a package registry', () => {
		/* In pieces, so that this file does not name one. */
		const hosts = [['npmjs', 'org'], ['npmjs', 'com'], ['yarnpkg', 'com'], ['npm', 'pkg'],
			['pypi', 'org'], ['crates', 'io'], ['golang', 'org'], ['jfrog', 'io']];
		const named = new RegExp([...hosts.map((h) => h.join('\\.')), '\\bregistry\\.[a-z]',
			'artifactory'].join('|'), 'i');
		none(sourceFiles().filter((path) => !/\.(png|bin)$/.test(path))
			.filter((path) => path !== 'tests/integration/house.test.mjs')
			.filter((path) => named.test(readSource(path))));
	});
});

describe('end_tbl.h and the console page agree', () => {
	/* What the page knows: the rows of CLOSE_CODES. */
	function known() {
		const table = /const CLOSE_CODES = \{([\s\S]*?)\n\};/.exec(readSource('novnc/endings.js'));
		return [...table[1].matchAll(/^\s*(\d{4}):/gm)].map((m) => Number(m[1]));
	}

	/* What the gateway sends, but for the browser's own faults (1002, 1008). */
	function sent() {
		const codes = tableRows('session/end_tbl.h', 'END_TBL').map((row) => Number(row[4]));
		return [...new Set(codes)].filter((code) => code === 1001 || code >= 4000);
	}

	test('every Close code that is sent has its words on the page, and none is left over', () => {
		assert.deepEqual(sent().sort(), known().sort());
	});

	test('every reason for a browser has a text, short enough for a Close frame', () => {
		none(tableRows('session/end_tbl.h', 'END_TBL')
			.filter(([, , , , code]) => Number(code) !== 0)
			.filter(([, , , , , text]) => text === '' || Buffer.byteLength(text) > 123)
			.map(([id]) => id));
	});

	test('what a customer reads names no product, host, node or user', () => {
		none(tableRows('session/end_tbl.h', 'END_TBL')
			.filter((row) => /proxmox|pve|qemu|lxc|ticket|node|user|host\b/i.test(row[5]))
			.map(([id, , , , , text]) => `${id}: ${text}`));
	});
});
