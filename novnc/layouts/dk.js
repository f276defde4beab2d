// SPDX-License-Identifier: MIT
//
// layouts/dk - the Danish keyboard; see layouts.js.

export default {
	plain: ['½1234567890+ ', 'qwertyuiopå ', 'asdfghjklæø\'', '<zxcvbnm,.-'],
	shift: ['§!"#¤%&/()=? ', 'QWERTYUIOPÅ ', 'ASDFGHJKLÆØ*', '>ZXCVBNM;:_'],
	altgr: ['  @£$  {[]} |', '  €         ', '            ', '\\      µ   '],
	dead: {
		plain: { Equal: 'acute', BracketRight: 'diaeresis' },
		shift: { Equal: 'grave', BracketRight: 'circumflex' },
		altgr: { BracketRight: 'tilde' },
	},
};
