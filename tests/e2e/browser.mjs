// SPDX-License-Identifier: MIT
//
// browser - Chromium for the tests: one process, a new empty profile, no network
// but this machine's, and pages that remember every complaint of the browser.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

const FLAGS = [
	'--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync',
	'--disable-default-apps', '--disable-dev-shm-usage',
	/* console.test stands for another machine: plain http to it is no secure context */
	'--host-resolver-rules=MAP console.test 127.0.0.1, EXCLUDE 127.0.0.1, '
		+ 'EXCLUDE localhost, MAP * ~NOTFOUND',
];

function executable() {
	for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
		try {
			const out = execFileSync('sh', ['-c', `command -v ${name}`]);
			const path = out.toString().trim();
			if (existsSync(path))
				return path;
		} catch {
			/* not this one */
		}
	throw new Error('no Chromium found: install the package chromium');
}

/* Start Chromium. The caller closes it; its profile is temporary and goes with it. */
export function launch() {
	return chromium.launch({
		executablePath: executable(), args: FLAGS, ignoreDefaultArgs: ['--headless'],
		timeout: 30000,
	});
}

/*
 * A new page in a context of its own; `complaints` collects what the browser
 * reports as an error, a violation of the policy, or an exception.
 */
export async function newPage(browser, options = {}) {
	const context = await browser.newContext({
		viewport: { width: 1000, height: 700 }, ...options,
	});
	const page = await context.newPage();
	const complaints = [];

	page.setDefaultTimeout(10000);
	page.on('console', (message) => {
		if (['error', 'warning'].includes(message.type()))
			complaints.push(message.text());
	});
	page.on('pageerror', (error) => complaints.push(String(error)));
	return { page, context, complaints };
}
