// SPDX-License-Identifier: MIT
//
// cpio - writes an archive as the Linux kernel takes it for its first root (newc), pure.
//
// An entry: { name, mode, data?, dev?, owner? }. mode has the file's type in it (DIR, FILE, LINK,
// CHAR); data is a Buffer or a text (of a LINK: where it leads); dev: [major, minor].

export const DIR = 0o040755;
export const FILE = 0o100644;
export const EXECUTABLE = 0o100755;
export const LINK = 0o120777;
export const CHAR = 0o020600;

function padded(bytes) {
	return Buffer.concat([bytes, Buffer.alloc((4 - bytes.length % 4) % 4)]);
}

function entry({ name, mode, data = '', dev = [0, 0], owner = 0 }, inode) {
	const body = Buffer.from(data);
	const path = Buffer.from(`${name}\0`);
	/* magic, inode, mode, uid, gid, links, mtime, size, dev, rdev, name's size, check */
	const fields = [inode, mode, owner, owner, 1, 0, body.length, 0, 0, ...dev, path.length, 0];
	const head = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}`;
	return Buffer.concat([padded(Buffer.concat([Buffer.from(head), path])), padded(body)]);
}

export function cpio(entries) {
	return Buffer.concat([...entries, { name: 'TRAILER!!!', mode: 0 }]
		.map((e, i) => entry(e, i + 1)));
}
