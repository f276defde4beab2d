// SPDX-License-Identifier: MIT
//
// layouts/uk - the keyboard of the United Kingdom; see layouts.js.

export default {
	plain: ['`1234567890-=', 'qwertyuiop[]', 'asdfghjkl;\'#', '\\zxcvbnm,./'],
	shift: ['¬!"£$%^&*()_+', 'QWERTYUIOP{}', 'ASDFGHJKL:@~', '|ZXCVBNM<>?'],
	altgr: ['    €        ', '            ', '            ', '           '],
};
