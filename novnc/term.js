// SPDX-License-Identifier: MIT
//
// term - the terminal page: puts its parts together.

import { ClipboardPanel, copyText } from './clipboard.js';
import { Connection } from './connection.js';
import { Focus } from './focus.js';
import { fillTexts, fullScreen, statePanel } from './panel.js';
import { load } from './settings.js';
import { KeyBar } from './term_bar.js';
import { shortcutOf } from './term_keys.js';
import { openLine } from './term_line.js';
import { Links } from './term_links.js';
import { Options } from './term_options.js';
import { cleanPaste, hasLineEnd } from './term_paste.js';
import { SearchBar } from './term_search.js';
import { keyboardTool, touchScroll } from './term_touch.js';
import { View } from './term_view.js';
import { text } from './text.js';
import { followViewport } from './touch.js';

const HINT_MS = 2000;

const get = (id) => document.getElementById(id);

await fillTexts();

const view = new View(get('screen'), {
	typed: (data) => keys.typed(data),
	pasted,
	offered,
	hovered: (target) => links.hovered(target),
	link: (target, isShown) => links.pressed(target, isShown),
	found: (at, count) => search.found(at, count),
});
const focus = new Focus(get('screen'), get('tools'), () => view);
const toScreen = () => focus.toScreen();
const panel = statePanel((action) => (action === 'reload' ? location.reload()
	: connection.connect()));
const keys = new KeyBar(get('keys'), view);
const links = new Links(toScreen);
const search = new SearchBar(view, toScreen);
const options = new Options(view, toScreen);
const clipboard = new ClipboardPanel(paste, toScreen, () => view.selection);
const sheets = { clipboard, search, options };
const connection = new Connection({
	load, show,
	open: (settings, events) => openLine(view, settings, events),
});

function show(state) {
	const connected = state.phase === 'connected';
	const input = connected && !state.settings.view_only;

	panel.show(state);
	clipboard.enable(input);
	view.allowInput(input);
	get('keys').hidden = !input;
	keys.release();
	get('tool-keyboard').disabled = !input;
	if (connected)
		begin(state.settings);
	if (state.phase === 'ended')
		end();
}

/* On a phone the keys would bring the keyboard, which takes half of the screen. */
function begin(settings) {
	options.begin(settings);
	if (!window.matchMedia('(pointer: coarse)').matches)
		focus.takeKeys();
}

function end() {
	Object.values(sheets).forEach((sheet) => sheet.close());
	view.forget();
}

function paste(value) {
	view.paste(cleanPaste(value));
}

/* A shell runs each line as it comes: several are shown before they are sent. */
function pasted(value) {
	if (hasLineEnd(value))
		propose(value);
	else
		paste(value);
}

function propose(value) {
	leaveOnly('clipboard');
	clipboard.propose(value);
}

/* One panel at a time. */
function leaveOnly(name) {
	for (const [other, sheet] of Object.entries(sheets))
		if (other !== name)
			sheet.close();
}

/*
 * A program has text for the clipboard. It goes there only when somebody presses
 * the panel's button and sees what it is: whatever prints to the terminal can say
 * this, and what lies in a clipboard is pasted elsewhere without a look at it.
 */
function offered(value) {
	if (get('clipboard').hidden)
		clipboard.received(value);
}

/* A word that is seen for a moment, and heard. */
function hint(key) {
	get('hint').textContent = get('announce').textContent = text('terminal', key);
	setTimeout(() => {
		get('hint').textContent = '';
	}, HINT_MS);
}

async function copy() {
	if (view.selection === '')
		return;
	get('copying').value = view.selection;
	const done = await copyText(get('copying'));
	get('copying').value = '';
	toScreen();
	hint(done ? 'copied' : 'not_copied');
}

const SHORTCUTS = {
	copy,
	search: () => {
		leaveOnly('search');
		search.open();
	},
	larger: () => options.step(1),
	smaller: () => options.step(-1),
	usual: () => options.step(0),
};

window.addEventListener('keydown', (e) => {
	const name = shortcutOf(e);
	if (name === null || document.body.dataset.phase === 'ended')
		return;
	e.preventDefault();
	e.stopPropagation();
	SHORTCUTS[name]();
}, true);

/* What is sent in one go is looked at before, whether it was pasted or written. */
get('clipboard-text').addEventListener('input', (e) => {
	get('clipboard-warning').hidden = !hasLineEnd(e.target.value);
});
get('clipboard-screen').addEventListener('click', () => propose(view.screenText));
for (const name of Object.keys(sheets))
	get(`tool-${name}`).addEventListener('click', () => leaveOnly(name));

fullScreen(get('tool-fullscreen'));
keyboardTool(get('tool-keyboard'), view);
touchScroll(get('screen'), view);
followViewport(get('app'));

window.addEventListener('online', () => connection.networkChanged());
document.addEventListener('visibilitychange', () => {
	if (document.visibilityState === 'visible')
		connection.wake();
});
connection.start();
