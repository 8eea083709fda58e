# SPDX-License-Identifier: MIT
# analysisrun tools. `make help` lists what it can do.

VERSION = 0.1.0

PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/analysisrun
DESTDIR =

CC = gcc
CFLAGS = -O2 -g
PKGCONFIG = pkg-config
PACKAGES = zlib libarchive jansson libxxhash libpcre2-8 libutf8proc
JOBS := $(shell nproc 2>/dev/null || echo 1)

# What cannot be left out, whatever CFLAGS says.
AR_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DAR_VERSION='"$(VERSION)"' -Ilib -Itools -I.
AR_CFLAGS = -std=c17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -fvisibility=hidden -fPIC
ifdef DEVELOPER
AR_CFLAGS += -Werror -Wformat=2 -Wwrite-strings -Wundef -Wcast-qual -Wimplicit-fallthrough
endif
ifdef SANITIZE
AR_CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
AR_LDFLAGS += -fsanitize=$(SANITIZE)
endif
PKG_CFLAGS := $(shell $(PKGCONFIG) --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS := $(shell $(PKGCONFIG) --libs $(PACKAGES) 2>/dev/null) -lcsv -lm

COMPILE = $(CC) $(CPPFLAGS) $(AR_CPPFLAGS) $(PKG_CFLAGS) $(AR_CFLAGS) $(CFLAGS)
LINK = $(CC) $(AR_CFLAGS) $(CFLAGS) $(AR_LDFLAGS) $(LDFLAGS)

# Objects of different flags live in different folders.
FLAGS_KEY := $(shell printf '%s' '$(COMPILE) $(LINK)' | cksum | cut -d' ' -f1)
B := build/$(FLAGS_KEY)
BIN ?= build/bin

LIB_SOURCES := $(sort $(wildcard lib/*/*.c))
CLI_SOURCES := $(sort $(wildcard tools/cli/*.c))
TOOL_SOURCES := $(sort $(wildcard tools/ar-*.c))
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
TOOLS := $(TOOL_SOURCES:tools/%.c=%)
UNITS := $(UNIT_SOURCES:tests/unit/%.c=%)
FUZZERS := $(FUZZ_SOURCES:tests/fuzz/%.c=%)

LIB_OBJECTS := $(LIB_SOURCES:%.c=$(B)/%.o)
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(B)/%.o)
LIBRARY := $(B)/libanalysisrun.a

.PHONY: all
all: $(TOOLS:%=$(BIN)/%) ## build the tools into build/bin

$(BIN)/%: $(B)/tools/%
	@mkdir -p $(@D)
	@ln -f $< $@ 2>/dev/null || cp $< $@

$(LIBRARY): $(LIB_OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

$(B)/tools/ar-%: $(B)/tools/ar-%.o $(CLI_OBJECTS) $(LIBRARY)
	@echo "  LINK  ar-$*"
	@$(LINK) -o $@ $^ $(PKG_LIBS) $(LIBS)

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(LIBRARY)
	@$(LINK) -o $@ $^ $(PKG_LIBS) $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(COMPILE) -MMD -MP -c -o $@ $<

.PHONY: unit
unit: $(UNITS:%=$(B)/tests/unit/%) ## build the unit tests of lib/
	@mkdir -p build/unit
	@for u in $(UNITS); do ln -f $(B)/tests/unit/$$u build/unit/$$u || exit; done

.PHONY: clean
clean: ## remove what was built
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
