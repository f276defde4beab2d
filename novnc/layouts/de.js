// SPDX-License-Identifier: MIT
//
// layouts/de - the German keyboard; see layouts.js.

export default {
	plain: [' 1234567890ß ', 'qwertzuiopü+', 'asdfghjklöä#', '<yxcvbnm,.-'],
	shift: ['°!"§$%&/()=? ', 'QWERTZUIOPÜ*', 'ASDFGHJKLÖÄ\'', '>YXCVBNM;:_'],
	altgr: ['  ²³   {[]}\\ ', '@ €        ~', '            ', '|      µ   '],
	dead: {
		plain: { Backquote: 'circumflex', Equal: 'acute' },
		shift: { Equal: 'grave' },
	},
};
