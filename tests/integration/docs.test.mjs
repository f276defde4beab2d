// SPDX-License-Identifier: MIT
//
// The documents say what the program does: options, samples, answers, log components and
// commands are compared with the code and with the real binary.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { makeCa, makeLeaf } from '../lib/certs.mjs';
import { runGateway, startGateway } from '../lib/gateway.mjs';
import { hasFile, readSource, ROOT, sourceFiles, tableRows } from '../lib/source.mjs';
import { tempDir } from '../lib/temp.mjs';
import { openWorld, pageOf } from './world.mjs';

const SCREENSHOT_MAX = 200 * 1024;
const OF_EACH_SITE = ['authorization', 'public_ip'];
const SAMPLES = ['basic', 'nat', 'reverse-proxy'];
const run = promisify(execFile);
const readme = readSource('README.md');

/* The options as config_tbl.h has them. */
function options() {
	const allowed = new Map(tableRows('router/config.h', 'CONFIG_TYPE_TBL')
		.map((row) => [row[0], row.at(-1)]));
	return tableRows('router/config_tbl.h', 'CONFIG_TBL').map(
		([key, alias, type, fallback, min, max, reload]) => {
			const limits = [min, max];
			return {
				key, reload: reload === 'true',
				alias: alias === 'NULL' ? null : alias,
				required: fallback === 'REQUIRED',
				fallback: fallback === 'REQUIRED' ? null : JSON.parse(fallback),
				allowed: allowed.get(type).replace(/%d/g, () => limits.shift()),
			};
		});
}

/* Cells of the Markdown table rows that follow a heading, without their backticks. */
function tableAfter(text, heading) {
	const lines = text.slice(text.indexOf(heading)).split('\n');
	const from = lines.findIndex((line) => /^\|[-| ]+\|$/.test(line)) + 1;
	const rows = [];
	for (const line of lines.slice(from)) {
		if (!line.startsWith('|'))
			break;
		rows.push(line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', '')));
	}
	return rows;
}

/* The texts of fenced blocks of a language. */
function blocks(text, language) {
	const re = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g');
	return [...text.matchAll(re)].map((m) => m[1]);
}

/* What a sample names must exist beside it. */
async function besideIt(dir) {
	const ca = await makeCa(dir);
	const leaf = await makeLeaf(dir, ca, { name: 'console', san: 'DNS:console.example.com' });
	copyFileSync(ca.cert, join(dir, 'pve-root-ca.pem'));
	assert.deepEqual(leaf, { cert: join(dir, 'console.pem'), key: join(dir, 'console.key') });
}

/* The outcome of -check for a configuration of that text, in a folder of its own. */
async function check(text) {
	const dir = tempDir('docs');
	const file = join(dir, 'config.json');
	writeFileSync(file, text, { mode: 0o600 });
	await besideIt(dir);
	return runGateway(['-config', file, '-check']);
}

describe('the configuration', () => {
	test("the README's table has every option, with its default, range and SIGHUP", () => {
		const rows = tableAfter(readme, '## Configuration');
		const told = rows.map(([key, fallback, allowed, reload]) =>
			({ key, fallback, allowed, reload }));
		assert.deepEqual(told, options().map((o) => ({
			key: o.alias ? `${o.key}, ${o.alias}` : o.key,
			fallback: o.required ? 'required' : String(o.fallback ?? 'none'),
			allowed: o.allowed,
			reload: o.reload ? 'yes' : 'no',
		})));
	});

	test('the manual page has every option, with its default and range', () => {
		const page = readSource('proxmoxvnc.8');
		const entries = new Map(page.split(/^\.It Cm /m).slice(1)
			.map((part) => [part.split('\n')[0].trim(), part.split(/^\.(?:It|El)\b/m)[0]]));
		for (const o of options()) {
			const entry = entries.get(o.key);
			assert.ok(entry, `${o.key} is missing`);
			const words = entry.replace(/^\.\w\w /gm, '').replace(/\s+/g, ' ');
			if (o.required)
				assert.match(words, /\bRequired\b/, o.key);
			else if (o.fallback !== null)
				assert.ok(words.includes(`Default: ${o.fallback}`), `${o.key}: ${words}`);
			const range = /^(\d+)\.\.(\d+)/.exec(o.allowed);
			if (range)
				assert.ok(words.includes(`${range[1]} to ${range[2]}`), `${o.key}: ${words}`);
			assert.equal(/^\.Em reload\b/m.test(entry), o.reload, `${o.key}: reload`);
			assert.ok(!o.alias || words.includes(o.alias), `${o.key}: ${o.alias}`);
		}
		assert.deepEqual([...entries.keys()].sort(), options().map((o) => o.key).sort());
	});

	test('-help has every option', async () => {
		const { stdout, code } = await runGateway(['-help']);
		assert.equal(code, 0);
		for (const { key } of options())
			assert.ok(stdout.includes(`  ${key}`), key);
	});

	for (const name of SAMPLES) {
		test(`the sample "${name}" is good, without a warning`, async () => {
			const how = await check(readSource(`docs/samples/${name}.json`));
			assert.deepEqual(how, { code: 0, signal: null, stdout: 'ok\n', stderr: '' });
		});

		test(`the README shows the sample "${name}" as it is`, () => {
			assert.ok(blocks(readme, 'json').includes(readSource(`docs/samples/${name}.json`)));
			assert.ok(readme.includes(`docs/samples/${name}.json`));
		});
	}

	test('there are no samples that nobody looks at', () => {
		assert.deepEqual(sourceFiles('docs/samples'),
			SAMPLES.map((name) => `docs/samples/${name}.json`));
	});

	test('config.json.example is good, without a warning, and has the defaults', async () => {
		const text = readSource('config.json.example');
		const how = await check(text);
		assert.deepEqual(how, { code: 0, signal: null, stdout: 'ok\n', stderr: '' });
		const known = new Map(options().map((o) => [o.key, o]));
		for (const [key, value] of Object.entries(JSON.parse(text)))
			if (!OF_EACH_SITE.includes(key))
				assert.equal(value, known.get(key).fallback, key);
	});
});

describe("the README's answers are those of the program", () => {
	let pve, gw;

	before(async () => {
		pve = await startFakePve();
		gw = await startGateway({ pve });
	});
	after(async () => {
		await gw?.stop();
		await pve?.stop();
	});

	function example(field) {
		const found = blocks(readme, 'json').map((text) => JSON.parse(text))
			.find((value) => field in value);
		assert.ok(found, `no example with ${field}`);
		return found;
	}

	/* The same names and types, in any order. */
	function alike(told, real) {
		const shape = (object) => Object.entries(object).map(([k, v]) => [k, typeof v]).sort();
		assert.deepEqual(shape(told), shape(real));
	}

	test('POST /create', async () => {
		alike(example('expires_in'), (await gw.create()).json);
	});

	test('the three forms of its body, by curl', async () => {
		const dir = tempDir('docs');
		writeFileSync(join(dir, 'params.json'), JSON.stringify(gw.params()));
		const shell = blocks(readme, 'sh').find((text) => text.includes('/create'))
			.replace(/^cat [\s\S]*?\nEND\n/, '').replaceAll('http://203.0.113.10:9999', gw.url)
			.replaceAll('curl ', 'curl -sS ');
		const { stdout } = await run('sh', ['-c', shell],
			{ cwd: dir, env: { ...process.env, SECRET: gw.config.authorization } });
		const answers = stdout.trim().split('\n').map((line) => JSON.parse(line).status);
		assert.deepEqual(answers, ['success', 'success', 'success']);
	});

	test('the table of fields has all that /create takes, in its order', () => {
		const told = tableAfter(readme, '### POST /create').flatMap(([names]) => names.split(', '));
		const rows = tableRows('router/create_rules.h', 'CREATE_FIELD_TBL').map(([, name]) => name);
		assert.deepEqual(told, rows);
	});

	test('what else its examples ask for is taken, where it is allowed', async (t) => {
		const shell = blocks(readme, 'sh').find((text) => text.startsWith('create() {'));
		const bodies = [...shell.matchAll(/^\{"hostname".*\}$/gm)].map(([text]) => JSON.parse(text));
		const world = await openWorld({ pve: null, config: { allow_node_shell: true },
			prepared: pageOf('vnc.html', 'term.html') }, t);
		assert.equal(bodies.length, 5);
		for (const body of bodies) {
			const res = await world.gw.create({ ...body, verify: undefined });
			assert.equal(res.status, 200, res.text);
		}
	});

	test('a link that was tried in vain', async () => {
		const res = await gw.create({ password: 'wrong', verify: true });
		assert.equal(res.status, 400);
		assert.deepEqual(res.json, example('reason'));
	});

	test('a refused /create', async () => {
		const told = /`(\{"status":"error".*?\})`/.exec(readme)[1];
		assert.deepEqual((await gw.create({ vmid: 99 })).json, JSON.parse(told));
	});

	test('GET /status', async () => {
		const { ws } = await gw.console(await gw.session());
		const real = await gw.statusUntil((s) => s.sessions_active === 1);
		const told = example('total_sessions');
		alike(told, real);
		alike(told.sessions[0], real.sessions[0]);
		ws.destroy();
	});

	test('what the log says to a customer in need', async () => {
		const failures = [[{ vmid: 102 }, 'switched off'], [{ vmid: 999 }, 'not found'],
			[{ password: 'wrong' }, 'refused to open']];
		for (const [fields, words] of failures) {
			const { token } = await gw.create(fields);
			const { text } = await gw.openRaw(token);
			const sentence = text.split('\n')[0];
			assert.ok(sentence.includes(words), sentence);
			const row = tableAfter(readme, '## When something').find((r) => r[0] === sentence);
			assert.ok(row, `the README does not know: ${sentence}`);
			const [first, last] = row[1].split('...');
			await gw.logged(new RegExp([first, last ?? ''].map(escape).join('.*')));
		}
	});
});

function escape(text) {
	return text.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('the rest of what the documents name', () => {
	const documents = sourceFiles().filter((path) => path.endsWith('.md'));

	test("the README's log components are those of base/log.h", () => {
		const rows = tableAfter(readme, '## Logs');
		const code = tableRows('base/log.h', 'LOG_COMPONENT_TBL');
		assert.deepEqual(rows, code.map(([, name, rooms]) => [name, rooms]));
	});

	test('the table of reasons has all that a link can be refused for, with their status', () => {
		const words = new Map(tableRows('session/end_tbl.h', 'END_TBL'));
		const reasons = tableRows('router/create_verdict.h', 'CREATE_VERDICT_TBL')
			.map(([id, status]) => [words.get(id), status]);
		const told = tableAfter(readme, '#### Trying it first').map((row) => row.slice(0, 2));
		assert.deepEqual(told, reasons);
	});

	test('the troubleshooting table has every sentence of a link that fails', () => {
		const told = tableAfter(readme, '## When something').map((row) => row[0]);
		const needed = tableRows('session/end_tbl.h', 'END_TBL')
			.filter(([id]) => /^END_(GUEST_|UNREACHABLE|UNTRUSTED|TIMEOUT|FORBIDDEN|REFUSED|NEEDS_|NO_DEVICE|LIMIT)/.test(id));
		assert.equal(needed.length, 13);
		assert.deepEqual(needed.map((row) => row[5]).filter((text) => !told.includes(text)), []);
	});

	test('every make target that a document names exists', () => {
		const makefile = readSource('Makefile');
		const targets = new Set([...makefile.matchAll(/^([a-z0-9-]+):/gm)].map((m) => m[1]));
		for (const path of documents) {
			const text = readSource(path);
			const inline = [...text.matchAll(/`make ([a-z][a-z0-9-]*)/g)];
			const indented = [...text.matchAll(/^ {4}make ([a-z][a-z0-9-]*)/gm)];
			const fenced = blocks(text, 'sh')
				.flatMap((block) => [...block.matchAll(/^make ([a-z][a-z0-9-]*)/gm)]);
			for (const [, name] of [...inline, ...indented, ...fenced])
				assert.ok(targets.has(name), `${path}: make ${name}`);
		}
	});

	test('every attack in SECURITY.md has a test, where it says', () => {
		const tests = sourceFiles('tests');
		const rows = readSource('SECURITY.md').split('\n')
			.filter((line) => /^\|.*\|$/.test(line)).map((line) => line.split('|').slice(1, -1))
			.filter((cells) => /^\s*`[\w./]+\.(mjs|c)`: /.test(cells.at(-1)));
		assert.ok(rows.length >= 40, `${rows.length} rows`);
		for (const cells of rows) {
			const [, file, words] = /`([^`]+)`: (.*\S)/.exec(cells.at(-1));
			const path = tests.find((name) => name.endsWith(`/${file}`));
			assert.ok(path, `${cells[0].trim()}: ${file}`);
			const source = readSource(path).replaceAll("\\'", "'");
			assert.ok(source.includes(words), `${cells[0].trim()}: ${file} has no ${words}`);
		}
	});

	test('every link to a file of the repository leads somewhere', () => {
		for (const path of documents)
			for (const [, to] of readSource(path).matchAll(/\]\((?!https?:)([^)#\s]+)/g)) {
				const file = normalize(join(dirname(path), to));
				assert.ok(hasFile(file), `${path}: ${to}`);
			}
	});

	test('every image is small enough for a page', () => {
		for (const path of sourceFiles('docs').filter((p) => p.endsWith('.png')))
			assert.ok(statSync(join(ROOT, path)).size <= SCREENSHOT_MAX, path);
	});

	test('the packages to install are those that the build needs', () => {
		const needed = /^build="([^"]*)"/m.exec(readSource('tests/deps.sh'))[1].split(/\s+/);
		const command = /^apt-get install -y (git gcc[\s\S]*?[^\\])$/m.exec(readme)[1];
		const told = command.replaceAll('\\\n', ' ').split(/\s+/);
		assert.deepEqual(told.sort(), [...needed, 'git', 'npm'].sort());
	});

	test('what make install puts in place is where the README says', async () => {
		const dest = join(tempDir('docs'), 'root');
		mkdirSync(dest);
		await run('make', ['-s', 'install', `DESTDIR=${dest}`], { cwd: ROOT });
		const rows = tableAfter(readme, '`make install` puts in place:');
		for (const [, where] of rows.filter(([, w]) => w.startsWith('/')))
			assert.ok(statSync(join(dest, where.split(',')[0])), where);
		const unit = await run('cat', [join(dest, rows.find(([w]) => w === 'unit')[1])]);
		assert.doesNotMatch(unit.stdout, /@\w+@/);
	});
});
