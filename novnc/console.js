// SPDX-License-Identifier: MIT
//
// console - the console page: puts its parts together.

import { ClipboardPanel } from './clipboard.js';
import { Connection } from './connection.js';
import { Focus } from './focus.js';
import { fillTexts, fullScreen, statePanel } from './panel.js';
import { openScreen } from './screen.js';
import { load } from './settings.js';
import { followViewport, touchKeyboard } from './touch.js';

const get = (id) => document.getElementById(id);

let screen = null;              /* of screen.js: the connection of now */
const current = () => (screen ? screen.rfb : null);

await fillTexts();
const focus = new Focus(get('screen'), get('tools'), current);
const panel = statePanel((action) => (action === 'reload' ? location.reload()
	: connection.connect()));
const clipboard = new ClipboardPanel((value) => current()?.clipboardPasteFrom(value),
	() => focus.toScreen());
const connection = new Connection({ load, open, show });

/* The last picture stays, dimmed, while the page reconnects. */
function keepPicture(canvas) {
	const ghost = get('ghost');
	if (!canvas || canvas.width === 0 || canvas.height === 0)
		return;
	ghost.width = canvas.width;
	ghost.height = canvas.height;
	ghost.getContext('2d').drawImage(canvas, 0, 0);
}

function dropPicture() {
	get('ghost').width = get('ghost').height = 0;
}

function open(settings, events) {
	screen = openScreen(get('screen'), settings, {
		...events,
		picture: keepPicture,
		clipboard: (value) => clipboard.received(value),
	});
	return screen;
}

function show(state) {
	const connected = state.phase === 'connected';
	const input = connected && !state.settings.view_only;

	panel.show(state);
	clipboard.enable(input);
	for (const id of ['tool-keyboard', 'tool-clipboard', 'tool-ctrlaltdel'])
		get(id).disabled = !input;
	if (connected || state.phase === 'ended')
		dropPicture();
	if (state.phase === 'ended')
		clipboard.close();
	if (connected) {
		keepTyping();
		focus.screenIsThere();
	}
}

/* A tap on the screen must not put the on-screen keyboard away. */
function keepTyping() {
	if (current())
		current().focusOnClick = document.activeElement !== get('typing');
}

get('tool-ctrlaltdel').addEventListener('click', () => {
	current()?.sendCtrlAltDel();
	focus.toScreen();
});
fullScreen(get('tool-fullscreen'));
touchKeyboard(get('typing'), get('tool-keyboard'), current, keepTyping);
followViewport(get('app'));

window.addEventListener('online', () => connection.networkChanged());
document.addEventListener('visibilitychange', () => {
	if (document.visibilityState === 'visible')
		connection.wake();
});
connection.start();
