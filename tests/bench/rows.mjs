// SPDX-License-Identifier: MIT
//
// rows - the groups of rows, in the order in which they are measured. A group has a name, run(s)
// for the sizes s of sizes.mjs, which returns rows, and when(s) if it is not always there.

import { MEMORY_GROUPS } from './rows_memory.mjs';
import { OPEN_GROUPS } from './rows_open.mjs';
import { RELAY_GROUPS } from './rows_relay.mjs';
import { SCALE_GROUPS } from './rows_scale.mjs';

const GROUPS = [...RELAY_GROUPS, ...MEMORY_GROUPS, ...OPEN_GROUPS, ...SCALE_GROUPS];

/* Each word must be one of the group's: "relay" is relay ws and relay wss, "relay ws" is not. */
export function groupsFor(s, words) {
	return GROUPS.filter((g) => (!g.when || g.when(s)) &&
		words.every((w) => g.name.split(' ').includes(w)));
}
