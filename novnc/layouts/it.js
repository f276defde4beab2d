// SPDX-License-Identifier: MIT
//
// layouts/it - the Italian keyboard; see layouts.js.

export default {
	plain: ['\\1234567890\'ì', 'qwertyuiopè+', 'asdfghjklòàù', '<zxcvbnm,.-'],
	shift: ['|!"£$%&/()=?^', 'QWERTYUIOPé*', 'ASDFGHJKLç°§', '>ZXCVBNM;:_'],
	altgr: ['           `~', '  €       []', '         @# ', '           '],
	both:  ['             ', '          {}', '            ', '           '],
};
