#!/bin/sh
# SPDX-License-Identifier: MIT
#
# assemble.sh - make this folder a complete static console page.
#
# Installs the pinned VNC client (package-lock.json) and copies its browser
# files and licences to core/ and vendor/, beside the page that imports them.
# A failure leaves the folders of an earlier run as they were.

set -eu

cd "$(dirname "$0")"

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

from=node_modules/@novnc/novnc

rm -rf core.new vendor.new
cp -R "$from/core" core.new
cp -R "$from/vendor" vendor.new
cp "$from/LICENSE.txt" "$from/AUTHORS" "$from/docs/LICENSE.MPL-2.0" core.new/
find core.new vendor.new -type f ! -name '*.js' ! -name 'LICENSE*' ! -name AUTHORS \
	-exec rm -f {} +
chmod -R u=rwX,go=rX core.new vendor.new

rm -rf core vendor
mv core.new core
mv vendor.new vendor
