// SPDX-License-Identifier: MIT
//
// console - the console page: puts its parts together.

import { ClipboardPanel } from './clipboard.js';
import { Connection } from './connection.js';
import { Focus } from './focus.js';
import { chord, KeyPanel } from './key_panel.js';
import { Modifiers } from './modifiers.js';
import { fillTexts, fullScreen, statePanel } from './panel.js';
import { pictureName, saveFile } from './picture.js';
import { openScreen } from './screen.js';
import { load } from './settings.js';
import { followViewport, touchKeyboard } from './touch.js';
import { TypePanel } from './type_panel.js';

const get = (id) => document.getElementById(id);

let screen = null;              /* of screen.js: the connection of now */
const current = () => (screen ? screen.rfb : null);

await fillTexts();
const focus = new Focus(get('screen'), get('tools'), current);
const panel = statePanel((action) => (action === 'reload' ? location.reload()
	: connection.connect()));
const clipboard = new ClipboardPanel((value) => current()?.clipboardPasteFrom(value),
	() => focus.toScreen());
const modifiers = new Modifiers((name, state) => keys.show(name, state));
const keys = new KeyPanel((...key) => current()?.sendKey(...key),
	(name) => modifiers.press(name), () => focus.toScreen());
const typing = new TypePanel(() => screen, letGo, () => focus.toScreen());
const sheets = { clipboard, keys, type: typing };
const connection = new Connection({ load, open, show });

/* Nothing is held any more, neither by the page nor by who has the keyboard. */
function letGo() {
	modifiers.release();
	window.dispatchEvent(new Event('blur'));
}

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
		keys: (send) => modifiers.before(send),
		picture: keepPicture,
		clipboard: (value) => clipboard.received(value),
	});
	return screen;
}

function show(state) {
	const connected = state.phase === 'connected';
	const input = connected && !state.settings.view_only;

	panel.show(state);
	for (const sheet of Object.values(sheets))
		sheet.enable(input);
	for (const id of ['keyboard', 'keys', 'type', 'clipboard', 'ctrlaltdel'])
		get(`tool-${id}`).disabled = !input;
	get('tool-picture').disabled = !connected;
	if (!connected)
		modifiers.release();
	if (connected || state.phase === 'ended')
		dropPicture();
	if (state.phase === 'ended')
		Object.values(sheets).forEach((sheet) => sheet.close());
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
	chord(['ctrl', 'alt', 'del'], (...key) => current()?.sendKey(...key));
	focus.toScreen();
});
get('tool-picture').addEventListener('click', () => {
	current()?.toBlob((picture) => picture && saveFile(picture, pictureName(new Date())),
		'image/png');
	focus.toScreen();
});
/* One panel at a time. */
for (const name of Object.keys(sheets))
	get(`tool-${name}`).addEventListener('click', () => Object.entries(sheets)
		.forEach(([other, sheet]) => other !== name && sheet.close()));
fullScreen(get('tool-fullscreen'));
touchKeyboard(get('typing'), get('tool-keyboard'), current, keepTyping);
followViewport(get('app'));

window.addEventListener('online', () => connection.networkChanged());
/* Another window has the keys now; that the page itself sends this event means less. */
window.addEventListener('blur', (e) => e.isTrusted && modifiers.release());
document.addEventListener('visibilitychange', () => {
	if (document.visibilityState === 'visible')
		connection.wake();
});
connection.start();
