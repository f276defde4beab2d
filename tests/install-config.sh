#!/bin/sh
# SPDX-License-Identifier: MIT
# install-config.sh FOLDER DESTDIR - put the sample configuration in place, never over an existing one.
# 0640 root:proxmoxvnc, so that the service can read its secret and nobody else can.
set -eu
folder=$1 destdir=${2:-}
file=$folder/config.json

install -d -m 0750 "$folder"
if [ -e "$file" ]; then
	echo "$file exists and is left as it is"
else
	install -m 0640 config.json.example "$file"
fi
# In a staging folder the owner is the packager's business; the user may not even exist here.
if [ -z "$destdir" ] && [ "$(id -u)" -eq 0 ]; then
	getent passwd proxmoxvnc >/dev/null || systemd-sysusers 2>/dev/null || true
	if getent group proxmoxvnc >/dev/null; then
		chgrp proxmoxvnc "$folder" "$file"
	else
		echo "no group proxmoxvnc yet: run systemd-sysusers, then chgrp proxmoxvnc $folder $file"
	fi
fi
