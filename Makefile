# Jejaring. `make help` lists the targets. GNU conventions: PREFIX, DESTDIR, CC, CFLAGS, LDFLAGS.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
B        ?= build

# ---- Rooms: each includes only itself and what stands before it (checked by `make lint`) --------
ROOMS := base json schema journal event sim config wire client table import hub worker daemon ctl
# Plugins stand beside the rooms and see nothing but the public headers.
PLUGINS := template blk industry cooperative capital disability warehouse uplink

BUILD_PACKAGES := build-essential pkg-config libzmq3-dev libyaml-dev libjansson-dev libpq-dev \
                  libsqlite3-dev libsodium-dev libcsv-dev libzip-dev libexpat1-dev zlib1g-dev scdoc
DEMO_PACKAGES  := $(BUILD_PACKAGES) postgresql-15 python3
TEST_PACKAGES  := $(DEMO_PACKAGES) libcmocka-dev python3-zmq python3-pytest \
                  python3-pytest-timeout python3-psycopg2 libfaketime python3-seccomp systemd
LINT_PACKAGES  := $(BUILD_PACKAGES) libcmocka-dev clang-format-14 cppcheck python3 python3-pyflakes

DEB_PACKAGES   := $(BUILD_PACKAGES) debhelper dpkg-dev lintian
DEB_CHECK_PACKAGES := $(DEB_PACKAGES) postgresql-15 python3
COVERAGE_PACKAGES := $(TEST_PACKAGES) gcovr
FUZZ_PACKAGES  := $(BUILD_PACKAGES) clang-14 libclang-rt-14-dev python3

# ---- Flags ---------------------------------------------------------------------------------------
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wformat=2 -Wno-format-truncation $(if $(WERROR),-Werror)
HARDEN   := -fstack-protector-strong -fPIC -fvisibility=hidden \
            $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer,-D_FORTIFY_SOURCE=2)
# libzip is loaded when a workbook is opened: see core/table/package.c.
LIBS_D   := libzmq libsodium sqlite3 yaml-0.1 jansson expat zlib
PKG      := pkg-config
PG_INCLUDE  := $(shell pg_config --includedir 2>/dev/null)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DJJ_VERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS) $(WARNINGS) $(HARDEN) \
             -Icore -Icore/include -I$(PG_INCLUDE) -MMD -MP
ALL_LDFLAGS = $(LDFLAGS) -Wl,-z,relro,-z,now -Wl,--as-needed \
              $(if $(SANITIZE),-fsanitize=$(SANITIZE))
LIBS_DAEMON = $(shell $(PKG) --libs $(LIBS_D)) -lcsv -lm
LIBS_CLIENT = $(shell $(PKG) --libs libzmq jansson libsodium zlib) -lm

# ---- Sources -------------------------------------------------------------------------------------
src = $(wildcard core/$(1)/*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
PROGRAM_ROOMS := daemon ctl
LIBRARY_SRC := $(foreach room,$(filter-out $(PROGRAM_ROOMS),$(ROOMS)),$(call src,$(room)))
CLIENT_SRC  := $(foreach room,base json wire client,$(call src,$(room)))
# The warehouse's files that jejaringctl uses, too; the plugin's entry point stays out.
WAREHOUSE_LIB := $(filter-out plugins/warehouse/warehouse.c,$(wildcard plugins/warehouse/*.c))

# The check is the daemon's, and jejaringctl asks for it, too.
CHECK_SRC   := $(wildcard core/daemon/check*.c)

CORE      := $(B)/libcore.a
DAEMON    := $(B)/jejaringd
CTL       := $(B)/jejaringctl
CTL_A     := $(B)/libctl.a
SONAME    := libjejaring.so.0
CLIENT_SO := $(B)/$(SONAME)
CLIENT_A  := $(B)/libjejaring.a
PLUGIN_SO := $(patsubst %,$(B)/plugins/%.so,$(foreach p,$(PLUGINS),$(if $(wildcard plugins/$(p)/*.c),$(p))))
# Manual pages and the completion tell what the programs' own tables say.
MAN        := $(patsubst core/ctl/man/%.scd,$(B)/man/%,$(wildcard core/ctl/man/*.scd))
COMPLETION := $(B)/man/jejaringctl.bash
UNIT      := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
HOSTILE   := $(patsubst tests/plugins/%.c,$(B)/tests/plugins/%.so,$(wildcard tests/plugins/*.c))
BENCH     := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))

.PHONY: all demo demo-province test lint format asan tsan bench bench-scale fuzz fuzzers install install-only uninstall deb deb-check coverage clean help deps-% programs
.DEFAULT_GOAL := all
.SECONDARY:

all: deps-build ## build the daemon, the tools, the library and the plugins
	@$(MAKE) $(JOBS) --no-print-directory programs

programs: $(DAEMON) $(CTL) $(CLIENT_SO) $(CLIENT_A) $(PLUGIN_SO) $(MAN) $(COMPLETION)

# Installs what is missing, and says nothing if nothing is.
deps-build:
	@tests/setup.sh $(BUILD_PACKAGES)
deps-demo:
	@tests/setup.sh $(DEMO_PACKAGES)
deps-test:
	@tests/setup.sh $(TEST_PACKAGES)
deps-fuzz:
	@tests/setup.sh $(FUZZ_PACKAGES)
deps-deb:
	@tests/setup.sh $(DEB_PACKAGES)
deps-deb-check:
	@tests/setup.sh $(DEB_CHECK_PACKAGES)
deps-coverage:
	@tests/setup.sh $(COVERAGE_PACKAGES)
deps-lint:
	@tests/setup.sh $(LINT_PACKAGES)

# As many compilers as processors, unless -j says otherwise.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' '$(1)' '$(2)')

# ---- Building ------------------------------------------------------------------------------------
$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(CORE): $(call obj,$(LIBRARY_SRC))
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

# Plugins find the public functions (jj_fail and the like) in the program that loads them: all of the
# client library is in it, whether it uses it or not.
$(DAEMON): $(call obj,$(call src,daemon) $(CLIENT_SRC)) $(CORE)
	$(call say,LD,$@)
	$(Q)$(CC) -pie -rdynamic $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(CORE) $(LIBS_DAEMON)

$(CTL): $(call obj,$(call src,ctl) $(CHECK_SRC) $(CLIENT_SRC) $(WAREHOUSE_LIB)) $(CORE)
	$(call say,LD,$@)
	$(Q)$(CC) -pie -rdynamic $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(CORE) $(LIBS_DAEMON) -lpq

# For unit tests.
$(CTL_A): $(call obj,$(filter-out core/ctl/main.c,$(call src,ctl)))
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(CLIENT_SO): $(call obj,$(CLIENT_SRC))
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLIENT)
	@ln -sf $(SONAME) $(B)/libjejaring.so

$(CLIENT_A): $(call obj,$(CLIENT_SRC))
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

define plugin_rule
$(B)/plugins/$(1).so: $(call obj,$(wildcard plugins/$(1)/*.c))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) -shared $$(ALL_LDFLAGS) -o $$@ $$^ -ljansson $(if $(filter warehouse,$(1)),-lpq)
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin_rule,$(p))))

$(B)/man/jejaringctl.bash: $(CTL)
	@mkdir -p $(@D)
	$(Q)$(CTL) completion bash >$@.new && mv $@.new $@

$(B)/man/%: core/ctl/man/%.scd $(CTL) core/ctl/man/make.sh
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)core/ctl/man/make.sh $(CTL) $< >$@.new && mv $@.new $@

# ---- Tests ---------------------------------------------------------------------------------------
# Calls that a unit test can make fail: each that tests/unit/fail.c stands in for.
WRAPPED := $(sort $(shell sed -nE 's/^WRAP.[^,]*, ([A-Za-z0-9_]+),.*/\1/p; s/^[a-z].* [*]*__wrap_([a-z_]+).*;$$/\1/p' tests/unit/fail.c))
$(B)/tests/test_fail_uplink: $(call obj,$(wildcard plugins/uplink/*.c))
$(B)/tests/test_fail_ctl: $(call obj,$(CHECK_SRC))
$(B)/tests/test_fail_supervisor: $(call obj,$(filter-out core/daemon/main.c,$(call src,daemon)))
# A unit test links only what it tests: the archive gives no more than is asked for.
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(CTL_A) $(CORE) $(call obj,$(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c))) $(call obj,$(WAREHOUSE_LIB))
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -pie -rdynamic $(ALL_LDFLAGS) -o $@ $(WRAPPED:%=-Wl,--wrap=%) $(filter %.o,$^) $(CTL_A) $(CORE) $(LIBS_DAEMON) -lpq -lcmocka

$(B)/tests/plugins/%.so: tests/plugins/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(ALL_LDFLAGS) -o $@ $< -ljansson

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(CORE)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(CORE) $(LIBS_DAEMON)

test-programs: programs $(UNIT) $(HOSTILE)

test: deps-test ## set everything up and run all tests
	@$(MAKE) $(JOBS) --no-print-directory test-programs
	@B=$(B) tests/run.sh

asan: deps-test ## the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) $(JOBS) --no-print-directory B=$(B)/asan SANITIZE=address,undefined CFLAGS='-O1 -g' test-programs
	@B=$(B)/asan SANITIZED=1 tests/run.sh

# Which room is covered how far. Processes that are ended by kill -9 leave nothing behind to count.
COVERED = $(MAKE) $(JOBS) --no-print-directory B=$(B)/coverage CFLAGS='-O0 -g --coverage -fprofile-update=atomic'
coverage: deps-coverage ## run the tests and show how many of the branches they take
	@$(COVERED) $(B)/coverage/obj/tests/coverage_exit.o
	@$(COVERED) LDFLAGS='--coverage -Wl,--wrap=_exit $(B)/coverage/obj/tests/coverage_exit.o' test-programs
	@B=$(B)/coverage tests/run.sh $(TESTS); B=$(B)/coverage tests/coverage.sh "$(ROOMS)"

# Our code starts no thread (`make lint` looks); libzmq does, and one function of ours runs there:
# release() in core/wire/message.c. The hub's own tests are those that drive it.
TSAN_TESTS := tests/system/test_protocol.py tests/system/test_hub_bounds.py \
              tests/system/test_agency.py tests/system/test_rights.py
tsan: deps-test ## the hub under ThreadSanitizer
	@$(MAKE) $(JOBS) --no-print-directory B=$(B)/tsan SANITIZE=thread CFLAGS='-O1 -g' programs
	@B=$(B)/tsan SANITIZED=1 TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp \
	    /usr/bin/python3 -m pytest -q -p no:cacheprovider --timeout=300 $(TSAN_TESTS)

demo: deps-demo ## the main job on the sample agencies' files, ending in the absorption report
	@$(MAKE) $(JOBS) --no-print-directory programs
	@B=$(B) config/demo/run.sh

demo-province: deps-demo ## a province and three regencies, one of which loses its line
	@$(MAKE) $(JOBS) --no-print-directory programs
	@B=$(B) config/demo-province/run.sh

bench: deps-test ## measure throughput and latency; writes build/bench.json
	@$(MAKE) $(JOBS) --no-print-directory programs $(BENCH)
	@B=$(B) tests/bench/run.sh

EVENTS ?= 10000000
bench-scale: deps-test ## fill a warehouse with EVENTS (10000000) and see that it stays fast
	@$(MAKE) $(JOBS) --no-print-directory programs
	@B=$(abspath $(B)) /usr/bin/python3 tests/bench/scale.py --events $(EVENTS) $(SCALE)

# Compiled for libFuzzer in a folder of its own; each target is linked with what it fuzzes.
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzzers: $(FUZZ)
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(CORE)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS_DAEMON) $(shell $(PKG) --libs libzip)

fuzz: deps-fuzz ## fuzz every parser for SECONDS_EACH seconds (60), or for RUNS_EACH inputs
	@$(MAKE) $(JOBS) --no-print-directory B=$(B)/clang CC=clang-14 SANITIZE=fuzzer-no-link,address,undefined \
	    CFLAGS='-O1 -g -fno-sanitize-recover=undefined' WARNINGS=-w fuzzers
	@B=$(B)/clang tests/fuzz/run.sh

# ---- Care ----------------------------------------------------------------------------------------
SOURCES = $(shell git ls-files '*.c' '*.h')
lint: deps-lint ## include order, format, warnings as errors, static analysis
	@tests/lint.sh "$(ROOMS)"

format: ## rewrite all sources in the house's format
	@clang-format-14 -i $(SOURCES)

# ---- Installing ----------------------------------------------------------------------------------
# Where the unit file and the library go differs between systems.
LIBDIR  ?= $(PREFIX)/lib
UNITDIR ?= $(PREFIX)/lib/systemd/system
BIN  := $(DESTDIR)$(PREFIX)/bin
LIB  := $(DESTDIR)$(LIBDIR)
UNIT_D := $(DESTDIR)$(UNITDIR)
MINE := $(DESTDIR)$(PREFIX)/lib/jejaring
MAN_D := $(DESTDIR)$(PREFIX)/share/man
COMPLETION_D := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
SHR  := $(DESTDIR)$(PREFIX)/share/jejaring
install: all install-only ## install below PREFIX (and DESTDIR)

install-only:
	install -d $(BIN) $(MINE)/plugins $(LIB)/pkgconfig $(SHR) $(UNIT_D) \
	    $(DESTDIR)$(PREFIX)/include/jejaring $(DESTDIR)$(PREFIX)/lib/sysusers.d \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 755 $(DAEMON) $(CTL) $(BIN)
	install -m 644 $(CLIENT_SO) $(CLIENT_A) $(LIB)
	ln -sf $(SONAME) $(LIB)/libjejaring.so
	install -m 644 $(filter-out %/template.so,$(PLUGIN_SO)) $(MINE)/plugins # that one is to copy from
	install -m 644 core/include/jejaring/*.h $(DESTDIR)$(PREFIX)/include/jejaring
	sed 's|/usr/bin/|$(PREFIX)/bin/|' systemd/jejaringd.service > $(UNIT_D)/jejaringd.service
	install -m 644 systemd/jejaring.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/jejaring.conf
	install -m 644 systemd/jejaring.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/jejaring.conf
	$(foreach page,$(MAN),install -D -m 644 $(page) $(MAN_D)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) &&) true
	install -D -m 644 $(COMPLETION) $(COMPLETION_D)/jejaringctl
	cp -R schemas $(SHR)
	rm -f $(SHR)/schemas/*.py $(SHR)/schemas/reference/*.sh # they made what is there
	sed 's,^# \(schemas\|plugin_path\): /usr/,\1: $(PREFIX)/,' config/jejaringd.yaml \
	    > $(SHR)/jejaringd.yaml
	sed 's,^# \(schemas\|plugin_path\): /usr/,\1: $(PREFIX)/,' config/edge.yaml > $(SHR)/edge.yaml
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	    core/client/jejaring.pc.in > $(LIB)/pkgconfig/jejaring.pc
	@# Programs and plugins that are linked with the library find it by the system's cache.
	[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || ldconfig

uninstall: ## remove what install put there
	rm -f $(BIN)/jejaringd $(BIN)/jejaringctl $(LIB)/libjejaring.* $(LIB)/pkgconfig/jejaring.pc \
	    $(UNIT_D)/jejaringd.service $(DESTDIR)$(PREFIX)/lib/sysusers.d/jejaring.conf \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/jejaring.conf
	rm -f $(foreach page,$(MAN),$(MAN_D)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	    $(COMPLETION_D)/jejaringctl
	rm -rf $(MINE) $(SHR) $(DESTDIR)$(PREFIX)/include/jejaring

deb: deps-deb ## Debian packages in build/deb
	@systemd/debian/build.sh $(B)/deb

deb-check: deps-deb-check ## build the packages twice, compare, check, install, upgrade and remove them
	@B=$(B) systemd/debian/check.sh

clean: ## remove the build folder
	rm -rf $(B)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
