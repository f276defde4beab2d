// SPDX-License-Identifier: MIT
//
// faults - how the fake Proxmox misbehaves on demand.
//
// pve.faults.<endpoint> is one fault or a function (request) => fault or nothing. Endpoints:
// ticket, resources, status, config, vncproxy, vncshell, termproxy, vncwebsocket, version, nodes,
// domains, and any.
// A fault is an object; times: N limits it to the next N requests. See tests/README.md.
//
//   { hang: true }                     read the request, never answer
//   { delayMs: N }                     answer later (with other members: the fault, later)
//   { status, reason, body, type }     this answer (body '' unless given)
//   { reply: value }                   200 with { data: value } in place of the real one
//   { garbage: 'http' }                bytes that are not HTTP
//   { garbage: 'json' | 'truncated' | 'huge' | 'cut' | 'empty' }
//                                      not JSON; half of it; 64 MiB; a body cut half-way; nothing
//   { close: true } / { close: 'mid' } close without an answer; in the middle of the head
//   vncwebsocket also: { no101: true } = hang, { badAccept: true }, { garbageFrames: true }
//
// pve.faults.accept: { hang: true } accepts TCP and says nothing, { close: true }.
// pve.faults.rfb: { garbage, never, authFail, noTypes, otherType, endAfterAuth } (synthetic
// guests). pve.faults.term: { refuse }.

const HUGE_BYTES = 64 * 1024 * 1024;
const PIECE = Buffer.alloc(65536, 0x20);

/* The fault for this request, its count taken down; or null. */
export function takeFault(faults, name, req) {
	for (const key of [name, 'any']) {
		let fault = faults[key];
		if (typeof fault === 'function')
			fault = fault(req);
		if (!fault || fault.times === 0)
			continue;
		if (fault.times !== undefined)
			fault.times--;
		return fault;
	}
	return null;
}

/* True when the fault makes the answer itself (after any delay). */
export function answersItself(fault) {
	return ['hang', 'no101', 'status', 'garbage', 'close'].some((k) => fault[k] !== undefined);
}

/* Carries out a fault that answersItself() on a connection with a whole request. */
export function carryOut(fault, conn) {
	if (fault.hang || fault.no101)
		return conn.note('hang');
	if (fault.close === 'mid')
		return conn.writeAndCut('HTTP/1.1 200 OK\r\nCache-Control: max-a', 'cut');
	if (fault.close)
		return conn.writeAndCut('', 'closed');
	if (fault.garbage)
		return garbage(fault.garbage, conn);
	return conn.respond({ status: fault.status, reason: fault.reason ?? 'Fault',
		body: fault.body ?? '', type: fault.type });
}

function garbage(kind, conn) {
	const json = 'application/json;charset=UTF-8';
	const ok = { status: 200, reason: 'OK', type: json };
	switch (kind) {
	case 'http':
		return conn.writeAndCut('\x00\x01SSH-2.0-nothing\r\n\x7f'.repeat(20), 'garbage');
	case 'json':
		return conn.respond({ ...ok, body: '<html>surprise</html>' });
	case 'truncated':
		return conn.respond({ ...ok, body: '{"data":{"ticket":"PVE:' });
	case 'empty':
		return conn.respond({ ...ok, body: '' });
	case 'cut':
		return conn.writeAndCut(`HTTP/1.1 200 OK\r\nContent-Type: ${json}\r\n` +
			'Content-Length: 5000\r\n\r\n{"data":{"ticket":"PVE:', 'cut');
	case 'huge':
		return huge(conn, json);
	default:
		throw new Error(`unknown garbage: ${kind}`);
	}
}

/* A valid but endless-looking answer, written no faster than it is read. */
function huge(conn, type) {
	conn.note('huge');
	conn.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${HUGE_BYTES}\r\n` +
		'\r\n{"data":{"x":"');
	let left = HUGE_BYTES;
	const more = () => {
		while (left > 0 && !conn.closed) {
			left -= PIECE.length;
			if (!conn.write(PIECE)) {
				conn.socket.once('drain', more);
				return;
			}
		}
		conn.end();
	};
	more();
}
