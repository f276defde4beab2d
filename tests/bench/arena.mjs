// SPDX-License-Identifier: MIT
//
// arena - the subjects of a group of rows, side by side in front of one Proxmox end, and the
// turns that they take.

import { startPve } from './load.mjs';
import { PEERS } from './peers.mjs';
import { Gateway } from './subject.mjs';

/* A peer that could not be started: every row of it is refused, with the reason. */
function absent(name, reason) {
	const fail = async () => {
		throw new Error(reason);
	};
	return { name, together: fail, browse: fail, quiet: async () => {}, stop: async () => {} };
}

async function startPeer(name, place) {
	try {
		return await PEERS[name](place);
	} catch (e) {
		return absent(name, e.message);
	}
}

/*
 * Starts a Proxmox end, a gateway (unless gateway is false) and the peers in front of it, calls
 * fn(subjects), and stops all. Returns { value: fn's, counts: the Proxmox end's }. Throws when
 * fn does, when the gateway ends badly, or when somebody broke one of Proxmox's rules.
 */
export async function withArena(
	{ tls = false, pool = 8, delayMs = 0, workers = 1, gateway = true, peers = [] }, fn) {
	const pve = await startPve({ delayMs, workers });
	const subjects = [];
	let value;
	try {
		if (gateway)
			subjects.push(await Gateway.start({ pve, tls, pool }));
		for (const name of peers)
			subjects.push(await startPeer(name, { pve, tls }));
		value = await fn(subjects);
	} catch (e) {
		for (const subject of subjects)
			await subject.stop({ expect: null }).catch(() => {});
		await pve.stop().catch(() => {});
		throw subjects[0]?.explained?.(e) ?? e;
	}
	for (const subject of subjects)
		await subject.stop();
	const counts = await pve.stop();
	if (counts.violations)
		throw new Error(`${counts.violations} breaches of Proxmox's rules: ${counts.stderr}`);
	return { value, counts };
}

/* The same with a gateway alone: fn(gateway), and fn's value. */
export async function withGateway(options, fn) {
	return (await withArena(options, ([gateway]) => fn(gateway))).value;
}

/*
 * Every subject does every kind of work, run by run: within a run all subjects take turns at
 * one kind, so that a slow minute hits all alike. measure(subject, kind) gives a result or
 * throws; who failed once has no more turns at that kind. kind.without: { name: why }, who is
 * left out. Returns a Map of subject's name to { results, error, leftOut } for each kind, as
 * comparison() of stats.mjs takes it.
 */
export async function turns(subjects, kinds, runs, measure) {
	const outcomes = kinds.map((kind) => new Map(subjects.map((s) => [s.name,
		{ results: [], error: null, leftOut: kind.without?.[s.name] ?? null }])));
	for (let i = 0; i < runs; i++) {
		for (const [k, kind] of kinds.entries())
			for (const subject of subjects)
				await turn(outcomes[k].get(subject.name), subject, () => measure(subject, kind));
	}
	return outcomes;
}

async function turn(outcome, subject, measure) {
	if (outcome.error || outcome.leftOut)
		return;
	try {
		await subject.quiet();
		outcome.results.push(await measure());
	} catch (e) {
		outcome.error = e.message;
	}
}
