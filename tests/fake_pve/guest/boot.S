# SPDX-License-Identifier: MIT
#
# boot.S - a 512-byte guest for the tests: something to see, something to type at.
#
# 80x25 text. Row 0 is a title bar; rows 2..21 are the page, where typed characters appear;
# on row 23 a block runs from left to right all the time. Digits 0..7 give the page that
# background colour of the palette, the space bar the next one, Enter begins a new line,
# Backspace takes one back. Sleeps between timer ticks, so that it costs next to nothing.
#
# Built by qemu.mjs with as --32 and ld --oformat binary at 0x7c00.

	.code16
	.globl	_start

	.set	WIDTH, 160			# bytes a row
	.set	PAGE, 2 * WIDTH
	.set	PAGE_END, 22 * WIDTH
	.set	RUNNER, 23 * WIDTH
	.set	TITLE_ATTR, 0x70		# black on grey
	.set	RUNNER_ATTR, 0x0e		# yellow on black

_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7c00, %sp
	sti
	cld
	movw	$0x0003, %ax			# 80x25 text, cleared
	int	$0x10
	movw	$0x1003, %ax			# attribute bit 7 is colour, not blinking
	xorw	%bx, %bx
	int	$0x10
	movw	$0xb800, %ax
	movw	%ax, %es

	xorw	%di, %di			# title bar
	movb	$TITLE_ATTR, %ah
	movw	$title, %si
	movw	$80, %cx
1:	lodsb
	orb	%al, %al
	jnz	2f
	decw	%si				# stay on the NUL: blanks from here on
	movb	$' ', %al
2:	stosw
	loop	1b
	call	clear

main:
	hlt					# until the next interrupt
	call	runner
3:	movb	$0x01, %ah
	int	$0x16
	jz	main
	xorb	%ah, %ah
	int	$0x16				# al = character
	call	typed
	jmp	3b

# The block on the bottom row, one step a timer tick.
runner:
	movw	0x046c, %ax			# BIOS tick counter
	cmpw	%ax, last_tick
	je	4f
	movw	%ax, last_tick
	movw	runner_at, %bx
	movw	$0x0020, %es:RUNNER(%bx)
	addw	$2, %bx
	cmpw	$WIDTH, %bx
	jb	5f
	xorw	%bx, %bx
5:	movw	%bx, runner_at
	movw	$(RUNNER_ATTR << 8 | 0xdb), %es:RUNNER(%bx)
4:	ret

# One key, in al.
typed:
	cmpb	$'\r', %al
	je	newline
	cmpb	$'\b', %al
	je	back
	cmpb	$' ', %al
	jb	4b
	jne	6f
	movb	attr, %ah			# space: the next background
	addb	$0x10, %ah
	andb	$0x7f, %ah
	jmp	7f
6:	movb	%al, %ah
	subb	$'0', %ah
	cmpb	$8, %ah
	jae	put				# not a digit of the palette
	shlb	$4, %ah
	orb	$0x0f, %ah
7:	movb	%ah, attr
	call	recolour

# Writes al at the caret.
put:
	movb	attr, %ah
	movw	caret, %di
	stosw
	movw	%di, caret
	cmpw	$PAGE_END, %di
	jae	clear
	jmp	cursor

newline:
	movw	caret, %ax
	xorw	%dx, %dx
	movw	$WIDTH, %bx
	divw	%bx
	incw	%ax
	mulw	%bx
	movw	%ax, caret
	cmpw	$PAGE_END, %ax
	jae	clear
	jmp	cursor

back:
	cmpw	$PAGE, caret
	jbe	4b
	subw	$2, caret
	movw	caret, %bx
	movb	$' ', %es:(%bx)
	jmp	cursor

# The page in the current colour, its characters kept.
recolour:
	movw	$PAGE, %bx
	movb	attr, %dl
8:	movb	%dl, %es:1(%bx)
	addw	$2, %bx
	cmpw	$PAGE_END, %bx
	jb	8b
	ret

# An empty page, the caret at its beginning.
clear:
	movw	$PAGE, %di
	movw	%di, caret
	movw	$((PAGE_END - PAGE) / 2), %cx
	movb	attr, %ah
	movb	$' ', %al
	rep stosw

# The hardware cursor follows the caret.
cursor:
	movw	caret, %ax
	shrw	$1, %ax
	movb	$80, %bl
	divb	%bl				# al = row, ah = column
	movb	%al, %dh
	movb	%ah, %dl
	movb	$0x02, %ah
	xorb	%bh, %bh
	int	$0x10
	ret

attr:		.byte	0x1f			# white on blue
caret:		.word	PAGE
runner_at:	.word	0
last_tick:	.word	0
title:		.asciz	"  A small guest.   Type something; 0-7 or space change the colour."

	.org	510
	.word	0xaa55
