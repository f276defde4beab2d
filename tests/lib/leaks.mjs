// SPDX-License-Identifier: MIT
//
// leaks - looking for secrets where they must not be.
//
// findLeaks() searches a text or a capture for each secret as it is, percent-encoded, as in
// JSON, in base64 and in hex. It returns shortened names of what it found, so that a failed
// test does not print the secret either.

const SHORTEST = 6;

function shapes(secret) {
	const raw = Buffer.from(secret, 'utf8');
	return new Set([
		secret,
		encodeURIComponent(secret),
		encodeURIComponent(secret).replace(/[!'()*~]/g,
			(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
		encodeURIComponent(secret).replaceAll('%20', '+'),
		JSON.stringify(secret).slice(1, -1),
		raw.toString('base64').replace(/=+$/, ''),
		raw.toString('base64url'),
		raw.toString('hex'),
	]);
}

/* haystack: string or Buffer. Returns e.g. ['PVE:vn... (360)']. */
export function findLeaks(haystack, secrets) {
	const text = Buffer.isBuffer(haystack) ? haystack.toString('latin1')
		: Buffer.from(haystack, 'utf8').toString('latin1');
	const found = [];
	for (const secret of secrets) {
		if (!secret || secret.length < SHORTEST)
			continue;
		for (const shape of shapes(secret)) {
			if (text.includes(Buffer.from(shape, 'utf8').toString('latin1'))) {
				found.push(`${secret.slice(0, 6)}... (${secret.length})`);
				break;
			}
		}
	}
	return found;
}
