#!/bin/sh
# SPDX-License-Identifier: MIT
# linux_init.sh - process 1 of the Linux guest, up to busybox's own init.
/bin/busybox mkdir -p /proc /sys /dev/pts /tmp /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /tmp
hostname debian
for word in $(cat /proc/cmdline); do
	case "$word" in
	layout=*) loadkmap <"/etc/keymaps/${word#layout=}" ;;
	esac
done
printf '\033c' >/dev/tty1
exec init
