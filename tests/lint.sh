#!/bin/sh
# SPDX-License-Identifier: MIT
# lint.sh - what CI checks beyond the tests. Prints a line a check; fails if one fails.
set -u
cd "$(dirname "$0")/.." || exit 2
failed=0 passed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

check() { # LABEL COMMAND...
	label=$1
	shift
	if "$@" >"$out" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $label"
	else
		failed=$((failed + 1))
		echo "FAIL $label"
		tail -n 40 "$out"
	fi
}

# Every file tracked or about to be; names hold no blanks here.
files() { git ls-files --cached --others --exclude-standard "$@"; }

formatting() { clang-format --dry-run --Werror $(files '*.c' '*.h'); }
gcc_werror() { make -s -j"$(nproc)" CC=gcc WERROR=1 B=build/lint-gcc build build/lint-gcc/bench/load build/lint-gcc/budget/measures; }
clang_werror() { make -s -j"$(nproc)" CC=clang WERROR=1 B=build/lint-clang build build/lint-clang/bench/load build/lint-clang/budget/measures; }
cppcheck_all() {
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
		'-DTAILQ_FOREACH(v,h,f)=for((v)=(h)->tqh_first;(v);)' \
		--suppress=missingIncludeSystem -I. -D_GNU_SOURCE base proxmox_api session router
}
javascript() { for f in $(files '*.js' '*.mjs'); do node --check "$f" || return 1; done; }
shell() { for f in $(files '*.sh') .ci/run; do sh -n "$f" || return 1; done; }
forbidden() {
	! grep -nE '\b(strcpy|strcat|sprintf|atoi|strtok|rand|signal|alloca)\(' \
		$(files 'base/*.[ch]' 'proxmox_api/*.[ch]' 'session/*.[ch]' 'router/*.[ch]')
}
locks() { ! grep -nE '"resolved"' novnc/package-lock.json tests/package-lock.json; }

check "formatting (clang-format)" formatting
check "gcc builds with -Werror" gcc_werror
check "clang builds with -Werror" clang_werror
check "cppcheck" cppcheck_all
check "JavaScript parses" javascript
check "shell scripts parse" shell
check "no forbidden C functions" forbidden
check "lock files name no registry" locks
echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
