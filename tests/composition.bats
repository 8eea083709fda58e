#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# However the tools are composed, and however many methods run at a time: the same result tar to the byte.

load helpers.bash

RUN=$BATS_TEST_DIRNAME/data/run-small
METHOD=$SHARE/methods/spot-stats-sh

# A method without a picture library: quick, and with pictures all the same.
write_method() {
    cat >method <<'END'
#!/bin/sh
mkdir images
{ printf 'PNG'; cat data_name image_analysis_results/activity_spots.csv; } >images/rows.png
cp sample_name "images/a name.txt"
printf '{"rows":%d,"value":5.80,"text":"%s"}' "$(wc -l <image_analysis_results/activity_spots.csv)" "$AR_DATA_NAME"
END
    chmod +x method
}

setup() {
    in_scratch
    write_method
}

lanes() {
    ar-split -q -s "$RUN/samples.csv" activity_spots="$RUN/activity_spots.csv" surrounding_spots="$RUN/surrounding_spots.csv" 2>/dev/null |
        ar-cleanse -q -m "$METHOD/manifest.json"
}

@test "pipeline, with 1, 2 and 8 methods at a time: the same bytes" {
    for jobs in 1 2 8; do
        lanes | ar-pack -q -p "$RUN/params.json" | ar-analyze -q -j $jobs -- ./method | ar-merge -q | ar-post -q >"result-$jobs.tar"
    done
    cmp result-1.tar result-2.tar
    cmp result-1.tar result-8.tar
    [ "$(entries result-1.tar | grep -c /images/)" -eq 8 ]
}

@test "lane files with GNU parallel, merged in any order: the same bytes as the pipeline" {
    lanes | ar-pack -q -p "$RUN/params.json" | ar-analyze -q -- ./method | ar-merge -q | ar-post -q >pipeline.tar
    lanes | ar-pack -q -p "$RUN/params.json" -d lanes
    mkdir results
    parallel --will-cite 'ar-analyze -q -o results/{/} -- ./method < {}' ::: lanes/*.tar
    ar-merge -q --lanes lanes results/*.tar | ar-post -q >files.tar
    cmp pipeline.tar files.tar
    # shellcheck disable=SC2046
    ar-merge -q --lanes lanes $(printf '%s\n' results/*.tar | sort -r) | ar-post -q >reversed.tar
    cmp pipeline.tar reversed.tar
    ar-merge -q --lanes lanes results | ar-post -q >folder.tar
    cmp pipeline.tar folder.tar
}

@test "parts made with --lane, put together: the same bytes as the whole" {
    lanes | ar-pack -q -p "$RUN/params.json" >inputs.tar
    ar-analyze -q -- ./method <inputs.tar | ar-merge -q >whole.tar
    ar-analyze -q --lane 0007 --lane 0000 -- ./method <inputs.tar >part-1.tar
    ar-analyze -q --lane 0010 --lane 0001 -- ./method <inputs.tar >part-2.tar
    ar-merge -q part-2.tar part-1.tar >parts.tar
    cmp whole.tar parts.tar
}

@test "compressed in between, by us or by others: the same bytes" {
    lanes | ar-pack -q -p "$RUN/params.json" | ar-analyze -q -- ./method | ar-merge -q | ar-post -q >plain.tar
    lanes | gzip | ar-pack -q -Z zstd -p "$RUN/params.json" | ar-analyze -q -- ./method | xz | ar-merge -q | ar-post -q -Z zstd | zstd -dc >packed.tar
    cmp plain.tar packed.tar
}

@test "unknown entries of the run pass through to the result, by the pipeline and by lane files" {
    mkdir -p run/image_analysis_results
    cp "$RUN/params.json" run/params
    cp "$RUN/samples.csv" run/sample_names
    cp "$RUN/activity_spots.csv" run/image_analysis_results/activity_spots
    cp "$RUN/surrounding_spots.csv" run/image_analysis_results/surrounding_spots
    printf 'kept as it is' >run/note
    tar -C run -cf run.tar .
    cleansed() { ar-split -q <run.tar 2>/dev/null | ar-cleanse -q -m "$METHOD/manifest.json"; }
    cleansed | ar-pack -q | ar-analyze -q -- ./method | ar-merge -q | ar-post -q >pipeline.tar
    cleansed | ar-pack -q -d lanes
    mkdir results
    for lane in 0000 0001 0007 0010; do ar-analyze -q -o results/$lane.tar -- ./method <lanes/$lane.tar; done
    ar-merge -q --lanes lanes results/*.tar | ar-post -q >files.tar
    cmp pipeline.tar files.tar
    entry pipeline.tar note | cmp - run/note
}

@test "make: the same results; a second make does nothing; a changed sample is one lane; a failed lane is tried again alone" {
    cp "$RUN"/* "$METHOD/manifest.json" .
    cat >Makefile <<END
AR_SETS = activity_spots=activity_spots.csv surrounding_spots=surrounding_spots.csv
AR_SAMPLES = samples.csv
AR_PARAMS = params.json
AR_MANIFEST = manifest.json
AR_METHOD = ./method
include $SHARE/make/analysisrun.mk
END
    make -s -j 2 2>/dev/null
    lanes | ar-pack -q -m manifest.json -p params.json | ar-analyze -q -m manifest.json -- ./method | ar-merge -q | ar-post -q -d pipeline
    diff -r results pipeline
    make >out 2>&1
    diff /dev/null <(grep 'ar-' out)

    # The clock of files is too coarse for a change right after: everything that is there is made older.
    find . -exec touch -h -d '1 hour ago' {} +
    sed -i 's/^0007,.*/0007,renamed/' samples.csv
    make -j 2 >out 2>/dev/null
    grep -o 'ar-analyze -o [^ ]*' out >done
    echo 'ar-analyze -o lane-results/0007.tar' | diff - done
    grep -q 'renamed' results/result.csv

    find . -exec touch -h -d '1 hour ago' {} +
    sed -i '2i [ "$AR_DATA_NAME" != 0001 ] || { echo broken >\&2; exit 3; }' method
    run make -j 2
    [ "$status" -eq 2 ]
    run make -j 2
    [ "$status" -eq 2 ]
    [ "$(grep -c . results/errors/0001.txt)" -ge 1 ]
    [ "$(find lane-results -name '*.tar' | wc -l)" -eq 4 ]
    run make -n
    [ "$(grep -c 'ar-analyze' <<<"$output")" -eq 1 ]
    grep -q 'lane-results/0001.tar' <<<"$output"
}

@test "make: other files, options and manifests than before cut the lanes again, however old they are" {
    cp "$RUN"/* "$METHOD/manifest.json" .
    sed 's/"Activity Spots"/"Total Well"/' manifest.json >total.json
    sed '/0007/d' samples.csv >three.csv
    sed '2,9d' activity_spots.csv >less.csv
    cat >rules.mk <<END
AR_SETS = activity_spots=\$(SPOTS) surrounding_spots=surrounding_spots.csv
AR_SAMPLES = \$(SAMPLES)
AR_MANIFEST = \$(MANIFEST)
AR_METHOD = ./method
include $SHARE/make/analysisrun.mk
END
    # What make keeps of earlier is held against what it makes in a folder of its own.
    makes() {
        find . -exec touch -h -d '1 hour ago' {} +
        make -s -f rules.mk SPOTS=activity_spots.csv SAMPLES=samples.csv MANIFEST=manifest.json "$@" 2>/dev/null
        make -s -f rules.mk AR_DIR=new SPOTS=activity_spots.csv SAMPLES=samples.csv MANIFEST=manifest.json "$@" 2>/dev/null
        diff -r results new/results
        rm -r new
    }
    makes
    cp -r results first
    for change in SPOTS=less.csv SAMPLES=three.csv MANIFEST=total.json; do
        makes "$change"
        run ! diff -rq results first
    done
    makes
    diff -r results first
    refuses 2 "Nowhere" -- make -s -f rules.mk SPOTS=activity_spots.csv SAMPLES=samples.csv MANIFEST=manifest.json AR_SPLIT_FLAGS='--lane-key Nowhere'
}

@test "make: the example that is installed runs as it is, and only needs to know where the rules are" {
    cp "$RUN"/* .
    cp "$SHARE/make/Makefile.example" Makefile
    make -s SHARE="$SHARE" 2>/dev/null
    ar-ls results | holds -x 'results: result, in a folder'
    [ "$(ar-ls --json results | jq '.result_csv.rows')" -eq 4 ]
}

@test "make: the folder of a run may have a blank in its name; one that AR_DIR names may not, which is said before anything is done" {
    mkdir 'my run' my
    touch my/own
    cd 'my run'
    cp "$RUN"/* .
    cp "$SHARE/make/Makefile.example" Makefile
    make -s SHARE="$SHARE" 2>/dev/null
    [ "$(ar-ls --json results | jq '.result_csv.rows')" -eq 4 ]
    cd ..
    cp "$RUN"/* .
    cp "$SHARE/make/Makefile.example" Makefile
    for target in run clean-run; do
        refuses 2 "AR_DIR is 'my run': make takes no name with a blank" -- make -s SHARE="$SHARE" AR_DIR='my run' $target
    done
    [ -e my/own ]
    [ -e 'my run/lanes.mk' ]
}

@test "make: a script with its interpreter is analysed again when it changes" {
    cp "$RUN"/* "$METHOD/manifest.json" .
    echo 'printf "{\"n\": 1}"' >method.sh
    cat >Makefile <<END
AR_SETS = activity_spots=activity_spots.csv surrounding_spots=surrounding_spots.csv
AR_SAMPLES = samples.csv
AR_PARAMS = params.json
AR_MANIFEST = manifest.json
AR_METHOD = sh \$(CURDIR)/method.sh
AR_FILES = method.sh
include $SHARE/make/analysisrun.mk
END
    make -s -j 2 2>/dev/null
    [ "$(sed -n 2p results/result.csv | cut -d, -f1)" = 1 ]
    find . -exec touch -h -d '1 hour ago' {} +
    echo 'printf "{\"n\": 2}"' >method.sh
    make -s -j 2 2>/dev/null
    [ "$(cut -d, -f1 results/result.csv | sort -u)" = "$(printf '2\nn')" ]
}
