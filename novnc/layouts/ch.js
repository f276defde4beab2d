// SPDX-License-Identifier: MIT
//
// layouts/ch - the Swiss keyboard with German letters; see layouts.js.

export default {
	plain: ['§1234567890\' ', 'qwertzuiopü ', 'asdfghjklöä$', '<yxcvbnm,.-'],
	shift: ['°+"*ç%&/()=? ', 'QWERTZUIOPè!', 'ASDFGHJKLéà£', '>YXCVBNM;:_'],
	altgr: ['  @#  ¬|¢    ', '  €       []', '          {}', '\\          '],
	dead: {
		plain: { Equal: 'circumflex', BracketRight: 'diaeresis' },
		shift: { Equal: 'grave' },
		altgr: { Minus: 'acute', Equal: 'tilde' },
	},
};
