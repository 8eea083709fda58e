# SPDX-License-Identifier: MIT
# A run as make rules: include this file, and say what the run is made of.
#
#     AR_SETS     = activity_spots=as.csv surrounding_spots=ss.csv    sets and their files (needed)
#     AR_MANIFEST = method/manifest.json      the method's manifest: rules, params, fields (needed)
#     AR_METHOD   = method/analyze            the method, and arguments (needed); a script that is no program of its own is named with
#                                             its whole path, as in python3 $(CURDIR)/method.py, and put into AR_FILES, too
#     AR_JUDGE    = method/judge              the postprocess, and arguments; none: the merged table is the result
#     AR_SAMPLES  = samples.csv               the samples table; none: every lane that is found
#     AR_PARAMS   = params.json               the parameters; none: the manifest's defaults
#     AR_FILES    =                           further files on which the method depends
#     AR_DIR      = .                         where lanes/, lane-results/ and results/ go
#     AR_SPLIT_FLAGS, AR_ANALYZE_FLAGS, AR_POST_FLAGS     further options, such as --lane-key, -t 600, -k
#
# make -j 8 then does what is left to do: a lane is analyzed again when its tar, the method or what is said here changed, and only then;
# make clean-run begins anew. A lane that
# failed does not stop the others, and is tried again by the next make; until all have a result, there is none of the run (unless
# AR_POST_FLAGS = -k), and make fails. Names of lanes must do as names of files in make: no blanks, '%', '$', ':' or '#'. Those of the files
# above may have no blank either; that of the folder in which make is started may.

AR_DIR ?= .
$(if $(word 2,$(AR_DIR)),$(error AR_DIR is '$(AR_DIR)': make takes no name with a blank))
AR_LANES_RUN := ar-split $(AR_SPLIT_FLAGS) $(if $(AR_SAMPLES),-s $(AR_SAMPLES)) $(AR_SETS) | ar-cleanse -m $(AR_MANIFEST) | \
    ar-pack -m $(AR_MANIFEST) $(if $(AR_PARAMS),-p $(AR_PARAMS)) -d $(AR_DIR)/lanes
AR_POST_RUN := $(AR_POST_FLAGS) -m $(AR_MANIFEST) -d $(AR_DIR)/results $(if $(AR_JUDGE),-- $(AR_JUDGE))
AR_ANALYZE_RUN := -q -j 1 $(AR_ANALYZE_FLAGS) -m $(AR_MANIFEST) --log $(AR_DIR)/logs -- $(AR_METHOD)
AR_SET_FILES := $(foreach set,$(AR_SETS),$(lastword $(subst =, ,$(set))))
# A program that is named with a slash is a file on which results depend; so are the manifest, and the command line itself.
AR_METHOD_FILES := $(foreach word,$(firstword $(AR_METHOD)),$(if $(findstring /,$(word)),$(word))) $(AR_FILES) $(AR_MANIFEST)
AR_JUDGE_FILES := $(foreach word,$(firstword $(AR_JUDGE)),$(if $(findstring /,$(word)),$(word))) $(AR_FILES) $(AR_MANIFEST)

.PHONY: run clean-run
run: $(AR_DIR)/results/ledger.json

# The list of lanes is made with the lanes; make reads it in, and goes on with it.
ifeq ($(filter clean-run,$(MAKECMDGOALS)),)
-include $(AR_DIR)/lanes.mk
endif

# Only lanes whose bytes change are written. A pipeline that fails in its middle ends without end blocks, which its last tool sees.
$(AR_DIR)/lanes.mk: $(AR_SET_FILES) $(AR_SAMPLES) $(AR_PARAMS) $(AR_MANIFEST) $(AR_DIR)/.lanes-run
	$(AR_LANES_RUN)
	@{ printf 'AR_LANES :='; jq -r 'keys_unsorted[]' $(AR_DIR)/lanes/targets.json | while IFS= read -r lane; do \
	    case $$lane in (*[[:space:]%$$:#]*) echo "lane '$$lane': its name cannot be a target of make" >&2; exit 2;; esac; \
	    printf ' \\\n    %s' "$$lane"; done && echo; } > $@.new
	@mv $@.new $@

# What is run, in files that change only when it does.
ifeq ($(filter clean-run,$(MAKECMDGOALS)),)
$(shell mkdir -p '$(AR_DIR)')
AR_NOTE = $(if $(subst x$(strip $(file <$(AR_DIR)/$(1))),,x$(strip $($(2)))),$(file >$(AR_DIR)/$(1),$(strip $($(2)))))
$(call AR_NOTE,.lanes-run,AR_LANES_RUN)$(call AR_NOTE,.analyze-run,AR_ANALYZE_RUN)$(call AR_NOTE,.post-run,AR_POST_RUN)
endif

# A lane that failed keeps its result, dated before its input: the next make tries it again.
$(AR_DIR)/lane-results/%.tar: $(AR_DIR)/lanes/%.tar $(AR_METHOD_FILES) $(AR_DIR)/.analyze-run
	@mkdir -p $(@D) $(AR_DIR)/logs
	ar-analyze -o $@ $(AR_ANALYZE_RUN) < $< || \
	    { test $$? -eq 1 && touch -d @1 $@; }

$(AR_DIR)/results/ledger.json: $(AR_LANES:%=$(AR_DIR)/lane-results/%.tar) $(AR_DIR)/lanes.mk $(AR_JUDGE_FILES) $(AR_DIR)/.post-run
	ar-merge --lanes $(AR_DIR)/lanes $(AR_LANES:%=$(AR_DIR)/lane-results/%.tar) | \
	    ar-post $(AR_POST_RUN) || { status=$$?; test ! -e $@ || touch -d @1 $@; exit $$status; }

clean-run:
	rm -rf $(AR_DIR)/lanes $(AR_DIR)/lane-results $(AR_DIR)/results $(AR_DIR)/logs $(AR_DIR)/lanes.mk \
	    $(AR_DIR)/.lanes-run $(AR_DIR)/.analyze-run $(AR_DIR)/.post-run
