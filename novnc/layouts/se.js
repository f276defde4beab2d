// SPDX-License-Identifier: MIT
//
// layouts/se - the Swedish keyboard; see layouts.js.

export default {
	plain: ['§1234567890+ ', 'qwertyuiopå ', 'asdfghjklöä\'', '<zxcvbnm,.-'],
	shift: ['½!"#¤%&/()=? ', 'QWERTYUIOPÅ ', 'ASDFGHJKLÖÄ*', '>ZXCVBNM;:_'],
	altgr: ['  @£$  {[]}\\ ', '  €         ', '            ', '|      µ   '],
	dead: {
		plain: { Equal: 'acute', BracketRight: 'diaeresis' },
		shift: { Equal: 'grave', BracketRight: 'circumflex' },
		altgr: { BracketRight: 'tilde' },
	},
};
