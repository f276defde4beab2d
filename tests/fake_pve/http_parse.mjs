// SPDX-License-Identifier: MIT
//
// http_parse - HTTP bytes as Proxmox's own little server reads and writes them, pure.
//
// Form fields are split at & and ;, a key ends at the first =, and everything after a
// second = is lost. Heads of 64 lines or 8 KiB are too large.

export const MAX_HEAD_LINES = 64;
export const MAX_HEAD_BYTES = 8192;

/* Percent-decoded UTF-8; broken escapes stay as they are. */
export function unescape(text) {
	const bytes = [];
	const raw = Buffer.from(text, 'utf8');
	for (let i = 0; i < raw.length; i++) {
		const hex = raw[i] === 0x25 ? raw.toString('latin1', i + 1, i + 3) : '';
		if (/^[0-9a-fA-F]{2}$/.test(hex)) {
			bytes.push(parseInt(hex, 16));
			i += 2;
		} else {
			bytes.push(raw[i]);
		}
	}
	return Buffer.from(bytes).toString('utf8');
}

/* { params, lossy }: lossy names the fields that lost bytes after a second =. */
export function parseForm(text) {
	const params = {};
	const lossy = [];
	for (const pair of text.split(/[&;]/)) {
		if (pair === '')
			continue;
		const parts = pair.split('=');
		const name = unescape(parts[0].replaceAll('+', ' '));
		params[name] = unescape((parts[1] ?? '').replaceAll('+', ' '));
		if (parts.length > 2)
			lossy.push(name);
	}
	return { params, lossy };
}

/*
 * Reads a head from buf. Returns { state: 'more' }, { state: 'too large', why },
 * { state: 'bad' } or { state: 'done', used, method, target, version, headers, lines }.
 */
export function readHead(buf) {
	let at = 0;
	let start = null;
	let bytes = 0;
	const lines = [];
	for (;;) {
		const eol = buf.indexOf(10, at);
		if (eol < 0) {
			const large = start !== null && bytes + buf.length - at >= MAX_HEAD_BYTES;
			return large ? { state: 'too large', why: '8 KiB' } : { state: 'more' };
		}
		const line = buf.toString('latin1', at, eol).replace(/\r$/, '');
		const size = eol + 1 - at;
		at = eol + 1;
		if (start === null) {
			start = line === '' ? null : line;
			continue;
		}
		if (line === '')
			return finishHead(start, lines, at);
		lines.push(line);
		bytes += size;
		if (lines.length >= MAX_HEAD_LINES)
			return { state: 'too large', why: `${lines.length} header lines` };
		if (bytes >= MAX_HEAD_BYTES)
			return { state: 'too large', why: `${bytes} bytes of header` };
	}
}

function finishHead(start, lines, used) {
	const m = /^(\S+) (\S+) HTTP\/(\d+\.\d+)$/.exec(start);
	if (!m)
		return { state: 'bad', used };
	const headers = {};
	for (const line of lines) {
		const h = /^([^\s:]+):\s*(.*?)\s*$/.exec(line);
		if (!h)
			return { state: 'bad', used };
		const name = h[1].toLowerCase();
		headers[name] = name in headers ? `${headers[name]}, ${h[2]}` : h[2];
	}
	return { state: 'done', used, method: m[1], target: m[2], version: m[3], headers, lines };
}

/* A response as Proxmox writes it. */
export function formatResponse({ status, reason, headers = {}, body = '', keepAlive, type }) {
	const data = Buffer.from(body);
	const date = new Date().toUTCString();
	let head = `HTTP/1.1 ${status} ${reason}\r\nCache-Control: max-age=0\r\n` +
		`Connection: ${keepAlive ? 'Keep-Alive' : 'close'}\r\nDate: ${date}\r\n` +
		'Pragma: no-cache\r\nServer: pve-api-daemon/3.0\r\n' +
		`Content-Length: ${data.length}\r\n`;
	if (type)
		head += `Content-Type: ${type}\r\n`;
	head += `Expires: ${date}\r\n`;
	for (const [name, value] of Object.entries(headers))
		head += `${name}: ${value}\r\n`;
	return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), data]);
}

/* JSON with the keys of every object in random order, as Perl prints them. */
export function perlJson(value) {
	if (Array.isArray(value))
		return `[${value.map(perlJson).join(',')}]`;
	if (value === null || typeof value !== 'object')
		return JSON.stringify(value);
	const keys = Object.keys(value).filter((k) => value[k] !== undefined);
	for (let i = keys.length - 1; i > 0; i--) {
		const j = Math.floor(Math.random() * (i + 1));
		[keys[i], keys[j]] = [keys[j], keys[i]];
	}
	return `{${keys.map((k) => `${JSON.stringify(k)}:${perlJson(value[k])}`).join(',')}}`;
}
