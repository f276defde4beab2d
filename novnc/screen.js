// SPDX-License-Identifier: MIT
//
// screen - one connection to the console: a websocket and the VNC client on it.
//
// The VNC client in core/ and vendor/ is noVNC, under the licences that lie there
// (MPL 2.0, and MIT for pako). It hides why a websocket closed, so the page makes
// the websocket itself and listens before the client does.

import { Answers, QUESTION } from './answers.js';
import { socketUrl } from './settings.js';

/* To load the client and to have the upgrade answered; then to have a screen. */
const OPEN_TIMEOUT_MS = 20000;
const CONNECT_TIMEOUT_MS = 130000;

/* A server that has not answered the first question by then never does. */
const ANSWER_TIMEOUT_MS = 3000;

let client = null;

/* The VNC client, loaded once; told to keep quiet, since its log names internals. */
async function loadClient() {
	const log = await import('./core/util/logging.js');
	log.initLogging('none');
	return (await import('./core/rfb.js')).default;
}

class Screen {
	rfb = null;             /* the VNC client, while there is one */
	#target;
	#settings;
	#events;
	#socket = null;
	#timer = null;
	#connected = false;
	#done = false;
	#answers = null;        /* looks for answers in what arrives, once one is wanted */
	#waiting = [];          /* resolves those who wait for an answer, in their order */
	#answering = null;      /* whether the server answers, when that is known */

	constructor(target, settings, events) {
		this.#target = target;
		this.#settings = settings;
		this.#events = events;
		this.#limit(OPEN_TIMEOUT_MS);
		client ??= loadClient();
		client.then((RFB) => this.#start(RFB)).catch(() => this.#fail('broken'));
	}

	close() {
		this.#finish(() => {});
	}

	/*
	 * Whether the server is told of physical keys, so that the machine decides what they
	 * type. The client knows, and has no word for it (a test watches what it sends).
	 */
	get takesKeys() {
		return this.rfb?._qemuExtKeyEventSupported === true;
	}

	/*
	 * Wait until the server has taken everything so far. Gives true, or false when it is
	 * one that does not tell, or when the connection ends.
	 */
	answered() {
		if (this.#answering === false || this.#socket?.readyState !== WebSocket.OPEN)
			return Promise.resolve(false);
		if (this.#answers === null) {
			this.#answers = new Answers();
			this.#socket.addEventListener('message', (e) => this.#listenFor(e.data));
		}
		return new Promise((resolve) => {
			this.#waiting.push(resolve);
			this.#socket.send(QUESTION);
			if (this.#answering === null)
				setTimeout(() => this.#answering ?? this.#answer(false), ANSWER_TIMEOUT_MS);
		});
	}

	#listenFor(data) {
		if (this.#waiting.length === 0)
			return;
		for (let n = this.#answers.count(new Uint8Array(data)); n > 0; n--) {
			this.#answering = true;
			this.#waiting.shift()?.(true);
		}
	}

	/* There will be no answers (any more). */
	#answer(answering) {
		this.#answering = answering;
		for (const resolve of this.#waiting.splice(0))
			resolve(false);
	}

	/* Whatever comes first is the end, and the only one that is told. */
	#finish(tell) {
		if (this.#done)
			return;
		this.#done = true;
		clearTimeout(this.#timer);
		if (this.#connected)
			this.#events.picture(this.#target.querySelector('canvas'));
		if (this.rfb)
			this.rfb.disconnect();
		else
			this.#socket?.close();
		this.rfb = null;
		this.#answer(false);
		tell();
	}

	#end(code, reason) {
		this.#finish(() => this.#events.ended(code, reason));
	}

	#fail(cause) {
		this.#finish(() => this.#events.failed(cause));
	}

	#limit(ms) {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#end(1006, ''), ms);
	}

	#start(RFB) {
		if (this.#done)
			return;
		const { password, shared } = this.#settings;
		const credentials = password === undefined ? {} : { password };
		const socket = new WebSocket(socketUrl(this.#settings, location.href));

		this.#socket = socket;
		this.#limit(OPEN_TIMEOUT_MS);
		socket.addEventListener('open', () => this.#limit(CONNECT_TIMEOUT_MS));
		socket.addEventListener('close', (e) => this.#end(e.code, e.reason));
		this.rfb = new RFB(this.#target, socket, { credentials, shared });
		/* The client sends each key through its own sendKey(), whoever pressed it. */
		this.rfb.sendKey = this.#events.keys(this.rfb.sendKey.bind(this.rfb));
		this.#apply(this.rfb);
		this.#listen(this.rfb);
	}

	#apply(rfb) {
		const settings = this.#settings;
		rfb.background = 'transparent';
		rfb.scaleViewport = settings.resize !== 'off';
		rfb.resizeSession = settings.resize === 'remote';
		rfb.viewOnly = settings.view_only;
		rfb.showDotCursor = settings.show_dot;
		rfb.qualityLevel = settings.quality;
		rfb.compressionLevel = settings.compression;
	}

	#listen(rfb) {
		rfb.addEventListener('connect', () => {
			clearTimeout(this.#timer);
			this.#connected = true;
			this.#events.connected();
		});
		rfb.addEventListener('clipboard', (e) => this.#events.clipboard(e.detail.text));
		rfb.addEventListener('securityfailure', () => this.#fail('password'));
		rfb.addEventListener('credentialsrequired', () => this.#fail('nothing'));
		rfb.addEventListener('disconnect', () => this.#end(1006, ''));
	}
}

/*
 * Open the console in the element `target`. Returns a Screen: close(), rfb (the VNC
 * client, or null while there is none), takesKeys, answered(); `events` are those of
 * connection.js and
 *   keys(send)        may stand before the client's sendKey(keysym, code, down): gives
 *                     what to use instead
 *   clipboard(text)   from the console
 *   picture(canvas)   before an end: the canvas, its last picture still in it
 */
export function openScreen(target, settings, events) {
	return new Screen(target, settings, events);
}
