#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The pickle reader on what pandas wrote (tests/data/pickles: each with the CSV that pandas' own to_csv gives), and on hostile
# pickles, which Python's own pickle module writes.

load helpers.bash

GOLDEN=$BATS_TEST_DIRNAME/data/pickles

# The reader as a program: see tests/unit/test_pickle.c.
reader() {
    "$AR_OUT/unit/test_pickle" "$@"
}

# make: a folder with the module "make", which names what need not be installed, and calls it when the pickle is loaded.
setup() {
    in_scratch
    cat >make.py <<'END'
import pickle, sys, types

def name(module, name):
    """A class that pickle takes for module.name."""
    parts = module.split('.')
    for i in range(1, len(parts) + 1):
        sys.modules.setdefault('.'.join(parts[:i]), types.ModuleType('.'.join(parts[:i])))
    made = type(name, (), {'__module__': module, '__qualname__': name})
    return sys.modules[module].__dict__.setdefault(name, made)

class Call:
    """What a call gives when the pickle is loaded."""
    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)
    def __reduce_ex__(self, protocol):
        return self.reduced

def dtype(text, order='<'):
    return Call(name('numpy', 'dtype'), text, False, True, state=(3, order, None, None, None, -1, -1, 0))

def array(text, shape, data, order='C'):
    return Call(name('numpy._core.numeric', '_frombuffer'), data, dtype(text), shape, order)

def objects(shape, items):
    return Call(name('numpy._core.multiarray', '_reconstruct'), name('numpy', 'ndarray'), (0,), b'b',
                state=(1, shape, dtype('O8', '|'), False, items))

def index(items):
    return Call(name('pandas.core.indexes.base', '_new_Index'), name('pandas', 'Index'),
                {'data': objects((len(items),), items), 'name': None})

def rows(n):
    return Call(name('pandas.core.indexes.base', '_new_Index'), name('pandas', 'RangeIndex'),
                {'name': None, 'start': 0, 'stop': n, 'step': 1})

def block(values, place):
    return Call(name('pandas._libs.internals', '_unpickle_block'), values, place, 2)

def frame(columns, n, *blocks):
    manager = Call(name('pandas.core.internals.managers', 'BlockManager'), blocks, [columns, rows(n)])
    return Call(name('pandas', 'DataFrame'), state={'_mgr': manager, '_typ': 'dataframe'})

def write(table, protocol=5, file='input.pkl'):
    with open(file, 'wb') as f:
        pickle._Pickler(f, protocol).dump(table)
END
}

make() {
    { echo 'from make import *'; cat; } | PYTHONPATH=. python3 -
}

@test "what pandas 1.5.3, 2.2.3 and 3.1.1 wrote reads as their own CSV, byte for byte" {
    n=0
    for pickle in "$GOLDEN"/*/*.pkl; do
        reader read "$pickle" >got.csv
        cmp "${pickle%.pkl}.csv" got.csv
        n=$((n + 1))
    done
    [ "$n" -eq 30 ]
}

@test "typed, the same values keep their types" {
    reader read "$GOLDEN/pandas-3.1.1/series-result.pkl" typed >got.csv
    printf '%s\n' n,mean,ok,k,name,missing,nan,big 3,0.1,true,7,0001,,,12345678901234567890 | cmp - got.csv
    reader read "$GOLDEN/pandas-2.2.3/types.pkl" typed >got.csv
    printf '%s\n' 'i8,u64,f4,f8,b,o,mixed,"s 1,"' '1,0,1.5,0.1,true,日本,1,"a,b"' \
        '-2,18446744073709551615,,-0.0,false,,x,"q"""' | cmp - got.csv
}

@test "a pickle that is cut anywhere is refused, and none that is damaged does harm" {
    step=101
    [ -z "$TESTS_SANITIZED" ] || step=401
    for pickle in "$GOLDEN"/*/{types,series-result,set-p2,set-empty,fortran}.pkl; do
        reader mangle "$pickle" $((step / 50)) >log || {
            cat log
            return 1
        }
    done
    reader mangle "$GOLDEN/pandas-3.1.1/set-p5.pkl" "$step"
}

@test "a frame by hand reads as its cells, in C and in Fortran order, by every protocol" {
    for protocol in 2 3 4 5; do
        make <<END
import struct
ints = struct.pack('<4q', 1, 2, -3, 4)
write(frame(index(['a', 'b', 'c', 'd', 'é']), 2, block(array('i8', (2, 2), ints), slice(0, 3, 2)), block(array('i8', (2, 2), ints, 'F'), slice(4, 2, -1)),
            block(objects((1, 2), ['x,y', None]), slice(1, 2, 1))), $protocol)
END
        reader read input.pkl >got.csv
        printf '%s\n' 'a,b,c,d,é' '1,"x,y",-3,2,1' '2,,4,4,-3' | cmp - got.csv
    done
}

@test "floats have the digits of Python's repr" {
    count=1000000
    [ -z "$TESTS_SANITIZED" ] || count=50000
    make <<END
import math, random, struct
random.seed(1)
def any_bits():
    while True:
        value = struct.unpack('<d', random.randbytes(8))[0]
        if value == value:
            return value
kinds = [any_bits, lambda: math.exp(random.uniform(-10, 36)), lambda: round(random.uniform(-1e6, 1e6), random.randrange(10)),
         lambda: math.ldexp(random.randrange(1, 64), random.randrange(-1074, 900)), lambda: random.random()]
values = [kinds[i % 5]() for i in range($count)]
data = struct.pack('<%dd' % len(values), *values)
write(frame(index(['a']), len(values), block(array('f8', (1, len(values)), data), slice(0, 1, 1))))
with open('want.csv', 'w') as f:
    print('a', *map(repr, values), sep='\n', file=f)
END
    reader read input.pkl >got.csv
    cmp want.csv got.csv
}

@test "nothing is executed: a name that no table needs is refused by its name" {
    make <<'END'
import os
write(Call(os.system, 'touch harm'))
write(frame(index(['a']), 1, block(objects((1, 1), [Call(eval, '1')]), slice(0, 1, 1))), file='cell.pkl')
good = frame(index(['a']), 1, block(objects((1, 1), ['x']), slice(0, 1, 1)))
good.reduced[2]['attrs'] = {'x': Call(eval, '1')}
write(good, file='attribute.pkl')
write(good, 2, 'cut.pkl') # without frames, whose length would tell
with open('cut.pkl', 'rb+') as cut:
    cut.truncate(cut.seek(0, 2) - 3)
END
    refuses 2 "refers to 'posix.system', which a table does not need" -- reader read input.pkl
    refuses 2 "column 'a': holds a 'builtins.eval' (row 0), which is not carried" -- reader read cell.pkl
    refuses 2 "refers to 'builtins.eval', which a table does not need" -- reader read attribute.pkl
    refuses 2 "refers to '__builtin__.eval', which a table does not need" -- reader read cut.pkl
    # Every other way to name something and to call it; the opcodes INST and OBJ are those of protocol 0 and 1.
    while read -r program; do
        printf '%b' "\0200\04$program." >input.pkl
        refuses 2 "refers to 'os.system', which a table does not need" -- reader read input.pkl
    done <<'END'
cos\nsystem\n\0214\012touch harm\0205R
\0214\02os\0214\06system\0223\0214\012touch harm\0205R
(\0214\012touch harmios\nsystem\n
(cos\nsystem\n\0214\012touch harmo
cos\nsystem\n\0214\012touch harm\0205\0201
cos\nsystem\n\0214\012touch harm\0205}\0222
cos\nsystem\n)\0201}\0214\01x\0214\01ysb
END
    printf '\200\4\214\6systemQ.' >input.pkl
    refuses 2 'a persistent id' -- reader read input.pkl
    printf '\200\4\202\1.' >input.pkl
    refuses 2 'an extension code' -- reader read input.pkl
    [ ! -e harm ]
}

@test "a text that a million rows share is fine" {
    make <<'END'
write(frame(index(['a', 'b']), 1000000, block(objects((2, 1000000), ['Activity Spots'] * 2000000), slice(0, 2, 1))))
END
    reader read input.pkl >got.csv
    [ "$(wc -l <got.csv)" -eq 1000001 ]
    [ "$(tail -n +2 got.csv | sort -u)" = 'Activity Spots,Activity Spots' ]
}

@test "a pickle that would grow without bound is refused" {
    make <<'END'
text = 'x' * 1000000
write(frame(index(['a']), 100000, block(objects((1, 100000), [text] * 100000), slice(0, 1, 1))), file='long.pkl')
items = [None] * 1000000
write(frame(index(['c%d' % i for i in range(2000)]), 1000000, *[block(objects((1, 1000000), items), slice(i, i + 1, 1)) for i in range(2000)]), file='wide.pkl')
write(frame(rows(0), 10 ** 15), file='tall.pkl')
write(frame(rows(10 ** 15), 0, block(array('i8', (10 ** 15, 0), b''), slice(0, 10 ** 15, 1))), file='broad.pkl')
encode = __import__('_codecs').encode
write([Call(encode, text, 'latin1') for i in range(10000)], file='decoded.pkl')
END
    refuses 2 'would grow to more than 250 times its size' -- reader read long.pkl
    refuses 2 'would grow to more than 250 times its size' -- reader read wide.pkl
    refuses 2 'would grow to more than 250 times its size' -- reader read tall.pkl
    refuses 2 'would grow to more than 250 times its size' -- reader read broad.pkl
    refuses 2 'again and again' -- reader read decoded.pkl
}

@test "blocks that do not fit their frame are refused" {
    make <<'END'
import struct
names, two = index(['a', 'b']), struct.pack('<2q', 1, 2)
one = block(array('i8', (1, 2), two), slice(0, 1, 1))
write(frame(names, 2, one), file='hole.pkl')
write(frame(names, 2, one, one), file='twice.pkl')
write(frame(names, 2, one, block(array('i8', (1, 2), two), slice(2, 3, 1))), file='beyond.pkl')
write(frame(names, 2, block(array('i8', (1, 2), two), slice(0, 2, 1))), file='few.pkl')
write(frame(names, 3, one, one), file='short.pkl')
write(frame(names, 2, one, block(array('i8', (1, 2 ** 61), two), slice(1, 2, 1))), file='huge.pkl')
write(frame(names, 2, one, block(array('i8', (1, 3), two), slice(1, 2, 1))), file='bytes.pkl')
write(frame(names, 2, one, block(array('i8', (1, 2), two), slice(1, 2, 0))), file='step.pkl')
write(frame(names, 2, one, block(array('i8', (1, 2), two), array('i8', (1,), struct.pack('<q', -1)))), file='negative.pkl')
END
    refuses 2 "column 'b': has no values" -- reader read hole.pkl
    refuses 2 'blocks do not fit' -- reader read twice.pkl
    refuses 2 'blocks do not fit' -- reader read beyond.pkl
    refuses 2 'as many columns as it says' -- reader read few.pkl
    refuses 2 "column 'a'" '2 values in a table of 3 rows' -- reader read short.pkl
    refuses 2 'as many bytes as its shape says' -- reader read huge.pkl
    refuses 2 "column 'b'" 'as many bytes as its shape says' -- reader read bytes.pkl
    refuses 2 'is not as pandas' -- reader read step.pkl
    refuses 2 'blocks do not fit' -- reader read negative.pkl
}

@test "a type that is not carried is refused by the names of column and type" {
    make <<'END'
import datetime, decimal
def one(value):
    return frame(index(['a b']), 1, block(value, slice(0, 1, 1)))
write(one(array('M8', (1, 1), bytes(8))), file='time.pkl')
write(one(array('c16', (1, 1), bytes(16))), file='complex.pkl')
write(one(objects((1, 1), [decimal.Decimal('1.5')])), file='decimal.pkl')
write(one(objects((1, 1), [datetime.date(2020, 1, 1)])), file='date.pkl')
write(one(objects((1, 1), [b'x'])), file='bytes.pkl')
write(one(Call(name('pandas._libs.arrays', '__pyx_unpickle_NDArrayBacked'), name('pandas', 'Categorical'), 0, None, state=(None, None))),
      file='category.pkl')
# Two columns of times in one block, in a time zone whose name is none of a table's.
times = Call(name('pandas._libs.arrays', '__pyx_unpickle_NDArrayBacked'), name('pandas.core.arrays.datetimes', 'DatetimeArray'), 0, None,
             state=(Call(name('pandas.core.dtypes.dtypes', 'DatetimeTZDtype'), Call(name('zones', 'Tokyo'))), array('M8', (2, 1), bytes(16))))
write(frame(index(['a', 'b']), 1, block(times, slice(0, 2, 1))), file='times.pkl')
write(one(objects((1, 1), [Call(name('uuid', 'UUID'), 1)])), file='uuid.pkl')
write(one(objects((1, 1), [{1, 2}])), file='set.pkl')
write(one(objects((1, 1), [frozenset([1])])), file='frozen.pkl')
write(one(objects((1, 1), ['\ud800'])), file='surrogate.pkl')
write(one(objects((1, 1), [Call(name('numpy._core.multiarray', 'scalar'), dtype('c16'), bytes(16))])), file='scalar.pkl')
write(Call(name('pandas', 'Series'), [1, datetime.date(2020, 1, 1)], ['x', 'y'], 'object'), file='series.pkl')
labels = Call(name('pandas.core.indexes.base', '_new_Index'), name('pandas', 'MultiIndex'), {})
write(frame(labels, 0), file='labels.pkl')
END
    refuses 2 "column 'a b'" datetime64 -- reader read time.pkl
    refuses 2 "column 'a b'" complex -- reader read complex.pkl
    refuses 2 "column 'a b'" decimal.Decimal 'row 0' -- reader read decimal.pkl
    refuses 2 "column 'a b'" datetime.date 'row 0' -- reader read date.pkl
    refuses 2 "column 'a b'" "'bytes'" -- reader read bytes.pkl
    refuses 2 "column 'a b'" pandas.Categorical -- reader read category.pkl
    refuses 2 'names of columns' pandas.MultiIndex -- reader read labels.pkl
    refuses 2 "column 'a'" DatetimeArray -- reader read times.pkl
    refuses 2 "column 'a b'" "'uuid.UUID' (row 0)" -- reader read uuid.pkl
    refuses 2 "column 'a b'" "'set' (row 0)" -- reader read set.pkl
    refuses 2 "column 'a b'" "'set' (row 0)" -- reader read frozen.pkl
    refuses 2 "column 'a b'" "'str that is not UTF-8' (row 0)" 'lone surrogate' -- reader read surrogate.pkl
    refuses 2 "column 'a b'" "'numpy scalar (c16)' (row 0)" -- reader read scalar.pkl
    refuses 2 "label 'y'" datetime.date -- reader read series.pkl
}
