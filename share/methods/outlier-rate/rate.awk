# SPDX-License-Identifier: MIT
#
# Counts the images of a well and their outliers.

{
    label = $col("label")
    if (label != "0" && label != "1")
        fail(table ": label must be 0 or 1, found '" label "'")
    images++
    outliers += label
}

END {
    printf "{\"images\":%s,\"outliers\":%s,\"rate\":%s}\n", num(images + 0), num(outliers + 0),
        (images ? num(outliers / images) : "null")
}
