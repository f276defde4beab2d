// SPDX-License-Identifier: MIT
//
// layouts/pl - the Polish keyboard (programmer’s); see layouts.js.

export default {
	plain: ['`1234567890-=', 'qwertyuiop[]', 'asdfghjkl;\'\\', ' zxcvbnm,./'],
	shift: ['~!@#$%^&*()_+', 'QWERTYUIOP{}', 'ASDFGHJKL:"|', ' ZXCVBNM<>?'],
	altgr: ['             ', '  ę     ó   ', 'ąś      ł   ', ' żźć  ń    '],
	both:  ['             ', '  Ę     Ó   ', 'ĄŚ      Ł   ', ' ŻŹĆ  Ń    '],
};
