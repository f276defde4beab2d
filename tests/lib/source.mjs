// SPDX-License-Identifier: MIT
//
// source - the repository's own files, and C source seen without its comments.
//
// For tests that hold the house to its rules. What is built, fetched or installed
// (build/, node_modules/, the clients in novnc/core, novnc/vendor and novnc/xterm) is nobody's
// source and left out.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './gateway.mjs';

const NOT_OURS = new Set(['.git', 'build', 'novnc/core', 'novnc/vendor', 'novnc/xterm',
	'novnc/core.new', 'novnc/vendor.new', 'novnc/xterm.new']);

/* Paths of all files below folder, relative to the repository, in order. */
export function sourceFiles(folder = '') {
	const files = [];
	for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
		const path = folder ? `${folder}/${entry.name}` : entry.name;
		if (NOT_OURS.has(path) || entry.name === 'node_modules')
			continue;
		if (entry.isDirectory())
			files.push(...sourceFiles(path));
		else if (entry.isFile())
			files.push(path);
	}
	return files.sort();
}

export function hasFile(path) {
	return existsSync(join(ROOT, path));
}

export function readSource(path) {
	return readFileSync(join(ROOT, path), 'utf8');
}

/* The files of the program itself: base, proxmox_api, session, router. */
export function programFiles() {
	return ROOMS.flatMap((room) => (hasFile(room) ? sourceFiles(room) : []))
		.filter((path) => /\.[ch]$/.test(path));
}

/* In the order of the includes: a room may use those before it. */
export const ROOMS = ['base', 'proxmox_api', 'session', 'router'];

export function roomOf(path) {
	return path.split('/')[0];
}

const TOKENS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;

/* The same text with comments blanked, and string and character literals too if asked. */
export function withoutComments(text, { strings = true } = {}) {
	return text.replace(TOKENS, (token) => {
		if (!token.startsWith('/') && strings)
			return token;
		return token.replace(/[^\n]/g, ' ');
	});
}

/* What a C file includes: { own: ["base/err.h"], system: ["curl/curl.h"] }. */
export function includesOf(path) {
	const text = withoutComments(readSource(path));
	const all = (re) => [...text.matchAll(re)].map((m) => m[1]);
	return {
		own: all(/^#\s*include\s+"([^"]+)"/gm),
		system: all(/^#\s*include\s+<([^>]+)>/gm),
	};
}

/*
 * The functions of a C file formatted by clang-format: a name in the first column, a body
 * from "{" to "}" in the first column. Each is { name, line, lines }.
 */
export function functionsOf(path) {
	const lines = withoutComments(readSource(path), { strings: false }).split('\n');
	const found = [];
	let name = null;
	let start = 0;
	let open = false;
	lines.forEach((line, i) => {
		const named = /^(?:[a-z][\w\s*]*[\s*])?([a-zA-Z_]\w*)\(/.exec(line);
		if (!open && named) {
			name = named[1];
			start = i;
		}
		if (/^\{/.test(line) && name)
			open = true;
		if (/^\}/.test(line)) {
			if (open)
				found.push({ name, line: start + 1, lines: i - start + 1 });
			open = false;
			name = null;
		}
		if (!open && /;\s*$/.test(line))
			name = null;
	});
	return found;
}

/* Rows of an X-macro table: the arguments of each X(...), strings unquoted. */
export function tableRows(path, table) {
	const text = withoutComments(readSource(path));
	const m = new RegExp(`#define\\s+${table}\\(X\\)((?:[^\\n]*\\\\\\n)*[^\\n]*)`).exec(text);
	if (!m)
		throw new Error(`${path} has no table ${table}`);
	const body = m[1].replaceAll('\\\n', '\n');
	const rows = [];
	for (let at = body.indexOf('X('); at >= 0; at = body.indexOf('X(', at)) {
		const row = splitArguments(body, at + 2);
		rows.push(row.values);
		at = row.end;
	}
	return rows;
}

/* The arguments from body[at] to the closing bracket. */
function splitArguments(body, at) {
	const values = [];
	let depth = 0;
	let text = '';
	for (; at < body.length; at++) {
		const quoted = /^"(?:\\.|[^"\\])*"/.exec(body.slice(at));
		if (quoted) {
			text += quoted[0];
			at += quoted[0].length - 1;
			continue;
		}
		const c = body[at];
		if (depth === 0 && (c === ',' || c === ')')) {
			values.push(unquote(text));
			text = '';
			if (c === ')')
				return { values, end: at };
			continue;
		}
		depth += c === '(' ? 1 : c === ')' ? -1 : 0;
		text += c;
	}
	throw new Error('a row of a table does not end');
}

/* Adjacent literals become one string; anything else stays as it is written. */
function unquote(text) {
	const trimmed = text.trim();
	if (!trimmed.startsWith('"'))
		return trimmed.replace(/\s+/g, ' ');
	return [...trimmed.matchAll(/"((?:\\.|[^"\\])*)"/g)]
		.map((m) => m[1].replace(/\\(.)/g, '$1')).join('');
}

export { ROOT, basename };
