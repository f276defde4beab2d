#!/bin/sh
# SPDX-License-Identifier: MIT
# linux_control.sh - on the second serial port: runs each line, says its output and status.
stty raw -echo
echo "<ready>"
while read -r line; do
	eval "$line" 2>&1
	echo "<status $?>"
done
