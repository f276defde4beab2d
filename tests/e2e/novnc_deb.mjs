// SPDX-License-Identifier: MIT
//
// novnc_deb - Debian 13's noVNC, unpacked without installing it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Apt } from '../lib/apt.mjs';

const SUITE = 'trixie';

/*
 * The folder with vnc.html of Debian 13's novnc package, unpacked below dir.
 * Throws with the reason when it can't be had here.
 */
export function unpackNovnc(dir) {
	const root = new Apt(dir, SUITE).unpack(['novnc']);
	const folder = join(root, 'usr', 'share', 'novnc');
	if (!existsSync(join(folder, 'vnc.html')))
		throw new Error('the package novnc holds no vnc.html');
	return folder;
}
