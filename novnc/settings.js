// SPDX-License-Identifier: MIT
//
// settings - what the page is told: defaults.json and mandatory.json beside it.
//
// Nothing is ever read from the page's query or hash, nor kept in the browser.

/* Of a terminal, in pixels. */
export const FONT_SIZES = { least: 8, usual: 14, most: 32 };

/* Every setting: what it is without any file, and what a file may say. */
const KNOWN = {
	console: ['vnc', (v) => ['vnc', 'term'].includes(v)],
	autoconnect: [true, isBoolean],
	reconnect: [true, isBoolean],
	shared: [true, isBoolean],
	view_only: [false, isBoolean],
	show_dot: [true, isBoolean],
	resize: ['scale', (v) => ['scale', 'remote', 'off'].includes(v)],
	quality: [6, isLevel],
	compression: [2, isLevel],
	font_size: [FONT_SIZES.usual, isFontSize],
	screen_reader: [false, isBoolean],
	password: [undefined, isString],
	path: ['vnc-proxy', isPath],
	host: ['', isString],
	port: ['', (v) => v === '' || (/^\d{1,5}$/.test(v) && v < 65536)],
	encrypt: [undefined, isBoolean],
};

const FETCH_TIMEOUT_MS = 10000;

function isBoolean(v) {
	return typeof v === 'boolean';
}

function isString(v) {
	return typeof v === 'string';
}

/* Relative to the page, never an address of its own. */
function isPath(v) {
	return isString(v) && v !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(v);
}

function isLevel(v) {
	return Number.isInteger(v) && v >= 0 && v <= 9;
}

function isFontSize(v) {
	return Number.isInteger(v) && v >= FONT_SIZES.least && v <= FONT_SIZES.most;
}

/*
 * Built-in values, overridden by `defaults`, overridden by `mandatory`. A value
 * of the wrong kind counts as absent, an unknown name is ignored.
 */
export function merge(defaults, mandatory) {
	const settings = {};
	for (const [name, [builtin, fits]] of Object.entries(KNOWN)) {
		settings[name] = builtin;
		for (const file of [defaults, mandatory])
			if (file && Object.hasOwn(file, name) && fits(file[name]))
				settings[name] = file[name];
	}
	return settings;
}

/*
 * The websocket's address: `path` beside the page. Without a host it is the
 * page's own server and scheme, whatever `port` and `encrypt` say: the page came
 * that way, so the websocket can too (through a port mapping or a proxy as well).
 */
export function socketUrl(settings, pageUrl) {
	const page = new URL(pageUrl);
	const url = new URL(settings.path, page);
	const secure = settings.host !== '' && settings.encrypt !== undefined
		? settings.encrypt : page.protocol === 'https:';

	url.protocol = secure ? 'wss:' : 'ws:';
	url.username = '';
	url.password = '';
	url.hash = '';
	url.host = page.host;
	if (settings.host !== '') {
		url.port = '';
		const bare6 = /^[^[].*:/.test(settings.host);
		url.hostname = bare6 ? `[${settings.host}]` : settings.host;
		url.port = String(settings.port);
	}
	return url.href;
}

/*
 * Fetch one of the files. Gives { kind: 'ok', value }, { kind: 'gone' } when the
 * server says that there is none, { kind: 'silent' } when it says nothing usable.
 */
async function fetchFile(name) {
	const abort = new AbortController();
	const timer = setTimeout(() => abort.abort(), FETCH_TIMEOUT_MS);
	try {
		const answer = await fetch(name, {
			cache: 'no-store', redirect: 'error', signal: abort.signal,
		});
		if (answer.status === 404 || answer.status === 410)
			return { kind: 'gone' };
		const value = answer.ok ? await answer.json() : null;
		if (value === null || typeof value !== 'object' || Array.isArray(value))
			return { kind: 'silent' };
		return { kind: 'ok', value };
	} catch {
		return { kind: 'silent' };
	} finally {
		clearTimeout(timer);
	}
}

let defaults = null;

/*
 * Ask the server for the settings of now. Gives { kind: 'ok', settings },
 * { kind: 'gone' } when the session's key is not known, or { kind: 'silent' }.
 */
export async function load() {
	const [base, fixed] = await Promise.all([
		defaults ?? fetchFile('defaults.json'), fetchFile('mandatory.json'),
	]);
	if (fixed.kind !== 'ok')
		return { kind: fixed.kind };
	if (base.kind === 'ok')
		defaults = base;
	return { kind: 'ok', settings: merge(base.value, fixed.value) };
}
