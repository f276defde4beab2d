# proxmoxvnc - `make help` lists the targets
.DELETE_ON_ERROR:
.SUFFIXES:

VERSION := 0.1.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
DESTDIR ?=
CC ?= gcc
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)")

# MODE picks a set of flags and its own build folder: release (default), asan, tsan, fuzz
MODE ?= release
B := build/$(MODE)

PKGS := libmicrohttpd gnutls libcurl libssl libcrypto jansson
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS))

WARN := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
	-Wcast-qual -Wwrite-strings -Wundef -Wvla -Wnull-dereference $(if $(WERROR),-Werror)
DEFS := -D_GNU_SOURCE -DPVNC_VERSION='"$(VERSION)"' \
	-DPVNC_PAGE_DIR='"$(PREFIX)/share/proxmoxvnc/novnc"'
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LINK_release := -pie -Wl,-z,relro,-z,now
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LINK_asan := -fsanitize=address,undefined
FLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
LINK_tsan := -fsanitize=thread
FLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK_fuzz := -fsanitize=address,undefined
CFLAGS_ALL = -std=gnu17 -I. $(DEFS) $(WARN) $(FLAGS_$(MODE)) -pthread $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = $(LINK_$(MODE)) -pthread $(LDFLAGS)

SRC := $(wildcard base/*.c proxmox_api/*.c session/*.c router/*.c)
OBJ := $(SRC:%.c=$(B)/%.o)
# The allocator that wipes is for the release program alone: unit tests and sanitizers put
# functions of their own in that place.
WIPE := $(B)/router/wipe_alloc.o
LIB_OBJ := $(filter-out $(B)/router/main.o $(WIPE),$(OBJ))
PROGRAM_OBJ := $(B)/router/main.o $(if $(filter release,$(MODE)),$(WIPE))
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
UNIT := $(if $(filter release,$(MODE)),$(UNIT),$(filter-out %/test_wipe_alloc,$(UNIT)))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: FORCE all build page deps demo test unit integration integration-asan integration-tsan torture \
	e2e type-long screenshots budget budget-record bench bench-quick bench-full asan tsan fuzz \
	fuzz-long soak soak-churn lint format install uninstall clean help unit-programs fuzz-programs

all: build page ## the program and the console page

build: $(B)/proxmoxvnc ## the program: build/release/proxmoxvnc

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC    $@)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# Another PREFIX means another default folder for the console page.
$(B)/router/config.o: $(B)/prefix
$(B)/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@
FORCE:

$(B)/libproxmoxvnc.a: $(LIB_OBJ)
	$(call say,AR    $@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/proxmoxvnc: $(PROGRAM_OBJ) $(B)/libproxmoxvnc.a
	$(call say,LD    $@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) $(PKG_LIBS)

# tests/unit/torture.c makes allocations fail; it stands between these functions and our objects
WRAP := malloc calloc realloc reallocarray strdup strndup free pthread_create eventfd getrandom \
	open socket bind listen epoll_create1 epoll_ctl

$(B)/unit/%: $(B)/tests/unit/%.o $(B)/tests/unit/torture.o $(B)/libproxmoxvnc.a
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) -o $@ $^ $(WRAP:%=-Wl,--wrap=%) $(LDFLAGS_ALL) -lcmocka $(PKG_LIBS)

# without those that make allocations fail: it looks at what stands in their place
$(B)/unit/test_wipe_alloc: $(B)/tests/unit/test_wipe_alloc.o $(WIPE)
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) -lcmocka

# the program with tests/torture/inject.c between it and what it asks the system for; MODE=asan
INJECT := malloc calloc realloc strdup strndup getrandom eventfd socket accept4 listen connect \
	pthread_create fcntl
$(B)/torture/proxmoxvnc: $(B)/router/main.o $(B)/tests/torture/inject.o $(B)/libproxmoxvnc.a
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) -o $@ $^ $(INJECT:%=-Wl,--wrap=%) $(LDFLAGS_ALL) $(PKG_LIBS)

# with MODE=fuzz CC=clang; tests/run.sh sees to it
$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/libproxmoxvnc.a
	$(call say,LD    $@)
	$(Q)$(CC) -o $@ $^ -fsanitize=fuzzer $(LDFLAGS_ALL) $(PKG_LIBS)

# both ends of the gateway for the benchmark; shares no code with it
$(B)/bench/load: $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/*.c))
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS_ALL) -lssl -lcrypto

# what `make budget` counts the instructions of, with fixed numbers for random ones and the time
BUDGET_WRAP := getrandom time core_put core_has_terminals
$(B)/budget/measures: $(patsubst %.c,$(B)/%.o,$(wildcard tests/budget/*.c)) $(WIPE) \
		$(B)/libproxmoxvnc.a
	@mkdir -p $(@D)
	$(call say,LD    $@)
	$(Q)$(CC) -o $@ $^ $(BUDGET_WRAP:%=-Wl,--wrap=%) $(LDFLAGS_ALL) $(PKG_LIBS)

unit-programs: $(UNIT)
fuzz-programs: $(FUZZ)

page: novnc/xterm/xterm.mjs ## the console pages' parts from npm, pinned by the lock file
novnc/xterm/xterm.mjs: novnc/package-lock.json novnc/assemble.sh
	$(call say,PAGE  novnc/core novnc/vendor novnc/xterm)
	$(Q)sh novnc/assemble.sh

deps: ## install the Debian packages that building, demo and tests need
	@sh tests/deps.sh all

demo: ## a gateway in front of a real QEMU guest, and a link to open
	@sh tests/deps.sh demo
	@$(MAKE) --no-print-directory all
	@node tests/demo.mjs

test: ## everything: unit, sanitizers, fuzz smoke, integration, browser (T=name runs what matches)
	@sh tests/deps.sh all
	@sh tests/run.sh all

unit: ## unit tests
	@sh tests/run.sh unit
asan: ## unit tests under AddressSanitizer and UBSan
	@sh tests/run.sh asan
tsan: ## unit tests under ThreadSanitizer
	@sh tests/run.sh tsan
fuzz: ## every fuzzer for 15 seconds
	@sh tests/run.sh fuzz
fuzz-long: ## every fuzzer for FUZZ_SECONDS each (default 600)
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} sh tests/run.sh fuzz
integration: ## the real binary against a stand-in for Proxmox
	@sh tests/run.sh integration
integration-asan: ## the same under AddressSanitizer and UBSan
	@sh tests/run.sh integration-asan
integration-tsan: ## the same under ThreadSanitizer
	@sh tests/run.sh integration-tsan
torture: ## every allocation, read and write of a session's opening made to fail in turn
	@TORTURE_ALL=1 sh tests/run.sh torture
e2e: ## a real browser, a real QEMU guest
	@sh tests/run.sh e2e
type-long: ## 4 KiB of text typed as keys into a real guest, for three keyboards; docs/typing.md
	@TYPE_LONG=1 T='KiB arrive' sh tests/run.sh e2e
screenshots: ## both pages on a desktop and a phone, light and dark, in docs/screens
	@sh tests/deps.sh all
	@$(MAKE) --no-print-directory all
	@npm ci --prefix tests --ignore-scripts --loglevel=error
	@node tests/e2e/screenshots.mjs
soak: ## hundreds of sessions under valgrind and ThreadSanitizer; results in docs/soak.md
	@sh tests/run.sh soak
soak-churn: ## 100,000 browsers that come and go over 50 session ports, within 20 minutes
	@sh tests/deps.sh demo
	@$(MAKE) --no-print-directory all build/release/bench/load
	@node tests/soak/churn.mjs
budget: ## the instructions that relaying and POST /create take, held against tests/budget/budget.txt
	@sh tests/run.sh budget
budget-record: build/release/budget/measures ## write that file anew
	@node tests/budget/budget.mjs --record

# what `make bench` and its sisters begin with
bench_program = sh tests/deps.sh bench && $(MAKE) --no-print-directory all build/release/bench/load && \
	node tests/bench/bench.mjs

bench: ## what relaying, memory, opening and links cost, beside peers; docs/performance.md
	@$(bench_program)
bench-quick: ## the same in two minutes: less of it, with fewer peers
	@$(bench_program) --size quick
bench-full: ## the same with all rows, in some 40 minutes; fills docs/performance.md, draws docs/bench
	@$(bench_program) --size full --out docs/bench/result.json --svg docs/bench \
		--markdown docs/performance.md

lint: ## formatting, static analysis, gcc and clang with -Werror
	@sh tests/lint.sh

format: ## let clang-format rewrite the C files
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

PAGE := $(notdir $(wildcard novnc/*.html novnc/*.js novnc/*.css novnc/*.svg)) defaults.json layouts core \
	vendor xterm
# Paths in the unit are those of this installation.
FILL := sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g'

install: all ## program, page, man page, unit, sysusers and a sample configuration under DESTDIR/PREFIX
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(SYSCONFDIR)/proxmoxvnc \
		$(DESTDIR)$(PREFIX)/share/proxmoxvnc $(DESTDIR)$(PREFIX)/share/doc/proxmoxvnc
	install -m 0755 build/release/proxmoxvnc $(DESTDIR)$(PREFIX)/sbin/proxmoxvnc
	rm -rf $(DESTDIR)$(PREFIX)/share/proxmoxvnc/novnc
	install -d $(DESTDIR)$(PREFIX)/share/proxmoxvnc/novnc
	cp -R $(addprefix novnc/,$(PAGE)) $(DESTDIR)$(PREFIX)/share/proxmoxvnc/novnc/
	install -m 0644 proxmoxvnc.8 $(DESTDIR)$(PREFIX)/share/man/man8/proxmoxvnc.8
	install -m 0644 README.md CHANGELOG.md LICENSE NOTICE config.json.example \
		$(DESTDIR)$(PREFIX)/share/doc/proxmoxvnc/
	$(FILL) proxmoxvnc.service > $(DESTDIR)$(UNITDIR)/proxmoxvnc.service
	install -m 0644 proxmoxvnc.sysusers $(DESTDIR)$(SYSUSERSDIR)/proxmoxvnc.conf
	sh tests/install-config.sh $(DESTDIR)$(SYSCONFDIR)/proxmoxvnc "$(DESTDIR)"

uninstall: ## remove what install put there, but for the configuration
	rm -f $(DESTDIR)$(PREFIX)/sbin/proxmoxvnc $(DESTDIR)$(PREFIX)/share/man/man8/proxmoxvnc.8 \
		$(DESTDIR)$(UNITDIR)/proxmoxvnc.service $(DESTDIR)$(SYSUSERSDIR)/proxmoxvnc.conf
	rm -rf $(DESTDIR)$(PREFIX)/share/proxmoxvnc $(DESTDIR)$(PREFIX)/share/doc/proxmoxvnc

clean: ## remove what was built
	rm -rf build novnc/core novnc/vendor novnc/xterm novnc/node_modules tests/node_modules

help: ## this list
	@grep -E '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

-include $(OBJ:.o=.d) $(patsubst %.c,$(B)/%.d,$(wildcard tests/*/*.c))
.PRECIOUS: $(B)/%.o
