# SPDX-License-Identifier: MIT
#
# gnuplot -c curve.gp DATA-NAME SAMPLE-NAME THRESHOLD FIELDS DOTS FONT: the distribution of Value by field, as curve.png.

set encoding utf8
set terminal png truecolor noenhanced size 800,480 font ARG6.',10'
set output 'curve.png'

set title ARG1.'  '.ARG2
set xlabel 'field'
set ylabel 'Value'
set xrange [0.5:words(ARG4) + 0.5]
set yrange [*<0:1<*]
unset xtics
do for [i = 1:words(ARG4)] { set xtics add (word(ARG4, i) i) }
set grid ytics
set key outside top center horizontal

eval 'threshold = '.ARG3 # real() does not read 1e+06
if (ARG5 > 0) {
    plot 'points' with points pt 7 ps 0.5 lc rgb '#8aa9c9' title 'spots', \
         'means' with yerrorbars pt 5 ps 0.9 lw 1.5 lc rgb '#1f3d5c' title 'mean ± sd', \
         threshold with lines lw 1.5 lc rgb '#c0392b' title 'threshold'
} else {
    set yrange [threshold < 0 ? 1.2 * threshold : 0:threshold > 0 ? 1.2 * threshold : 1]
    plot threshold with lines lw 1.5 lc rgb '#c0392b' title 'threshold'
}
