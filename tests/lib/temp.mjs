// SPDX-License-Identifier: MIT
//
// temp - temporary folders that are gone when the process ends.
//
// tempDir() makes one; every folder made is removed when Node exits, also after a
// failed test. Unix socket paths are short (108 bytes), so the names are short too.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = new Set();

process.on('exit', () => {
	for (const dir of made)
		removeTemp(dir);
});

export function tempDir(prefix = 'pv') {
	const dir = mkdtempSync(join(tmpdir(), `${prefix}-`));
	made.add(dir);
	return dir;
}

export function removeTemp(dir) {
	if (!made.delete(dir))
		return;
	rmSync(dir, { recursive: true, force: true });
}
