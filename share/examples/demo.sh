#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh [BUILD]: the main job on real input (a plate) and on a generated run of spots, each command shown as it runs.
# Results go to BUILD/demo; BUILD is the folder of the build, ./build without it.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$(CDPATH='' cd -- "${1:-build}" && pwd)
PATH=$build/bin:$PATH
demo=$build/demo
rm -rf "$demo"
mkdir -p "$demo"
cd "$root"
demo=${demo#"$root/"}

title() {
    printf '\n==== %s\n' "$1"
}

# Shows a command, then runs it.
show() {
    printf '\n$ %s\n' "$1"
    sh -c "$1"
}


title 'A plate: 864 images of 96 wells, labelled by hand (share/examples/plate/README.md)'
labels=share/examples/plate/20200406_164555_328_tagger_state.csv
show "head -n 3 $labels"
show "ar-split --lane-key 'filename~Well([A-P][0-9]{2})' labels=$labels |
    ar-cleanse --none labels |
    ar-pack |
    ar-analyze -- share/methods/outlier-rate/analyze |
    ar-merge |
    ar-post -d $demo/plate -- share/methods/outlier-rate/judge"
show "sed -n '1p; /true\$/p' $demo/plate/result.csv"

title 'A run of spots: 200,000 generated rows in two sets, 8 lanes'
show "${build#"$root/"}/gen-run -d $demo/run --rows 200000 --lanes 8"
show "ar-ls -s $demo/run/samples.csv activity_spots=$demo/run/activity_spots.csv"
show "ar-split -s $demo/run/samples.csv activity_spots=$demo/run/activity_spots.csv surrounding_spots=$demo/run/surrounding_spots.csv |
    ar-cleanse -m share/methods/spot-stats-sh/manifest.json |
    ar-pack -m share/methods/spot-stats-sh/manifest.json -p $demo/run/params.json -d $demo/lanes"
show "mkdir $demo/results
parallel 'ar-analyze -q -o $demo/results/{/} -- share/methods/spot-stats-sh/analyze < {}' ::: $demo/lanes/*.tar"
show "ar-merge --lanes $demo/lanes $demo/results/*.tar > $demo/merged.tar"
show "ar-post -d $demo/spots -- share/methods/spot-stats-sh/judge < $demo/merged.tar"
show "ar-ls $demo/merged.tar"
show "cut -d, -f 1-7,11- $demo/spots/result.csv"

title 'Where to look next'
printf '\n'
printf '  %-40s %s\n' "$demo/spots/result.csv" 'the judged table; its cells keep every digit' \
    "$demo/spots/images/" 'a picture of each lane' \
    "$demo/spots/ledger.json" "where every row went: jq .sets $demo/spots/ledger.json" \
    "ar-ls $demo/spots" 'the whole result at a glance' \
    'README.md' 'your own files, your own script; parallel and make' \
    'man man/analysisrun.7' 'the whole in one page'
