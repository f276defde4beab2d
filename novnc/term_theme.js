// SPDX-License-Identifier: MIT
//
// term_theme - the terminal's colours, for light and for dark. Pure.
//
// On the background every colour has a contrast of at least 4.5 (WCAG AA), but for
// the one that is made to vanish in it; what programs put on other backgrounds the
// terminal mends by the same rule.

export const CONTRAST = 4.5;

const DARK = {
	background: '#0d1014', foreground: '#e4e8ee',
	cursor: '#e4e8ee', cursorAccent: '#0d1014', selectionBackground: '#2c4a86',
	black: '#262c35', red: '#ff7b72', green: '#5fd07c', yellow: '#e3b341',
	blue: '#79b0ff', magenta: '#d2a8ff', cyan: '#56c8d8', white: '#c9d1d9',
	brightBlack: '#8b95a3', brightRed: '#ffa198', brightGreen: '#85e89d',
	brightYellow: '#f2cc60', brightBlue: '#a5cdff', brightMagenta: '#e2c5ff',
	brightCyan: '#8ce4ee', brightWhite: '#ffffff',
};

const LIGHT = {
	background: '#ffffff', foreground: '#1b2330',
	cursor: '#1b2330', cursorAccent: '#ffffff', selectionBackground: '#bcd2ff',
	black: '#1b2330', red: '#b3261e', green: '#116b33', yellow: '#7d5200',
	blue: '#2457c5', magenta: '#8a2da8', cyan: '#0b6570', white: '#d8dde5',
	brightBlack: '#596375', brightRed: '#c9372c', brightGreen: '#1a7a40',
	brightYellow: '#8f5f00', brightBlue: '#2f66d9', brightMagenta: '#a03cc0',
	brightCyan: '#0e7480', brightWhite: '#eef1f5',
};

export const THEMES = { dark: DARK, light: LIGHT };

/* The background of what a search has found; the one that it is at is selected. */
export const MATCHES = { dark: '#5a4a0e', light: '#ffe58a' };
