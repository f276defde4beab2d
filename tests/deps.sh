#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh - install the Debian packages that are missing: demo (build and demo), bench (that and the
# programs that are measured beside the gateway) or all (build, demo and tests).
# Says what it installs; uses sudo when not root; does nothing when nothing is missing.
set -eu

build="gcc libc6-dev binutils make pkg-config ca-certificates libmicrohttpd-dev
	libgnutls28-dev libcurl4-openssl-dev libssl-dev libjansson-dev"
demo="openssl curl qemu-system-x86"
bench="nginx-light haproxy websockify"
services="nginx haproxy"
tests="git clang clang-format clang-tidy cppcheck libclang-rt-14-dev valgrind libcmocka-dev chromium
	fonts-dejavu-core man-db systemd libseccomp-dev xkb-data"

case "${1:-all}" in
demo) wanted="$build $demo" ;;
bench) wanted="$build $demo $bench" ;;
all) wanted="$build $demo $tests" ;;
*)
	echo "usage: deps.sh demo|bench|all" >&2
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
policy=
trap 'rm -f "$log"; [ -z "$policy" ] || $as_root rm -f "$policy"' EXIT
trap 'exit 1' HUP INT TERM

# nginx and haproxy are services, too, which nobody asked for: neither started now nor at boot.
new_services=
for service in $services; do
	case "$missing " in *" $service "* | *" $service-light "*) new_services="$new_services $service" ;; esac
done
if [ -n "$new_services" ] && [ ! -e /usr/sbin/policy-rc.d ]; then
	policy=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi
if ! { $as_root apt-get -q update && $as_root apt-get -q install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "The packages above could not be installed." >&2
	exit 1
fi
[ -z "$new_services" ] || ! command -v systemctl >/dev/null ||
	$as_root systemctl disable $new_services >"$log" 2>&1 || cat "$log" >&2
