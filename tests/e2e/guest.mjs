// SPDX-License-Identifier: MIT
//
// guest - what can be seen of guest 100 (a real QEMU) on the console page.

import { until } from './fixture.mjs';

/* The page of the guest's screen (text mode, 720x400) lies below its title bar. */
const PAGE = { x: 600, y: 300 };
/* The row in which a block runs from left to right all the time. */
const RUNNER = { x: 0, y: 368, width: 720, height: 16 };

/* The colours that the digits 1..7 give the guest's page; each channel is 0, 84 or 168. */
export const COLOURS = {
	1: [0, 0, 168], 2: [0, 168, 0], 3: [0, 168, 168], 4: [168, 0, 0], 5: [168, 0, 168],
};

/* Runs in the browser: a pixel of the console's canvas, or a sum over a rectangle. */
function look({ x, y, width = 1, height = 1 }) {
	const canvas = document.querySelector('#screen canvas, #noVNC_container canvas');
	if (!canvas || canvas.width < x + width || canvas.height < y + height)
		return null;
	const probe = new OffscreenCanvas(width, height)
		.getContext('2d', { willReadFrequently: true });
	probe.drawImage(canvas, x, y, width, height, 0, 0, width, height);
	const data = probe.getImageData(0, 0, width, height).data;
	return width * height === 1 ? [...data.slice(0, 3)]
		: data.reduce((sum, value, i) => (sum * 31 + value * (i + 1)) % 1000000007, 7);
}

/* The colour of the guest's page right now, or null while there is no picture. */
export function colour(page) {
	return page.evaluate(look, PAGE);
}

function near(a, b) {
	return a !== null && a.every((value, i) => Math.abs(value - b[i]) <= 16);
}

/* Wait until the guest's page has the colour of a digit. */
export function hasColour(page, digit) {
	return until(async () => near(await colour(page), COLOURS[digit]), `colour ${digit}`);
}

/* Type a digit at the screen and wait until it shows. */
export async function typeColour(page, digit) {
	await page.locator('#screen canvas, #noVNC_container canvas').first().focus();
	await page.keyboard.press(String(digit));
	await hasColour(page, digit);
}

/* Wait until something has moved on the guest's screen. */
export async function moves(page) {
	const before = await until(() => page.evaluate(look, RUNNER), 'a picture');
	await until(async () => (await page.evaluate(look, RUNNER)) !== before, 'movement');
}
