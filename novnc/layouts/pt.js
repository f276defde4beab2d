// SPDX-License-Identifier: MIT
//
// layouts/pt - the keyboard of Portugal; see layouts.js.

export default {
	plain: ['\\1234567890\'«', 'qwertyuiop+ ', 'asdfghjklçº ', '<zxcvbnm,.-'],
	shift: ['|!"#$%&/()=?»', 'QWERTYUIOP* ', 'ASDFGHJKLÇª ', '>ZXCVBNM;:_'],
	altgr: ['  @£§  {[]}  ', '  €         ', '            ', '           '],
	dead: {
		plain: { BracketRight: 'acute', Backslash: 'tilde' },
		shift: { BracketRight: 'grave', Backslash: 'circumflex' },
		altgr: { BracketLeft: 'diaeresis' },
	},
};
