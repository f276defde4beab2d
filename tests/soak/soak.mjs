// SPDX-License-Identifier: MIT
//
// soak - `make soak`: what takes too long for every test run. Prints a line a check and the
// figures behind it; ends with 1 when a check fails. Its last results stand in docs/soak.md.
//
//   1. 300 sessions under valgrind, a third of their browsers killed, a third of their guests'
//      consoles cut, the rest closed: no error, no leak, exit code 0.
//   2. 200 sessions without valgrind, twice: descriptors as before, memory growth < 1 MiB.
//   3. The same under `ulimit -n 1024`.
//   4. 64 parallel GETs of one token, twenty times, under ThreadSanitizer.
//   5. A console that is cut after 60 s of nothing is back within 3 s.

import { join } from 'node:path';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { ROOT, startGateway } from '../lib/gateway.mjs';
import { descriptors, residentKib } from '../lib/process.mjs';
import { until } from '../lib/wait.mjs';

const SESSIONS = 200;
const ROUGH_SESSIONS = 300;
const BATCH = 20;
const IDLE_MS = 60000;
const QUICK = { connect_timeout: 300, reconnect_timeout: 1 };
const VALGRIND = ['valgrind', '-q', '--leak-check=full', '--show-leak-kinds=all',
	'--error-exitcode=99'];
const FEW_DESCRIPTORS = ['prlimit', '--nofile=1024:1024'];

let failed = 0;

function report(ok, text) {
	failed += ok ? 0 : 1;
	console.log(`${ok ? 'ok  ' : 'FAIL'} ${text}`);
}

async function start({ config, wrapper = [], build = 'release' } = {}) {
	const pve = await startFakePve();
	const gw = await startGateway({ pve, pool: 40, config, wrapper,
		binary: join(ROOT, 'build', build, 'proxmoxvnc') });
	return { pve, gw };
}

/* How a session's browser may be done with it. Each is in the middle of a picture. */
const ENDINGS = {
	closed: ({ ws }) => ws.close(1000),
	killed: ({ ws }) => ws.destroy(),
	cut: async ({ ws }, pve, vmid) => {
		pve.cutConsoles({ vmid });
		await ws.closed(60000);
		ws.destroy();
	},
};

/* Open and end this many sessions, some at a time, each on a guest of its own, in these ways. */
async function openAndEnd({ gw, pve }, count, ways = [ENDINGS.closed]) {
	for (let done = 0; done < count; done += BATCH) {
		const vmids = [...Array(BATCH)].map((_, i) => 210 + ((done + i) % 180));
		const urls = await Promise.all(vmids.map((vmid) => gw.session({ vmid })));
		const consoles = await Promise.all(urls.map((url) => gw.console(url)));
		await Promise.all(consoles.map((c, i) => {
			c.rfb.setup();
			c.rfb.requestUpdate();
			return ways[(done + i) % ways.length](c, pve, vmids[i]);
		}));
		await gw.statusUntil((s) => s.total_sessions === 0, 60000, 'all sessions to end');
	}
}

async function underValgrind() {
	const { pve, gw } = await start({ config: QUICK, wrapper: VALGRIND });
	await openAndEnd({ gw, pve }, ROUGH_SESSIONS, Object.values(ENDINGS));
	const code = await gw.stop('SIGTERM', { expect: null, ms: 60000 });
	const complaints = gw.log().split('\n').filter((line) => /^==\d+==/.test(line));
	report(code === 0 && complaints.length === 0,
		`valgrind: ${ROUGH_SESSIONS} sessions, ${Object.keys(ENDINGS).join(', ')} in turn, `
		+ `exit ${code}, ${complaints.length} lines of complaint`);
	complaints.slice(0, 40).forEach((line) => console.log(line));
	await pve.stop();
}

async function withoutGrowth(label, wrapper) {
	const { pve, gw } = await start({ config: QUICK, wrapper });
	const pid = gw.child.pid;
	await openAndEnd({ gw, pve }, SESSIONS);
	const before = { fds: descriptors(pid), kb: residentKib(pid) };
	await openAndEnd({ gw, pve }, SESSIONS);
	await until(() => descriptors(pid) <= before.fds, 10000, 'descriptors to be closed');
	const after = { fds: descriptors(pid), kb: residentKib(pid) };
	report(after.fds <= before.fds && after.kb - before.kb < 1024,
		`${label}: descriptors ${before.fds} -> ${after.fds}, memory ${before.kb} -> ${after.kb} KiB `
		+ `over ${SESSIONS} sessions`);
	const urls = await Promise.all([...Array(40)].map((_, i) => gw.session({ vmid: 210 + i })));
	report(new Set(urls.map((u) => new URL(u).port)).size === 40, `${label}: every port is free again`);
	await gw.stop();
	await pve.stop();
}

async function oneOfMany() {
	const { pve, gw } = await start({ build: 'tsan' });
	let good = 0;
	for (let round = 0; round < 20; round++) {
		const { token } = await gw.create({ vmid: 101 });
		const answers = await Promise.all([...Array(64)].map(() => gw.openRaw(token)));
		const opened = answers.filter((a) => a.status === 302).length;
		const refused = answers.filter((a) => /Invalid session\./.test(a.text)).length;
		good += opened === 1 && refused === 63 ? 1 : 0;
	}
	const code = await gw.stop('SIGTERM', { expect: null, ms: 60000 });
	const races = (gw.log().match(/WARNING: ThreadSanitizer/g) ?? []).length;
	report(good === 20 && races === 0 && code === 0,
		`64 parallel GETs under ThreadSanitizer: ${good} of 20 rounds gave one 302 and 63 refusals, `
		+ `${races} races, exit ${code}`);
	await pve.stop();
}

async function afterNothing() {
	const { pve, gw } = await start();
	const url = await gw.session({ vmid: 101 });
	await gw.console(url);
	await new Promise((resolve) => setTimeout(resolve, IDLE_MS)); /* the nothing itself */
	pve.cutConsoles({ vmid: 101 });
	const begun = Date.now();
	const { rfb } = await gw.console(url);
	rfb.setup();
	rfb.requestUpdate();
	await rfb.readUpdate();
	report(Date.now() - begun < 3000,
		`cut after ${IDLE_MS / 1000} s of nothing: a picture again after ${Date.now() - begun} ms`);
	await gw.stop();
	await pve.stop();
}

await underValgrind();
await withoutGrowth('plain');
await withoutGrowth('ulimit -n 1024', FEW_DESCRIPTORS);
await oneOfMany();
await afterNothing();
process.exit(failed ? 1 : 0);
