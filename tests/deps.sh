#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh - install the Debian packages that are missing: demo (build and demo) or all (tests too).
# Says what it installs; uses sudo when not root; does nothing when nothing is missing.
set -eu

build="gcc libc6-dev binutils make pkg-config ca-certificates libmicrohttpd-dev libwebsockets-dev
	libgnutls28-dev libcurl4-openssl-dev libssl-dev libjansson-dev"
demo="openssl curl qemu-system-x86"
tests="git clang clang-format clang-tidy cppcheck libclang-rt-14-dev valgrind libcmocka-dev chromium
	fonts-dejavu-core man-db systemd libseccomp-dev xkb-data"

case "${1:-all}" in
demo) wanted="$build $demo" ;;
all) wanted="$build $demo $tests" ;;
*)
	echo "usage: deps.sh demo|all" >&2
	exit 2
	;;
esac

missing=
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
# Node.js may come from elsewhere than Debian; any from 18 on will do.
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "Installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { $as_root apt-get -q update && $as_root apt-get -q install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	rm -f "$log"
	echo "The packages above could not be installed." >&2
	exit 1
fi
rm -f "$log"
