// SPDX-License-Identifier: MIT
//
// picture - saves a picture of the console as a file of the browser's.
//
// Knows nothing of VNC, so that a page for another kind of console can use it.

/* Named after the moment, in the time of whoever looks at it: sorted, and fit for any disk. */
export function pictureName(now) {
	const two = (n) => String(n).padStart(2, '0');
	const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
	const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-');
	return `console_${date}_${time}.png`;
}

/* Save a Blob as a file. */
export function saveFile(blob, name) {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	/* The browser has taken it when the click is done with. */
	setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
