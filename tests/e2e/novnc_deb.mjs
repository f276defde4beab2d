// SPDX-License-Identifier: MIT
//
// novnc_deb - Debian 13's noVNC, unpacked without installing it.
//
// apt is run with a private configuration in a temporary folder: the machine's own sources
// with the suite's name replaced. Nothing of the machine's apt changes.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SUITE = 'trixie';
const APT = '/etc/apt';

/* Where this machine gets Debian from: { uri, signedBy }, or null. */
function machineSource() {
	const files = [join(APT, 'sources.list')];
	if (existsSync(join(APT, 'sources.list.d')))
		for (const name of readdirSync(join(APT, 'sources.list.d')).sort())
			if (/\.(list|sources)$/.test(name))
				files.push(join(APT, 'sources.list.d', name));
	for (const file of files.filter(existsSync)) {
		const text = readFileSync(file, 'utf8');
		const line = text.match(/^deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(?:bookworm|trixie)\s+.*\bmain\b/m);
		if (line)
			return { uri: line[1] };
		for (const stanza of text.split(/\n\s*\n/))
			if (/^Suites:.*\b(bookworm|trixie)\b/m.test(stanza) && !/^Enabled:\s*no/m.test(stanza))
				return { uri: stanza.match(/^URIs:\s*(\S+)/m)?.[1],
					signedBy: stanza.match(/^Signed-By:\s*(\S+)/m)?.[1] };
	}
	return null;
}

function prepare(dir, source) {
	for (const folder of ['lists/partial', 'cache/archives/partial', 'etc', 'log', 'pkg'])
		mkdirSync(join(dir, folder), { recursive: true });
	const signed = source.signedBy ? ` [signed-by=${source.signedBy}]` : '';
	writeFileSync(join(dir, 'etc', 'sources.list'),
		`deb${signed} ${source.uri} ${SUITE} main\n`);
	writeFileSync(join(dir, 'status'), '');
	writeFileSync(join(dir, 'apt.conf'), [
		`Dir::State "${dir}";`, `Dir::State::lists "${join(dir, 'lists')}";`,
		`Dir::State::status "${join(dir, 'status')}";`, `Dir::Cache "${join(dir, 'cache')}";`,
		`Dir::Etc::sourcelist "${join(dir, 'etc', 'sources.list')}";`,
		'Dir::Etc::sourceparts "/dev/null";', 'Dir::Etc::preferencesparts "/dev/null";',
		`Dir::Log "${join(dir, 'log')}";`, 'APT::Sandbox::User "root";',
		'Acquire::Retries "1";', 'Acquire::http::Timeout "20";', 'Acquire::Languages "none";',
	].join('\n'));
}

/*
 * The folder with vnc.html of Debian 13's novnc package, unpacked below dir.
 * Throws with the reason when it can't be had here.
 */
export function unpackNovnc(dir) {
	const source = machineSource();
	if (!source?.uri)
		throw new Error('this machine has no Debian source to derive another suite from');
	prepare(dir, source);
	const env = { ...process.env, APT_CONFIG: join(dir, 'apt.conf') };
	const run = (file, args, ms) => execFileSync(file, args,
		{ cwd: join(dir, 'pkg'), env, timeout: ms, stdio: 'pipe' });
	run('apt-get', ['-q', 'update'], 90000);
	run('apt-get', ['-q', 'download', 'novnc'], 60000);
	const deb = readdirSync(join(dir, 'pkg')).find((name) => name.endsWith('.deb'));
	if (!deb)
		throw new Error(`suite ${SUITE} has no package novnc`);
	run('dpkg-deb', ['-x', deb, join(dir, 'root')], 30000);
	const folder = join(dir, 'root', 'usr', 'share', 'novnc');
	if (!existsSync(join(folder, 'vnc.html')))
		throw new Error('the package novnc holds no vnc.html');
	return folder;
}
