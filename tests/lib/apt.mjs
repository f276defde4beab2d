// SPDX-License-Identifier: MIT
//
// apt - Debian packages, unpacked without installing them.
//
// apt is run with a private configuration in a temporary folder: the machine's own sources
// with the suite's name replaced. Nothing of the machine's apt changes.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const APT = '/etc/apt';
const UPDATE_MS = 90000;
const DOWNLOAD_MS = 180000;
const UNPACK_MS = 120000;

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

function prepare(dir, suite, source) {
	for (const folder of ['lists/partial', 'cache/archives/partial', 'etc', 'log', 'pkg'])
		mkdirSync(join(dir, folder), { recursive: true });
	const signed = source.signedBy ? ` [signed-by=${source.signedBy}]` : '';
	writeFileSync(join(dir, 'etc', 'sources.list'),
		`deb${signed} ${source.uri} ${suite} main\n`);
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

export class Apt {
	/*
	 * suite: bookworm, trixie; everything stays below dir. Throws with the reason when
	 * packages can't be had here.
	 */
	constructor(dir, suite) {
		const source = machineSource();
		if (!source?.uri)
			throw new Error('this machine has no Debian source to derive another suite from');
		this.dir = dir;
		prepare(dir, suite, source);
		this.run('apt-get', ['-q', 'update'], UPDATE_MS);
	}

	run(file, args, ms) {
		const env = { ...process.env, APT_CONFIG: join(this.dir, 'apt.conf') };
		return execFileSync(file, args,
			{ cwd: join(this.dir, 'pkg'), env, timeout: ms, stdio: 'pipe', encoding: 'utf8' });
	}

	/* The first package that another one depends on: the real one behind a name for all. */
	behind(name) {
		const found = /^ *Depends: (\S+)/m.exec(this.run('apt-cache', ['depends', name], UPDATE_MS));
		if (!found)
			throw new Error(`the package ${name} depends on nothing`);
		return found[1];
	}

	/* Downloads packages and unpacks them over each other: the folder. */
	unpack(names) {
		const root = join(this.dir, 'root');
		this.run('apt-get', ['-q', 'download', ...names], DOWNLOAD_MS);
		for (const deb of readdirSync(join(this.dir, 'pkg')).filter((n) => n.endsWith('.deb')))
			this.run('dpkg-deb', ['-x', deb, root], UNPACK_MS);
		return root;
	}
}
