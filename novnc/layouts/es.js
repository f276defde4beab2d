// SPDX-License-Identifier: MIT
//
// layouts/es - the keyboard of Spain; see layouts.js.

export default {
	plain: ['º1234567890\'¡', 'qwertyuiop +', 'asdfghjklñ ç', '<zxcvbnm,.-'],
	shift: ['ª!"·$%&/()=?¿', 'QWERTYUIOP *', 'ASDFGHJKLÑ Ç', '>ZXCVBNM;:_'],
	altgr: ['\\|@#~ ¬      ', '  €       []', '          {}', '           '],
	dead: {
		plain: { BracketLeft: 'grave', Quote: 'acute' },
		shift: { BracketLeft: 'circumflex', Quote: 'diaeresis' },
	},
};
