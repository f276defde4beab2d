// SPDX-License-Identifier: MIT
//
// layouts/us - the keyboard of the United States; see layouts.js.

export default {
	plain: ['`1234567890-=', 'qwertyuiop[]', 'asdfghjkl;\'\\', ' zxcvbnm,./'],
	shift: ['~!@#$%^&*()_+', 'QWERTYUIOP{}', 'ASDFGHJKL:"|', ' ZXCVBNM<>?'],
};
