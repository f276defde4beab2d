// SPDX-License-Identifier: MIT
//
// versions - what differs between the Proxmox versions that the double can be.
//
//   hardened    April 2026: password in the reply and in front of the ticket, tickets bound to
//               their port, websocket=1 required, a termproxy takes only the ticket made for it
//   termTokens  whose terminals take an API token's ticket: 'none', 'nodes', 'all'; a node's
//               refuses to be asked for one where it takes none
//   pamShells   nodes give shells to users of the realm pam only
//   message     errors have their text in the body, too
//   innerTexts  a 401 says what was wrong with the ticket or token
//   oldTfa      without new-format=1 a second factor is asked for in the shape of old
//   maxBody     bytes of a request's body

const OLD = { hardened: false, termTokens: 'none', pamShells: false, message: false,
	innerTexts: true, oldTfa: false, maxBody: 512 * 1024 };

export const VERSIONS = {
	'7.4': { ...OLD, oldTfa: true, pamShells: true, maxBody: 64 * 1024,
		reply: { version: '7.4-17', release: '7.4', repoid: '513c62be' } },
	'8.4': { ...OLD, message: true,
		reply: { version: '8.4.14', release: '8.4', repoid: 'b502d23c55afcba1' } },
	'9.0': { ...OLD, message: true, termTokens: 'nodes',
		reply: { version: '9.0.18', release: '9.0', repoid: '5cacb35d7ee87217' } },
	'9.2': { hardened: true, termTokens: 'all', pamShells: false, message: true, innerTexts: false,
		oldTfa: false, maxBody: 512 * 1024,
		reply: { version: '9.2.11', release: '9.2', repoid: 'b3a1c7f90e6d4825' } },
};

/* Whether a terminal of place takes the ticket of an API token. */
export function takesTermToken({ termTokens }, place) {
	return termTokens === 'all' || (termTokens === 'nodes' && place.type === 'node');
}
