#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - run test suites and add up what they say: unit asan tsan budget fuzz integration
# integration-asan integration-tsan torture e2e soak, or all (but soak).
# T=name runs only the tests whose program or name contains it. The last line is the sum.
set -u
cd "$(dirname "$0")/.." || exit 2

passed=0 failed=0 skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
jobs=$(nproc)

# A report of any sanitizer gives an exit code that the program has not: tests see it at its end.
export ASAN_OPTIONS="detect_leaks=1:exitcode=99"
export UBSAN_OPTIONS="print_stacktrace=1:exitcode=99"
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp:halt_on_error=1:exitcode=99"

# count_tap LOG: add up the test points of a program; cmocka says "not ok" of what it skips
count_tap() {
	p=$(grep '^ok ' "$1" | grep -vc '# SKIP')
	s=$(grep -cE '^(not )?ok .*# SKIP' "$1")
	f=$(grep '^not ok ' "$1" | grep -vc '# SKIP')
	passed=$((passed + p)) skipped=$((skipped + s)) failed=$((failed + f))
}

# one LABEL COMMAND...: a program that prints TAP; its exit code counts too
tap() {
	label=$1
	shift
	CMOCKA_MESSAGE_OUTPUT=TAP "$@" >"$logs/out" 2>&1
	code=$?
	before=$failed
	count_tap "$logs/out"
	if [ "$failed" -gt "$before" ] || [ $code -ne 0 ]; then
		[ "$failed" -gt "$before" ] || failed=$((failed + 1))
		echo "FAILED $label (exit $code)"
		grep -v '^ok ' "$logs/out" | tail -n 60
	fi
}

# node LABEL FILE...: Node's own runner; sums are in its last lines
node_tests() {
	label=$1
	shift
	if [ -n "${T:-}" ]; then
		set -- --test-name-pattern="$T" "$@"
	fi
	node --test --test-reporter=tap --test-concurrency="$abreast" "$@" >"$logs/out" 2>&1
	code=$?
	p=$(sed -n 's/^# pass //p' "$logs/out" | tail -n 1)
	f=$(sed -n 's/^# fail //p' "$logs/out" | tail -n 1)
	c=$(sed -n 's/^# cancelled //p' "$logs/out" | tail -n 1)
	s=$(sed -n 's/^# skipped //p' "$logs/out" | tail -n 1)
	f=$((${f:-0} + ${c:-0}))
	[ $code -eq 0 ] || [ "$f" -gt 0 ] || f=1
	passed=$((passed + ${p:-0})) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
	sed -nE 's/^ *# (torture|budget): //p' "$logs/out"
	grep -E '^ *ok .*# SKIP' "$logs/out" | sed 's/^ *ok [0-9]* - /skipped: /'
	if [ "$f" -gt 0 ]; then
		echo "FAILED $label"
		grep -E -A 40 '^ *not ok ' "$logs/out" | head -n 400
	fi
}

# Programs that run side by side: they wait most of the time.
abreast=2
[ "$jobs" -gt 1 ] || abreast=1

start=$(date +%s)
done_with() {
	echo "$1: $passed passed, $failed failed, $skipped skipped so far ($(($(date +%s) - start)) s)"
}

build() {
	if ! make --no-print-directory -j"$jobs" "$@" >"$logs/build" 2>&1; then
		echo "FAILED build: make $*"
		tail -n 30 "$logs/build"
		failed=$((failed + 1))
		return 1
	fi
}

unit() { # MODE
	build MODE="$1" unit-programs || return
	for program in build/"$1"/unit/test_*; do
		[ -x "$program" ] || continue
		case "$program" in *.d | *.o) continue ;; esac
		case "$program" in *"${T:-}"*) ;; *) continue ;; esac
		tap "$program" "$program"
	done
}

# FUZZ_SECONDS for each fuzzer, two side by side. What makes one fail is kept in build/fuzz/.
fuzz() {
	build MODE=fuzz CC=clang fuzz-programs || return
	seconds=${FUZZ_SECONDS:-15}
	for program in build/fuzz/fuzz_*; do
		case "$program" in *.o | *.d) continue ;; esac
		name=${program##*/fuzz_}
		case "$name" in *"${T:-}"*) ;; *) continue ;; esac
		mkdir "$logs/$name"
		timeout $((seconds + 120)) "$program" -max_total_time="$seconds" -rss_limit_mb=2048 \
			-timeout=10 -artifact_prefix="build/fuzz/$name-" "$logs/$name" \
			"tests/fuzz/corpus/$name" >"$logs/$name.out" 2>&1 &
		fuzzing="$fuzzing $name:$!"
		[ "$(echo "$fuzzing" | wc -w)" -lt "$abreast" ] || fuzzed
	done
	fuzzed
}

# Wait for the fuzzers that run, and tell of each how much it did and how far it came.
fuzzing=
fuzzed() {
	for one in $fuzzing; do
		name=${one%:*}
		if wait "${one#*:}"; then
			passed=$((passed + 1))
			runs=$(sed -n 's/^Done \([0-9]* runs in [0-9]*\) second.*/\1 s/p' "$logs/$name.out")
			reach=$(sed -n 's/.*DONE *\(cov: .*\) lim: .*/\1/p' "$logs/$name.out")
			echo "fuzz_$name: $runs, $reach"
		else
			failed=$((failed + 1))
			echo "FAILED fuzz_$name"
			tail -n 40 "$logs/$name.out"
		fi
		rm -rf "${logs:?}/$name" "$logs/$name.out"
	done
	fuzzing=
}
# Jobs in the background do not hear of an interrupt by themselves.
trap 'for one in $fuzzing; do kill "${one#*:}"; done; exit 130' HUP INT TERM

# The integration tests with the program of another build. What is left out does not run the
# gateway, or in no way of its own: which release of Proxmox answers how is no matter of memory, and
# what a session keeps is no matter of a sanitizer's allocator.
integration_under() { # MODE
	build MODE="$1" build && build page || return
	GATEWAY="$PWD/build/$1/proxmoxvnc" node_tests "integration-$1" \
		$(ls tests/integration/*.test.mjs | grep -vE '/(house|docs|bench_(load|rows)|session_memory|versions|fake_pve[a-z_]*)\.test')
}

suite() {
	case "$1" in
	unit)
		unit release
		node_tests unit-js tests/unit/*.test.mjs
		;;
	asan | tsan) unit "$1" ;;
	budget)
		build build/release/budget/measures || return
		node_tests budget tests/budget/*.test.mjs
		;;
	fuzz) fuzz ;;
	integration)
		build all build/release/bench/load || return
		node_tests integration tests/integration/*.test.mjs
		;;
	integration-asan) integration_under asan ;;
	integration-tsan) integration_under tsan ;;
	torture)
		build MODE=asan build/asan/torture/proxmoxvnc && build page || return
		node_tests torture tests/torture/*.test.mjs
		;;
	e2e)
		build all || return
		[ -d tests/node_modules/axe-core ] || npm ci --prefix tests --ignore-scripts --loglevel=error
		# a browser and a guest are enough for a machine
		abreast=1 && node_tests e2e tests/e2e/*.test.mjs
		;;
	soak)
		build all && build MODE=tsan build || return
		GATEWAY_SLOW=1 node tests/soak/soak.mjs || failed=$((failed + 1))
		;;
	*)
		echo "run.sh: no suite $1" >&2
		exit 2
		;;
	esac
	done_with "$1"
}

if [ "${1:-all}" = all ]; then
	set -- unit asan tsan budget fuzz integration integration-asan integration-tsan torture e2e
fi
for name in "$@"; do
	suite "$name"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
