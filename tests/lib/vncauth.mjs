// SPDX-License-Identifier: MIT
//
// vncauth - the DES challenge of VNC authentication (RFC 6143, 7.2.2), both sides.
//
// Node has no single DES; three equal keys make triple DES the same thing. VNC uses
// the first 8 bytes of the password with the bits of each byte reversed as the key.

import { createCipheriv } from 'node:crypto';

function reverseBits(byte) {
	let out = 0;
	for (let i = 0; i < 8; i++)
		out |= ((byte >> i) & 1) << (7 - i);
	return out;
}

/* The 16 bytes that answer a 16-byte challenge; password is a string or a Buffer. */
export function vncResponse(password, challenge) {
	const key = Buffer.alloc(8);
	Buffer.from(password).copy(key, 0, 0, 8);
	for (let i = 0; i < 8; i++)
		key[i] = reverseBits(key[i]);
	const cipher = createCipheriv('des-ede3', Buffer.concat([key, key, key]), null);
	cipher.setAutoPadding(false);
	return Buffer.concat([cipher.update(challenge), cipher.final()]);
}
