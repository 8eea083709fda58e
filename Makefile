# SPDX-License-Identifier: MIT
# analysisrun tools. `make help` lists what it can do.

VERSION = 0.1.0
SONAME = libanalysisrun.so.0

PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
PKGCONFIGDIR = $(LIBDIR)/pkgconfig
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/analysisrun
LOCALEDIR = $(PREFIX)/share/locale
BASHCOMPDIR = $(PREFIX)/share/bash-completion/completions
DESTDIR =
# Not every shell replaces ~ behind =, and within quotes it is the name of a folder.
override PREFIX := $(PREFIX:~/%=$(HOME)/%)
override DESTDIR := $(DESTDIR:~/%=$(HOME)/%)

CC = gcc
CFLAGS = -O2 -g
PKGCONFIG = pkg-config
OBJCOPY = objcopy
INSTALL = install
LDCONFIG = /sbin/ldconfig
FUZZ_SECONDS = 60
JOBS := $(shell nproc 2>/dev/null || echo 1)
# Tests wait more than they compute: for processes to start, and for limits to be reached.
TEST_JOBS := $(shell expr 3 '*' $(JOBS))
# Several files at a time, the large ones first, and the tests of each in a row: side by side, bats needs half of its time again to keep count.
TEST_FILES = $(shell ls -S tests/*.bats)
BATS = bats --jobs $(TEST_JOBS) --no-parallelize-within-files $(BATSFLAGS)

# Debian packages: to build and to run the demo; for the tests; for lint, fuzz and the sanitizers.
DEPS = gcc libc6-dev make pkg-config zlib1g-dev libisal-dev libarchive-dev libcsv-dev libjansson-dev libjsmn-dev libxxhash-dev libpcre2-dev \
    libutf8proc-dev gettext nettle-dev libedit-dev libcairo2-dev jq mawk gnuplot-nox fonts-ipafont-gothic parallel
DEPS_TEST = bats parallel miller libarchive-tools python3 procps bsdutils xxhash zstd xz-utils lz4 bzip2 mandoc file git man-db \
    python3-venv valgrind g++
DEPS_DEV = clang libclang-rt-14-dev cppcheck shellcheck mandoc

# What cannot be left out, whatever CFLAGS says. libarchive and ISA-L are loaded when they are needed: only their headers are.
PACKAGES = zlib jansson libxxhash libpcre2-8 libutf8proc nettle
AR_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DAR_VERSION='"$(VERSION)"' -Ilib -Itools -I.
AR_CFLAGS = -std=c17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -fvisibility=hidden -fPIC
ifdef DEVELOPER
AR_CFLAGS += -Werror -Wformat=2 -Wwrite-strings -Wundef -Wcast-qual -Wimplicit-fallthrough
endif
ifdef SANITIZE
AR_CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
PKG_CFLAGS = $(shell $(PKGCONFIG) --cflags $(PACKAGES) libarchive libisal 2>/dev/null)
PKG_LIBS = $(shell $(PKGCONFIG) --libs $(PACKAGES) 2>/dev/null || echo -lz -ljansson -lpcre2-8 -lutf8proc -lnettle) -lcsv -lm

# Programs get the static libraries of these packages: each shared one costs a tenth of a millisecond at every start, and six tools stand
# in a pipe. (So does libm: the tools need no more of it than what libc has, too.) STATIC= links them as shared ones.
STATIC = yes
TOOL_LIBS = $(if $(STATIC),-Wl$(,)-Bstatic $(filter-out -lm,$(PKG_LIBS)) -Wl$(,)-Bdynamic -lc -Wl$(,)--as-needed -lm -Wl$(,)--no-as-needed,$(PKG_LIBS))
, := ,

COMPILE = $(CC) $(CPPFLAGS) $(AR_CPPFLAGS) $(PKG_CFLAGS) $(AR_CFLAGS) $(CFLAGS)
LINK = $(CC) $(AR_CFLAGS) $(CFLAGS) $(LDFLAGS)

# Objects of different flags live in different folders. What is used by people and tests is in OUT: bin/, unit/, fuzz/, gen-run.
OUT = build
FLAGS_KEY := $(shell printf '%s' '$(CC) $(CPPFLAGS) $(AR_CPPFLAGS) $(AR_CFLAGS) $(CFLAGS) $(LDFLAGS)' | cksum | cut -d' ' -f1)
B := build/objects-$(FLAGS_KEY)

LIB_SOURCES := $(sort $(wildcard lib/*/*.c))
CLI_SOURCES := $(sort $(wildcard tools/cli/*.c))
RUN_SOURCES := $(sort $(wildcard tools/run/*.c))
POST_SOURCES := $(sort $(wildcard tools/post/*.c))
TOOLS := $(patsubst tools/%.c,%,$(sort $(wildcard tools/ar-*.c)))
UNITS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
SCRIPTS := scripts/install-packages scripts/extract-texts .ci/run tests/interop/run tests/interop/venv $(wildcard share/examples/*.sh share/completions/*.bash) $(wildcard tests/*.sh) \
    $(wildcard share/methods/*-sh/analyze share/methods/*-sh/judge share/methods/outlier-rate/analyze share/methods/outlier-rate/judge)
LIBRARY := $(B)/libanalysisrun.a
# The languages beside English: a catalogue of texts each.
LANGUAGES := $(patsubst share/locale/%.po,%,$(sort $(wildcard share/locale/*.po)))
CATALOGUE = LC_MESSAGES/analysisrun.mo

EXAMPLES := mean-c spot-stats-c

# What is installed below DATADIR: these files, and not what somebody who tries them has left beside them.
SHARED := examples/lane-0001.png $(addprefix examples/plate/,20200406_164555_328_tagger_state.csv LICENSE README.md) \
    $(addprefix examples/run/,README.md as.csv params.json samples.csv ss.csv) make/Makefile.example make/analysisrun.mk \
    methods/mean-c/mean.c methods/spot-stats-c/spot-stats.c $(addprefix methods/spot-stats-py/,analyze curve.py judge manifest.json) \
    $(addprefix methods/spot-stats-sh/,analyze csv.awk curve.gp judge judge.awk manifest.json spots.awk) \
    $(addprefix methods/outlier-rate/,analyze csv.awk judge judge.awk manifest.json rate.awk) template/Makefile template/method.c

.PRECIOUS: $(B)/%.o $(B)/methods/%-c $(B)/tools/ar-% $(B)/tests/unit/% $(B)/tests/interop/% $(B)/tests/fuzz/% $(B)/tests/gen-run

.PHONY: all
all: $(TOOLS:%=$(OUT)/bin/%) $(OUT)/$(SONAME) $(OUT)/libanalysisrun.a $(LANGUAGES:%=$(OUT)/locale/%/$(CATALOGUE)) ## build the tools into build/bin (default)

# ---- packages -------------------------------------------------------------------------------------------------------

.PHONY: deps deps-test deps-dev
deps: ## install the packages that are needed to build and to run the demo
	@scripts/install-packages 'to build and to run the demo' $(DEPS)

deps-test: deps ## install the packages that only the tests need
	@scripts/install-packages 'for the tests only' $(DEPS_TEST)

deps-dev: deps-test ## install the packages for lint, fuzz and the sanitizers
	@scripts/install-packages 'for lint, fuzz and sanitizers' $(DEPS_DEV)

# ---- building -------------------------------------------------------------------------------------------------------

# What is in OUT is a link to what was built with these flags.
define put
@mkdir -p $(@D)
@ln -f $< $@ 2>/dev/null || cp $< $@
endef

$(OUT)/bin/%: $(B)/tools/%
	$(put)

$(OUT)/unit/%: $(B)/tests/unit/%
	$(put)

$(OUT)/fuzz/%: $(B)/tests/fuzz/%
	$(put)

$(OUT)/interop/%: $(B)/tests/interop/%
	$(put)

$(OUT)/gen-run: $(B)/tests/gen-run
	$(put)

$(OUT)/$(SONAME): $(B)/$(SONAME)
	$(put)

# msgfmt -c refuses a translation with other conversions than its text.
$(OUT)/locale/%/$(CATALOGUE): share/locale/%.po
	@mkdir -p $(@D)
	@msgfmt -c -o $@ $<

# The static library for others: one object in which all that the map hides is hidden, too.
$(OUT)/libanalysisrun.a: $(B)/public/libanalysisrun.a
	$(put)

$(B)/public/libanalysisrun.a: $(LIB_SOURCES:%.c=$(B)/%.o)
	@mkdir -p $(@D)
	@$(CC) -r -nostdlib -o $(@D)/analysisrun.o $^
	@$(OBJCOPY) --localize-hidden $(@D)/analysisrun.o
	@rm -f $@
	@$(AR) rcs $@ $(@D)/analysisrun.o

# The example methods in C, as a user builds them: with the public header and library alone.
.PHONY: examples
examples: $(EXAMPLES:%=$(OUT)/methods/%) ## build the example methods in C into build/methods

$(OUT)/methods/%: $(B)/methods/%
	$(put)

EXAMPLE_LIBS =
$(B)/methods/spot-stats-c: EXAMPLE_LIBS = $(shell $(PKGCONFIG) --cflags --libs cairo)

.SECONDEXPANSION:
$(B)/methods/%-c: share/methods/%-c/$$*.c lib/analysisrun.h lib/stats/stats.h $(B)/public/libanalysisrun.a
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(LINK) -Ilib -o $@ $< $(B)/public/libanalysisrun.a $(TOOL_LIBS) $(LIBS) $(EXAMPLE_LIBS)

$(LIBRARY): $(LIB_SOURCES:%.c=$(B)/%.o)
	@rm -f $@
	@$(AR) rcs $@ $^

$(B)/$(SONAME): $(LIB_SOURCES:%.c=$(B)/%.o) lib/analysisrun.map
	@echo "  LINK  $(SONAME)"
	@$(LINK) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/analysisrun.map -o $@ $(filter %.o,$^) $(PKG_LIBS) $(LIBS)

$(B)/tools/ar-%: $(B)/tools/ar-%.o $(CLI_SOURCES:%.c=$(B)/%.o) $(LIBRARY)
	@echo "  LINK  ar-$*"
	@$(LINK) -o $@ $(filter %.o,$^) $(LIBRARY) $(TOOL_LIBS) $(LIBS)

# Tools that are within ar-run, too, under the names of tools/run/within.h.
WITHIN = split convert cleanse pack analyze merge post
$(B)/tools/ar-run: $(RUN_SOURCES:%.c=$(B)/%.o) $(WITHIN:%=$(B)/within/ar-%.o) $(POST_SOURCES:%.c=$(B)/%.o)
$(B)/within/ar-%.o: tools/ar-%.c
	@mkdir -p $(@D)
	@$(COMPILE) -Dmain=ar_$*_main -include tools/run/within.h -MMD -MP -c -o $@ $<

$(B)/tools/ar-post: $(POST_SOURCES:%.c=$(B)/%.o)
# libedit, and what it stands on.
$(B)/tools/ar-run: LIBS += $(if $(STATIC),-Wl$(,)-Bstatic -ledit -ltinfo -lbsd -lmd -Wl$(,)-Bdynamic,-ledit)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIBRARY)
	@$(LINK) -o $@ $^ $(PKG_LIBS) $(LIBS)

$(B)/tests/interop/%: $(B)/tests/interop/%.o $(LIBRARY)
	@$(LINK) -o $@ $^ $(PKG_LIBS) $(LIBS)

# A fuzz driver as a plain program that runs a corpus.
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/regression.o $(LIBRARY)
	@$(LINK) -o $@ $^ $(PKG_LIBS) $(LIBS)

$(B)/tests/gen-run: $(B)/tests/gen-run.o
	@$(LINK) -o $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(COMPILE) -MMD -MP -c -o $@ $<

-include $(shell find build -name '*.d' 2>/dev/null)

# ---- using ----------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: ## build, and run the main job on real and on generated data, showing each command
	@$(MAKE) --no-print-directory -j$(JOBS) all $(OUT)/gen-run
	@share/examples/demo.sh $(OUT)

# Programs find a new shared library once the linker's cache has it. Below DESTDIR that is for who unpacks it.
define update_cache
@if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" -eq 0 ]; then $(LDCONFIG) || echo '$(LDCONFIG) failed' >&2; fi
endef

.PHONY: install
install: all ## install below DESTDIR and PREFIX
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(DATADIR)" "$(DESTDIR)$(BASHCOMPDIR)" "$(DESTDIR)$(INCLUDEDIR)" "$(DESTDIR)$(PKGCONFIGDIR)"
	$(INSTALL) -m 755 $(TOOLS:%=$(OUT)/bin/%) "$(DESTDIR)$(BINDIR)"
	sed -e '/#include "stats\/stats.h"/{r lib/stats/stats.h' -e 'd}' lib/analysisrun.h > "$(DESTDIR)$(INCLUDEDIR)/analysisrun.h"
	$(INSTALL) -m 644 $(OUT)/libanalysisrun.a "$(DESTDIR)$(LIBDIR)"
	$(INSTALL) -m 755 $(OUT)/$(SONAME) "$(DESTDIR)$(LIBDIR)"
	ln -sf $(SONAME) "$(DESTDIR)$(LIBDIR)/libanalysisrun.so"
	sed -e 's|@PREFIX@|$(PREFIX)|;s|@LIBDIR@|$(LIBDIR)|;s|@INCLUDEDIR@|$(INCLUDEDIR)|;s|@VERSION@|$(VERSION)|;s|@PRIVATE@|$(PKG_LIBS)|' \
	    lib/analysisrun.pc.in > "$(DESTDIR)$(PKGCONFIGDIR)/analysisrun.pc"
	for page in man/*.[1-9]; do section=$${page##*.}; \
	    $(INSTALL) -d "$(DESTDIR)$(MANDIR)/man$$section" && \
	    sed 's|/usr/local/share/analysisrun|$(DATADIR)|' $$page > "$(DESTDIR)$(MANDIR)/man$$section/$${page##*/}" || exit; done
	for tool in $(TOOLS); do $(INSTALL) -m 644 share/completions/analysisrun.bash "$(DESTDIR)$(BASHCOMPDIR)/$$tool" || exit; done
	for language in $(LANGUAGES); do \
	    $(INSTALL) -d "$(DESTDIR)$(LOCALEDIR)/$$language/LC_MESSAGES" && \
	    $(INSTALL) -m 644 $(OUT)/locale/$$language/$(CATALOGUE) "$(DESTDIR)$(LOCALEDIR)/$$language/LC_MESSAGES" || exit; done
	data="$$(cd "$(DESTDIR)$(DATADIR)" && pwd)" && cd share && cp --parents $(SHARED) "$$data"
	sed 's|/usr/local/share/analysisrun|$(DATADIR)|' share/make/Makefile.example > "$(DESTDIR)$(DATADIR)/make/Makefile.example"
	$(update_cache)
	@[ -n '$(DESTDIR)' ] || $(LDCONFIG) -p 2>/dev/null | grep -qF '$(SONAME)' || \
	    printf '%s\n' 'Programs that are linked with $(SONAME) do not find it in $(LIBDIR) yet: have it in /etc/ld.so.conf.d and run' \
	    '$(LDCONFIG) as root, or set LD_LIBRARY_PATH=$(LIBDIR). The tools do not need it.' >&2
	@[ -n '$(DESTDIR)' ] || [ "$$($(PKGCONFIG) --variable=libdir analysisrun 2>/dev/null)" = '$(LIBDIR)' ] || \
	    printf '%s\n' 'To build methods in C, set PKG_CONFIG_PATH=$(PKGCONFIGDIR), where pkg-config does not look by itself.' >&2

.PHONY: uninstall
uninstall: ## remove what install has put there
	for tool in $(TOOLS); do rm -f "$(DESTDIR)$(BINDIR)/$$tool" "$(DESTDIR)$(BASHCOMPDIR)/$$tool"; done
	rm -f "$(DESTDIR)$(INCLUDEDIR)/analysisrun.h" "$(DESTDIR)$(PKGCONFIGDIR)/analysisrun.pc"
	rm -f "$(DESTDIR)$(LIBDIR)/libanalysisrun.a" "$(DESTDIR)$(LIBDIR)/libanalysisrun.so" "$(DESTDIR)$(LIBDIR)/$(SONAME)"
	for page in man/*.[1-9]; do rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; done
	for language in $(LANGUAGES); do rm -f "$(DESTDIR)$(LOCALEDIR)/$$language/$(CATALOGUE)"; done
	rm -rf "$(DESTDIR)$(DATADIR)"
	$(update_cache)

# ---- testing --------------------------------------------------------------------------------------------------------

.PHONY: test-programs
test-programs: all $(UNITS:%=$(OUT)/unit/%) $(FUZZERS:%=$(OUT)/fuzz/%) $(OUT)/gen-run ## build what the tests run
test-programs: $(OUT)/interop/pickle-tool $(EXAMPLES:%=$(OUT)/methods/%)

.PHONY: check
check: deps-test ## install what the tests need, build, and run all tests
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	@AR_OUT='$(CURDIR)/$(OUT)' $(BATS) $(TEST_FILES)

# What they look at are pages, installing, texts, other programs, and what processes leave that are killed.
UNSANITIZED := against-others crash docs install locale

.PHONY: check-sanitize
check-sanitize: deps-dev ## all tests of what the programs do with AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs OUT=build/sanitize SANITIZE=address,undefined CFLAGS='-O1 -g'
	@AR_OUT='$(CURDIR)/build/sanitize' TESTS_SANITIZED=1 $(BATS) $(filter-out $(UNSANITIZED:%=tests/%.bats),$(TEST_FILES))

.PHONY: check-interop
check-interop: deps-test ## install pandas 1.5, 2.2 and 3.1 from PyPI, and stand on either side of the Python runner's wire
	@$(MAKE) --no-print-directory -j$(JOBS) all $(OUT)/interop/pickle-tool
	@tests/interop/run $(OUT)

.PHONY: lint
lint: deps-dev ## warnings as errors with gcc and clang; cppcheck, shellcheck, mandoc
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs DEVELOPER=1
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs OUT=build/clang DEVELOPER=1 CC=clang
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr -j$(JOBS) \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE -DAR_VERSION='""' -D__x86_64__ -Ilib -Itools -I. lib tools tests/gen-run.c
	shellcheck $(SCRIPTS)
	mandoc -Tlint -Wwarning man/*.[1-9]

.PHONY: fuzz
fuzz: deps-dev ## fuzz each driver for FUZZ_SECONDS (60) seconds
	@$(MAKE) --no-print-directory -j$(JOBS) fuzz-programs OUT=build/libfuzzer CC=clang SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g'
	@printf '%s\n' $(FUZZERS) | xargs -P $(JOBS) -I{} sh -c 'fuzzer={}; part=$${fuzzer#fuzz_}; corpus=build/corpus/$$part; mkdir -p $$corpus; \
	    echo "$$fuzzer: $(FUZZ_SECONDS) s"; \
	    build/libfuzzer/fuzz/$$fuzzer.libfuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=4096 -print_final_stats=0 -verbosity=0 \
	        -artifact_prefix=build/corpus/$$part- $$corpus tests/fuzz/corpus/$$part >$$corpus.log 2>&1 || { \
	        grep -v "# Uses:" $$corpus.log | head -n 60; echo "$$fuzzer: failed; its input is in build/corpus"; exit 1; }'

.PHONY: fuzz-programs
fuzz-programs: $(FUZZERS:%=$(OUT)/fuzz/%.libfuzzer)

$(OUT)/fuzz/%.libfuzzer: $(B)/tests/fuzz/%.o $(LIBRARY)
	@mkdir -p $(@D)
	@$(CC) -fsanitize=fuzzer,address,undefined $(CFLAGS) -o $@ $^ $(PKG_LIBS)

.PHONY: bench
bench: deps-test ## speed and memory, as ratios measured in one run
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	@tests/bench/bench $(OUT)

.PHONY: bench-peers
bench-peers: deps-test ## install other tools from PyPI and crates.io, and compare
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	@tests/bench/peers $(OUT)

# ---- texts ----------------------------------------------------------------------------------------------------------

.PHONY: texts
texts: ## for translators: bring share/locale/*.po up to date with the texts of the code, and count them
	@mkdir -p $(OUT)
	@scripts/extract-texts $(OUT)/analysisrun.pot
	@for po in $(LANGUAGES:%=share/locale/%.po); do \
	    msgmerge --quiet --update --backup=none --no-fuzzy-matching --no-wrap --add-location=file $$po $(OUT)/analysisrun.pot && \
	    msgattrib --no-obsolete --no-wrap --add-location=file -o $$po $$po && \
	    echo "$$po: $$(msgfmt --statistics -o /dev/null $$po 2>&1)" || exit; done

# ---- the rest -------------------------------------------------------------------------------------------------------

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
