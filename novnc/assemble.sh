#!/bin/sh
# SPDX-License-Identifier: MIT
#
# assemble.sh - make this folder complete static console pages.
#
# Installs the pinned VNC client and terminal (package-lock.json) and copies their
# browser files and licences beside the pages that import them: noVNC to core/ and
# vendor/, xterm.js to xterm/. A failure leaves the folders of an earlier run as
# they were.

set -eu

cd "$(dirname "$0")"

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

from=node_modules/@novnc/novnc

rm -rf core.new vendor.new xterm.new
cp -R "$from/core" core.new
cp -R "$from/vendor" vendor.new
cp "$from/LICENSE.txt" "$from/AUTHORS" "$from/docs/LICENSE.MPL-2.0" core.new/
find core.new vendor.new -type f ! -name '*.js' ! -name 'LICENSE*' ! -name AUTHORS \
	-exec rm -f {} +

from=node_modules/@xterm

mkdir xterm.new
cp "$from/xterm/lib/xterm.mjs" "$from/xterm/css/xterm.css" xterm.new/
cp "$from/xterm/LICENSE" xterm.new/LICENSE.txt
for addon in fit search web-links; do
	cp "$from/addon-$addon/lib/addon-$addon.mjs" xterm.new/
	cp "$from/addon-$addon/LICENSE" "xterm.new/LICENSE.addon-$addon.txt"
done
chmod -R u=rwX,go=rX core.new vendor.new xterm.new

rm -rf core vendor xterm
mv core.new core
mv vendor.new vendor
mv xterm.new xterm
