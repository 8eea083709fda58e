/* SPDX-License-Identifier: MIT */
/*
 * The closed list of the names that a pickle of a table may hold: what pandas 1.5 to 3.1, numpy 1 and 2 and pyarrow call the
 * things that tables are made of. None of them is ever called.
 */
#include "codecs/pickle_value.h"

#define NAME(module, name, id) { module, name, sizeof(module) - 1, sizeof(name) - 1, false, AR_PICKLE_##id }
#define OLD(module, name, id) { module, name, sizeof(module) - 1, sizeof(name) - 1, true, AR_PICKLE_##id }

/* A public name of pandas 3, and the one that it had before. */
#define PANDAS(module, name, id) NAME("pandas", name, id), OLD("pandas.core." module, name, id)
#define ARRAY(module, name, id) NAME("pandas.arrays", name, id), OLD("pandas.core.arrays." module, name, id)

/* The steps of an index of times, which may name rows. */
#define OFFSET(name) NAME("pandas._libs.tslibs.offsets", name, OTHER)

/* What numpy 2 and numpy 1 call it. */
#define NUMPY(module, name, id) NAME("numpy._core." module, name, id), OLD("numpy.core." module, name, id)

/* As Python 3 and as protocol 2, which keeps to Python 2's name, have it. */
#define BUILTIN(name, id) NAME("builtins", name, id), NAME("__builtin__", name, id)

static const struct ar_pickle_name names[] = {
    PANDAS("frame", "DataFrame", DATA_FRAME),
    PANDAS("series", "Series", DATA_SERIES),
    NAME("pandas.core.internals.managers", "BlockManager", BLOCK_MANAGER),
    NAME("pandas.core.internals.managers", "SingleBlockManager", SINGLE_BLOCK_MANAGER),
    NAME("pandas._libs.internals", "_unpickle_block", UNPICKLE_BLOCK),

    NAME("pandas.core.indexes.base", "_new_Index", NEW_INDEX),
    PANDAS("indexes.base", "Index", INDEX),
    NAME("pandas.core.indexes.numeric", "Int64Index", INDEX),
    NAME("pandas.core.indexes.numeric", "UInt64Index", INDEX),
    NAME("pandas.core.indexes.numeric", "Float64Index", INDEX),
    PANDAS("indexes.range", "RangeIndex", RANGE_INDEX),
    PANDAS("indexes.multi", "MultiIndex", OTHER),
    PANDAS("indexes.category", "CategoricalIndex", OTHER),
    PANDAS("indexes.interval", "IntervalIndex", OTHER),
    PANDAS("indexes.datetimes", "DatetimeIndex", OTHER),
    PANDAS("indexes.timedeltas", "TimedeltaIndex", OTHER),
    PANDAS("indexes.period", "PeriodIndex", OTHER),
    NAME("pandas.core.indexes.datetimes", "_new_DatetimeIndex", OTHER),
    NAME("pandas.core.indexes.period", "_new_PeriodIndex", OTHER),
    NAME("pandas.core.indexes.interval", "_new_IntervalIndex", OTHER),
    NAME("pandas.core.indexes.timedeltas", "_new_TimedeltaIndex", OTHER),
    OFFSET("Nano"),
    OFFSET("Micro"),
    OFFSET("Milli"),
    OFFSET("Second"),
    OFFSET("Minute"),
    OFFSET("Hour"),
    OFFSET("Day"),
    OFFSET("BusinessDay"),
    OFFSET("Week"),
    OFFSET("MonthBegin"),
    OFFSET("MonthEnd"),
    OFFSET("QuarterBegin"),
    OFFSET("QuarterEnd"),
    OFFSET("YearBegin"),
    OFFSET("YearEnd"),
    NAME("pytz", "_UTC", OTHER),
    NAME("pytz", "_p", OTHER),

    NAME("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked", NDARRAY_BACKED),
    ARRAY("string_", "StringArray", STRING_ARRAY),
    ARRAY("string_", "StringArrayNumpySemantics", STRING_ARRAY),
    ARRAY("string_arrow", "ArrowStringArray", ARROW_ARRAY),
    ARRAY("string_arrow", "ArrowStringArrayNumpySemantics", ARROW_ARRAY),
    ARRAY("arrow.array", "ArrowExtensionArray", ARROW_ARRAY),
    ARRAY("integer", "IntegerArray", MASKED_ARRAY),
    ARRAY("floating", "FloatingArray", MASKED_ARRAY),
    ARRAY("boolean", "BooleanArray", MASKED_ARRAY),
    ARRAY("datetimes", "DatetimeArray", OTHER),
    ARRAY("timedeltas", "TimedeltaArray", OTHER),
    ARRAY("period", "PeriodArray", OTHER),
    ARRAY("interval", "IntervalArray", OTHER),
    ARRAY("sparse.array", "SparseArray", OTHER),
    NAME("pandas", "Categorical", OTHER),
    OLD("pandas.core.arrays.categorical", "Categorical", OTHER),

    PANDAS("arrays.string_", "StringDtype", OTHER),
    PANDAS("arrays.integer", "Int8Dtype", OTHER),
    PANDAS("arrays.integer", "Int16Dtype", OTHER),
    PANDAS("arrays.integer", "Int32Dtype", OTHER),
    PANDAS("arrays.integer", "Int64Dtype", OTHER),
    PANDAS("arrays.integer", "UInt8Dtype", OTHER),
    PANDAS("arrays.integer", "UInt16Dtype", OTHER),
    PANDAS("arrays.integer", "UInt32Dtype", OTHER),
    PANDAS("arrays.integer", "UInt64Dtype", OTHER),
    PANDAS("arrays.floating", "Float32Dtype", OTHER),
    PANDAS("arrays.floating", "Float64Dtype", OTHER),
    PANDAS("arrays.boolean", "BooleanDtype", OTHER),
    PANDAS("dtypes.dtypes", "ArrowDtype", OTHER),
    NAME("pandas.core.arrays.arrow.dtype", "ArrowDtype", OTHER),
    PANDAS("dtypes.dtypes", "CategoricalDtype", OTHER),
    PANDAS("dtypes.dtypes", "DatetimeTZDtype", OTHER),
    PANDAS("dtypes.dtypes", "PeriodDtype", OTHER),
    PANDAS("dtypes.dtypes", "IntervalDtype", OTHER),
    PANDAS("dtypes.dtypes", "SparseDtype", OTHER),
    NAME("pandas.core.arrays.sparse.dtype", "SparseDtype", OTHER),
    NAME("pandas._libs.sparse", "IntIndex", OTHER),
    NAME("pandas._libs.sparse", "BlockIndex", OTHER),

    NAME("pandas", "NA", NA),
    NAME("pandas._libs.missing", "NA", NA),
    NAME("pandas._libs.tslibs.nattype", "_nat_unpickle", NAT),
    NAME("pandas._libs.tslibs.nattype", "__nat_unpickle", NAT),
    NAME("pandas._libs.tslibs.timestamps", "_unpickle_timestamp", OTHER),
    NAME("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle", OTHER),
    NAME("pandas._libs.tslibs.period", "_unpickle_period", OTHER),
    NAME("pandas", "Interval", OTHER),
    NAME("pandas._libs.interval", "Interval", OTHER),

    NUMPY("multiarray", "_reconstruct", RECONSTRUCT),
    NUMPY("multiarray", "scalar", SCALAR),
    NUMPY("numeric", "_frombuffer", FROMBUFFER),
    NAME("numpy", "ndarray", NDARRAY),
    NAME("numpy", "dtype", DTYPE),

    NAME("pyarrow.lib", "_restore_array", RESTORE_ARRAY),
    NAME("pyarrow.lib", "chunked_array", CHUNKED_ARRAY),
    NAME("pyarrow.lib", "type_for_alias", TYPE_FOR_ALIAS),
    NAME("pyarrow.lib", "py_buffer", PY_BUFFER),

    BUILTIN("slice", SLICE),
    BUILTIN("bytes", BYTES_CLASS),
    BUILTIN("bytearray", BYTES_CLASS),
    BUILTIN("str", STR_CLASS),
    NAME("_codecs", "encode", ENCODE),
    NAME("datetime", "date", OTHER),
    NAME("datetime", "datetime", OTHER),
    NAME("datetime", "time", OTHER),
    NAME("datetime", "timedelta", OTHER),
    NAME("datetime", "timezone", OTHER),
    NAME("decimal", "Decimal", OTHER),
    NAME("fractions", "Fraction", OTHER),

    NAME("functools", "partial", PARTIAL),
    NAME("pandas", "read_csv", READ_CSV),
    NAME("pandas.io.parsers.readers", "read_csv", READ_CSV),
    NAME("io", "BytesIO", BYTES_IO),
    NAME("_io", "BytesIO", BYTES_IO),
};

const struct ar_pickle_name *ar_pickle_name_find(const char *module, size_t module_len, const char *name, size_t name_len)
{
    for (size_t i = 0; i < AR_COUNT(names); i++)
        if (names[i].name_len == name_len && names[i].module_len == module_len && memcmp(names[i].name, name, name_len) == 0 &&
            memcmp(names[i].module, module, module_len) == 0)
            return &names[i];
    return NULL;
}
