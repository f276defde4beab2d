// SPDX-License-Identifier: MIT
//
// screen - the picture of a synthetic guest: one colour and a bar that moves.
//
// Digits and the space bar change the colour (COLOURS, space = the next one); the bar's
// place comes from the clock, ten steps a second. A container begins as vncterm does: 744x400
// with an 8-bit colour map.

export const COLOURS = [
	[0, 0, 0], [0, 0, 170], [0, 170, 0], [0, 170, 170], [170, 0, 0],
	[170, 0, 170], [170, 85, 0], [170, 170, 170], [85, 85, 255], [255, 255, 85],
];
export const BAR_COLOUR = [255, 255, 255];
export const BAR_HEIGHT = 16;
const BAR_WIDTH = 16;
const STEP_MS = 100;
const STEP_PIXELS = 8;

const TRUE_COLOUR = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
const COLOUR_MAP = Buffer.from([8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

export class Screen {
	constructor(guest) {
		const vncterm = guest.vncService === 'vncterm';
		this.guest = guest;
		this.width = vncterm ? 744 : 320;
		this.height = vncterm ? 400 : 200;
		this.format = vncterm ? COLOUR_MAP : TRUE_COLOUR;
		this.name = vncterm ? `CT ${guest.label}` : `QEMU (${guest.name})`;
		this.colour = 1 + guest.vmid % 7;
		this.changes = 0;
	}

	/* Where the bar is; the same number means nothing moved. */
	get step() {
		return this.guest.kind.kind === 'static' ? 0 : Math.floor(Date.now() / STEP_MS);
	}

	get stepMs() {
		return STEP_MS;
	}

	key(keysym) {
		if (keysym >= 0x30 && keysym <= 0x39)
			this.colour = keysym - 0x30;
		else if (keysym === 0x20)
			this.colour = (this.colour + 1) % COLOURS.length;
		else
			return;
		this.changes++;
	}

	/* The raw pixels of a rectangle in a viewer's format at one step. */
	paint({ x, y, w, h }, format, step) {
		const back = pixel(this.colour, COLOURS[this.colour], format);
		const bar = pixel(COLOURS.length, BAR_COLOUR, format);
		const barX = (step * STEP_PIXELS) % (this.width - BAR_WIDTH);
		const plain = Buffer.alloc(w * back.length, back);
		const striped = Buffer.from(plain);
		const from = Math.max(0, barX - x);
		const to = Math.min(w, barX + BAR_WIDTH - x);
		if (to > from)
			striped.fill(bar, from * back.length, to * back.length);
		const out = Buffer.alloc(h * plain.length);
		for (let row = 0; row < h; row++)
			(y + row < BAR_HEIGHT ? striped : plain).copy(out, row * plain.length);
		return out;
	}

	/* SetColourMapEntries for viewers that keep the colour map. */
	colourMap() {
		const all = [...COLOURS, BAR_COLOUR];
		const out = Buffer.alloc(6 + 6 * all.length);
		out[0] = 1;
		out.writeUInt16BE(all.length, 4);
		all.flat().forEach((v, i) => out.writeUInt16BE(v * 257, 6 + 2 * i));
		return out;
	}
}

/* One pixel; format is the 16 bytes of a PIXEL_FORMAT. */
function pixel(index, rgb, format) {
	const bytes = format[0] / 8;
	let v = index;
	if (format[3]) {
		v = 0;
		rgb.forEach((c, i) => {
			const max = format.readUInt16BE(4 + 2 * i);
			v += Math.round(c * max / 255) * 2 ** format[10 + i];
		});
	}
	const out = Buffer.alloc(bytes);
	if (format[2])
		out.writeUIntBE(v, 0, bytes);
	else
		out.writeUIntLE(v, 0, bytes);
	return out;
}
