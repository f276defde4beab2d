// SPDX-License-Identifier: MIT
//
// layouts/no - the Norwegian keyboard; see layouts.js.

export default {
	plain: ['|1234567890+\\', 'qwertyuiopå ', 'asdfghjkløæ\'', '<zxcvbnm,.-'],
	shift: ['§!"#¤%&/()=? ', 'QWERTYUIOPÅ ', 'ASDFGHJKLØÆ*', '>ZXCVBNM;:_'],
	altgr: ['  @£$  {[]}  ', '  €         ', '            ', '       µ   '],
	dead: {
		plain: { BracketRight: 'diaeresis' },
		shift: { Equal: 'grave', BracketRight: 'circumflex' },
		altgr: { Equal: 'acute', BracketRight: 'tilde' },
	},
};
