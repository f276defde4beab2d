// SPDX-License-Identifier: MIT
//
// term_view - the terminal on the page, for the page's whole life.
//
// The terminal in xterm/ is xterm.js, under the licences that lie there (MIT). It
// is loaded and made when the first connection wants it, and stays: connections
// come and go (term_line.js), its text remains until the session is over.
//
// What it hides from programs: the bell, the page's title, the clipboard (they may
// only offer text for it), links to anything but the web.

import { fitSize } from './term_flow.js';
import { boundMarks } from './term_marks.js';
import { linkTarget, offeredText } from './term_paste.js';
import { styleByScript } from './term_style.js';
import { CONTRAST, MATCHES, THEMES } from './term_theme.js';
import { text } from './text.js';

const SCROLLBACK_LINES = 5000;

const FONTS = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", '
	+ '"Liberation Mono", monospace';

/* A window that is being resized is fitted when it rests. */
const REST_MS = 100;

/*
 * A new console inherits no modes from the one before: CAN ends a sequence that was
 * cut off; then the ordinary screen, colours, and no reports of the mouse.
 */
const RESET = '\x18\x1b[?1049l\x1b[!p\x1b[?9;1000;1002;1003;1006;1016l\x1b[?2026l\x1b[0 q'
	+ '\x1b]104\x07\x1b]110\x07\x1b]111\x07\x1b]112\x07';

/* The screen becomes scrollback, and is empty. */
const CLEAR = '\x1b[2J\x1b[H';

async function loadLibrary() {
	const [xterm, fit, search, links] = await Promise.all([
		import('./xterm/xterm.mjs'), import('./xterm/addon-fit.mjs'),
		import('./xterm/addon-search.mjs'), import('./xterm/addon-web-links.mjs'),
	]);
	styleByScript();
	return { ...xterm, ...fit, ...search, ...links };
}

export class View {
	#target;
	#events;
	#dark = window.matchMedia('(prefers-color-scheme: dark)');
	#loading = null;
	#terminal = null;
	#fit = null;
	#search = null;
	#line = null;           /* the connection, while there is one */
	#stale = false;         /* the screen shows what an earlier one has said */

	/*
	 * In the element `target`. `events`:
	 *   typed(data)      gives what is to be sent of what was typed
	 *   pasted(text)     somebody pastes
	 *   offered(text)    a program has text for the clipboard
	 *   hovered(target)  the mouse is on a link, null: no longer
	 *   link(target, isShown)   a link was pressed; is its address what one reads?
	 *   found(at, count) where a search is; at is null when there are too many
	 */
	constructor(target, events) {
		this.#target = target;
		this.#events = events;
	}

	/* Have the terminal, made by these settings if they are the first. */
	async ready(settings) {
		this.#loading ??= loadLibrary();
		const library = await this.#loading;
		if (!this.#terminal)
			this.#make(library, settings);
	}

	/* A connection has come: line.send(text), line.sendBytes(bytes), line.resized(size). */
	begin(line) {
		this.#line = line;
		this.#write(RESET);
		this.#stale = true;
	}

	end() {
		this.#line = null;
	}

	/* Show output; shown() is called when that is done. */
	write(bytes, shown) {
		if (this.#stale && bytes.length > 0)
			this.#turnPage();
		this.#terminal.write(bytes, shown);
	}

	/* Nothing that was shown remains, nor what is still to be. */
	forget() {
		this.#terminal?.write('', () => {
			this.#terminal.clearSelection();
			this.#terminal.reset();
		});
	}

	allowInput(on) {
		if (this.#terminal)
			this.#terminal.options.disableStdin = !on;
	}

	focus() {
		this.#terminal?.focus();
	}

	/* Where keys are typed: on-screen keyboards belong to this field. */
	get field() {
		return this.#terminal?.textarea ?? null;
	}

	get size() {
		this.#fitNow();
		return fitSize(this.#terminal);
	}

	get selection() {
		return this.#terminal?.getSelection() ?? '';
	}

	/* What can be seen, as text; a line that went on in the next one is whole. */
	get screenText() {
		if (!this.#terminal)
			return '';
		const buffer = this.#terminal.buffer.active;
		let lines = '';
		for (let y = 0; y < this.#terminal.rows; y++) {
			const line = buffer.getLine(buffer.viewportY + y);
			lines += (line?.isWrapped || y === 0 ? '' : '\n') + (line?.translateToString(true) ?? '');
		}
		return lines.trimEnd();
	}

	/* Bytes of a key, as if it was typed. */
	press(data) {
		this.#terminal?.input(data);
	}

	/* Has the program asked for the other kind of cursor keys? */
	get applicationKeys() {
		return this.#terminal?.modes.applicationCursorKeysMode ?? false;
	}

	paste(value) {
		this.#terminal?.paste(value);
	}

	get fontSize() {
		return this.#terminal?.options.fontSize ?? null;
	}

	set fontSize(pixels) {
		this.#terminal.options.fontSize = pixels;
		this.#fitNow();
	}

	get screenReader() {
		return this.#terminal?.options.screenReaderMode ?? false;
	}

	set screenReader(on) {
		this.#terminal.options.screenReaderMode = on;
	}

	get lineHeight() {
		return this.#target.querySelector('.xterm-screen').clientHeight / this.#terminal.rows;
	}

	/*
	 * Scroll by lines, at a point of the window: through the scrollback, or as the
	 * mouse wheel does for a program that has the screen for itself.
	 */
	scroll(lines, { clientX, clientY }) {
		const { buffer, modes, element } = this.#terminal;
		if (buffer.active.type === 'normal' && modes.mouseTrackingMode === 'none')
			return this.#terminal.scrollLines(lines);
		for (let i = 0; i < Math.abs(lines); i++)
			element.dispatchEvent(new WheelEvent('wheel', {
				deltaY: Math.sign(lines), deltaMode: WheelEvent.DOM_DELTA_LINE,
				clientX, clientY, bubbles: true, cancelable: true,
			}));
	}

	/*
	 * Search backwards or on from what was found last; `anew`: from the newest line.
	 * The add-on would not see by itself that caseSensitive has changed.
	 */
	find(words, { caseSensitive, back, anew }) {
		/* The rulers are beside the scroll bar, and there are none. */
		const decorations = {
			matchBackground: MATCHES[this.#scheme],
			matchOverviewRuler: '', activeMatchColorOverviewRuler: '',
		};
		if (anew) {
			this.#search.clearDecorations();
			this.#terminal.clearSelection();
		}
		this.#search[back ? 'findPrevious' : 'findNext'](words, { caseSensitive, decorations });
	}

	endSearch() {
		this.#search?.clearDecorations();
	}

	get #scheme() {
		return this.#dark.matches ? 'dark' : 'light';
	}

	#make({ Terminal, FitAddon, SearchAddon, WebLinksAddon }, settings) {
		Terminal.strings.promptLabel = text('terminal', 'screen');
		Terminal.strings.tooMuchOutput = text('terminal', 'too_much');
		const terminal = new Terminal({
			allowProposedApi: true,         /* for what a search has found, and marks */
			cursorBlink: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
			disableStdin: true,
			fontFamily: FONTS,
			fontSize: settings.font_size,
			linkHandler: this.#linkHandler(false),
			logLevel: 'off',
			macOptionClickForcesSelection: true,
			minimumContrastRatio: CONTRAST,
			screenReaderMode: settings.screen_reader,
			scrollback: SCROLLBACK_LINES,
			theme: THEMES[this.#scheme],
		});
		const links = this.#linkHandler(true);

		terminal.loadAddon(this.#fit = new FitAddon());
		terminal.loadAddon(this.#search = new SearchAddon());
		terminal.loadAddon(new WebLinksAddon(links.activate, links));
		boundMarks(terminal);
		terminal.open(this.#target);
		this.#terminal = terminal;
		this.#listen(terminal);
		this.#fitNow();
	}

	#listen(terminal) {
		let resting = null;

		terminal.onData((data) => this.#line?.send(this.#events.typed(data)));
		terminal.onBinary((data) => this.#line?.sendBytes(
			Uint8Array.from(data, (c) => c.charCodeAt(0))));
		terminal.onResize((size) => this.#line?.resized(fitSize(size)));
		terminal.parser.registerOscHandler(52, (parameters) => {
			const offer = offeredText(parameters);
			if (offer)
				this.#events.offered(offer);
			return true;
		});
		this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
			this.#events.found(resultIndex < 0 ? null : resultIndex + 1, resultCount));
		this.#target.addEventListener('paste', (e) => {
			e.preventDefault();
			e.stopPropagation();
			this.#events.pasted(e.clipboardData.getData('text/plain'));
		}, true);
		this.#dark.addEventListener('change', () => {
			terminal.options.theme = THEMES[this.#scheme];
		});
		new ResizeObserver(() => {
			clearTimeout(resting);
			resting = setTimeout(() => this.#fitNow(), REST_MS);
		}).observe(this.#target);
	}

	/* Handlers for links whose address is what one reads, or hidden behind words. */
	#linkHandler(isShown) {
		const leave = () => this.#events.hovered(null);
		return {
			activate: (_, address) => {
				const target = linkTarget(address);
				leave();
				if (target)
					this.#events.link(target, isShown);
			},
			hover: (_, address) => this.#events.hovered(linkTarget(address)),
			leave,
		};
	}

	/* As many columns and rows as there is room for; none while nothing is laid out. */
	#fitNow() {
		const room = this.#fit.proposeDimensions();
		if (!(room?.cols > 0 && room?.rows > 0))
			return;
		const { cols, rows } = fitSize(room);
		this.#terminal.resize(cols, rows);
	}

	/* As bytes: what is left of a character that was cut off is dropped, too. */
	#write(sequence, done) {
		this.#terminal.write(new TextEncoder().encode(sequence), done);
	}

	#turnPage() {
		const { options } = this.#terminal;
		this.#stale = false;
		options.scrollOnEraseInDisplay = true;
		this.#write(CLEAR, () => {
			options.scrollOnEraseInDisplay = false;
		});
	}
}
