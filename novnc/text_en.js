// SPDX-License-Identifier: MIT
//
// text_en - every word that the page shows, in English; see text.js.

export default {
	labels: {
		title: 'Console',
		tools: 'Console tools',
		screen: 'Console screen. Press Ctrl, Alt and Shift together to leave it for the '
			+ 'toolbar.',
		keyboard: 'On-screen keyboard',
		clipboard: 'Clipboard',
		clipboard_new: 'Clipboard (new text from the console)',
		ctrlaltdel: 'Send Ctrl+Alt+Del',
		fullscreen: 'Full screen',
		fullscreen_off: 'Leave full screen',
		clipboard_text: 'Text to send to the console, or received from it',
		clipboard_hint: 'Text copied in the console appears here. What you send can be '
			+ 'pasted there, if the machine supports a shared clipboard.',
		clipboard_send: 'Send to console',
		clipboard_copy: 'Copy',
		clipboard_copied: 'Copied',
		clipboard_by_hand: 'Selected: press Ctrl+C',
		clipboard_close: 'Close clipboard',
		typing: 'Type here to send keys to the console',
		keys: 'Keys',
		keys_close: 'Close keys',
		keys_modifiers: 'Press once for the next key, twice to hold.',
		keys_combinations: 'Key combinations',
		keys_keys: 'Single keys',
		keys_functions: 'Function keys',
		keys_terminals: 'With Ctrl+Alt',
		type: 'Type text',
		type_close: 'Close',
		type_text: 'Text to type',
		type_layout: 'Keyboard layout',
		type_speed: 'Speed',
		speed_normal: 'Normal',
		speed_slow: 'Slow, if characters get lost',
		type_hint: 'Typed as on a keyboard, where no clipboard reaches.',
		type_layout_hint: 'It has to be the layout that is set there, with Caps Lock off.',
		type_start: 'Type',
		type_cancel: 'Cancel',
		picture: 'Save a picture of the screen',
	},

	/* What the page is doing, for the bar. */
	phases: {
		loading: 'Loading',
		idle: 'Not connected',
		connecting: 'Connecting',
		connected: 'Connected',
		waiting: 'Reconnecting',
		reconnecting: 'Reconnecting',
		ended: 'Ended',
	},

	actions: {
		connect: 'Connect',
		now: 'Reconnect now',
		again: 'Try again',
		reload: 'Reload the page',
		countdown: 'Trying again in {seconds} s',
		trying: 'Reconnecting…',
	},

	/* Why, for the card in the middle: a title and what it means for the reader. */
	words: {
		loading: ['Loading…', ''],
		idle: ['Console', 'Connect when you are ready.'],
		connecting: ['Connecting…', 'The console is being opened.'],
		ended: ['This console session has ended',
			'To open the console again, ask for a new link.'],
		off: ['The machine is switched off',
			'The console opens by itself once the machine is running.'],
		host: ['The machine’s host does not answer',
			'The server that runs this machine cannot be reached right now.'],
		refused: ['The console was refused',
			'The server that runs this machine did not open it. If that stays so, '
			+ 'ask for a new link.'],
		limit: ['Too many consoles are open',
			'Close one that is open elsewhere and try again, or ask for a new link.'],
		admin: ['An administrator ended this session',
			'To open the console again, ask for a new link.'],
		closed: ['This console session was closed',
			'To open the console again, ask for a new link.'],
		restart: ['The console service is restarting',
			'The console comes back by itself.'],
		lost: ['The connection was lost', 'Your machine is not affected by this.'],
		failed: ['The console could not be opened', 'The connection was closed too early.'],
		unreachable: ['The console service cannot be reached',
			'Please check your network connection.'],
		silent: ['The console service does not answer',
			'There was no answer for several minutes. Try again, or ask for a new '
			+ 'link.'],
		gone: ['This console link is no longer valid',
			'Its time is over. To open the console again, ask for a new link.'],
		nothing: ['There is no console here',
			'This page has no password for a console. Ask for a new link.'],
		password: ['The console did not accept its password', 'Ask for a new link.'],
		broken: ['This page did not load completely',
			'Reload it. If that does not help, use a current browser.'],
	},

	/* What keys are called; F1 to F12 are called that everywhere. */
	keys: {
		ctrl: 'Ctrl',
		alt: 'Alt',
		shift: 'Shift',
		win: 'Win',
		esc: 'Esc',
		tab: 'Tab',
		enter: 'Enter',
		backspace: 'Backspace',
		insert: 'Ins',
		del: 'Del',
		home: 'Home',
		end: 'End',
		pageup: 'PgUp',
		pagedown: 'PgDn',
		left: 'Left',
		up: 'Up',
		down: 'Down',
		right: 'Right',
		print: 'PrtSc',
	},

	/* A modifier of the panel with keys, and how long it is held. */
	held: {
		off: '{key}',
		once: '{key}: held for the next key',
		locked: '{key}: held until pressed again',
	},

	/* How typing a text goes. */
	typed: {
		count: '{done} of {total}',
		all: 'Typed: {total} characters.',
		stopped: 'Stopped: {done} of {total} characters were typed.',
		missing: '“{character}” on line {line} cannot be typed with the layout {layout}. '
			+ 'Nothing was typed.',
		missing_here: '“{character}” on line {line} cannot be typed here. Nothing was '
			+ 'typed.',
		broken: 'The text could not be typed. Please reload the page.',
	},

	/* Keyboards, by their country. */
	layouts: {
		us: 'English (US)',
		uk: 'English (UK)',
		de: 'German',
		fr: 'French',
		es: 'Spanish',
		it: 'Italian',
		pt: 'Portuguese',
		pl: 'Polish',
		se: 'Swedish',
		dk: 'Danish',
		no: 'Norwegian',
		ch: 'German (Switzerland)',
	},

	/* What the gateway says in a Close frame is English already. */
	reasons: {},

	/* Of the terminal page alone, besides those of all groups above. */
	terminal: {
		screen: 'Terminal. Press Ctrl, Alt and Shift together to leave it for the toolbar.',
		too_much: 'Too much output to read aloud. Move to the lines to read them.',
		search: 'Search',
		search_text: 'Search the terminal',
		search_case: 'Match case',
		search_back: 'Previous match (Enter)',
		search_on: 'Next match (Shift+Enter)',
		search_none: 'No match',
		search_close: 'Close search',
		options: 'Text size and reading',
		options_close: 'Close',
		font_size: 'Text size',
		font_smaller: 'Smaller text (Ctrl+−)',
		font_larger: 'Larger text (Ctrl++)',
		screen_reader: 'Screen reader',
		screen_reader_hint: 'Reads output aloud, and lets you move through its lines.',
		shortcuts: 'Keys',
		shortcut_copy: 'Copy what is selected',
		shortcut_paste: 'Paste',
		shortcut_search: 'Search',
		shortcut_size: 'Text size: larger, smaller, usual',
		shortcut_leave: 'Leave the terminal for the toolbar',
		clipboard_hint: 'Paste here what you want to send. Text that a program offers for '
			+ 'your clipboard appears here, and goes there only when you press Copy.',
		clipboard_lines: 'This text has line ends: a shell may run each line as soon as it '
			+ 'arrives. Read it before you send it.',
		clipboard_screen: 'Text on screen',
		copied: 'Copied',
		not_copied: 'Your browser did not allow copying',
		ask: 'Open this link?',
		ask_text: 'The terminal shows other words for it. It opens in a new tab.',
		ask_open: 'Open',
		ask_cancel: 'Cancel',
		keys: 'More keys',
		copying: 'Text that is being copied',
	},
};
