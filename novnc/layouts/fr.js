// SPDX-License-Identifier: MIT
//
// layouts/fr - the French keyboard (AZERTY); see layouts.js.

export default {
	plain: ['²&é"\'(-è_çà)=', 'azertyuiop $', 'qsdfghjklmù*', '<wxcvbn,;:!'],
	shift: [' 1234567890°+', 'AZERTYUIOP £', 'QSDFGHJKLM%µ', '>WXCVBN?./§'],
	altgr: ['  ~#{[|`\\^@]}', '  €        ¤', '            ', '           '],
	dead: {
		plain: { BracketLeft: 'circumflex' },
		shift: { BracketLeft: 'diaeresis' },
	},
};
