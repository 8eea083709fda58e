# SPDX-License-Identifier: MIT
#
# The numbers of one lane. Prints the members of its result, but for the texts; writes notes (one a line, % as %25 and a line break
# as %0A), points (place and value of the picture's dots) and means (place, mean and standard deviation of each field). Wants
# threshold and fields set.

BEGIN {
    above = "true" # of no row at all, too
    n_fields = split(fields, field, " ")
    for (i = 1; i <= n_fields; i++)
        place[field[i] + 0] = i
    printf "" > "notes"
    printf "" > "points"
    printf "" > "means"
}

table == "surrounding_spots" { surrounding++; next }

{
    n++
    cell = $col("MultiPointIndex")
    at = is_number(cell, "MultiPointIndex") ? place[cell + 0] + 0 : 0
    rows_at[at]++

    cell = $col("Value")
    if (is_number(cell, "Value")) {
        values++
        add("total", cell + 0)
        if (!(cell + 0 > threshold))
            above = "false"
        count[at]++
        sum[at] += cell
        print at, cell > "values"
    } else {
        above = "false"
    }

    cell = $col("Area")
    if (is_number(cell, "Area"))
        add("area", cell + 0)

    cell = $col("Note")
    if (cell != "" && !(cell in seen)) {
        seen[cell] = 1
        gsub(/%/, "%25", cell)
        gsub(/\n/, "%0A", cell)
        print cell > "notes"
    }
}

END {
    mean = values ? value_of("total") / values : 0
    squares = second_pass(mean)
    for (i = 1; i <= n_fields; i++)
        if (rows_at[i])
            with_rows++

    printf "\"n\":%s,\"total\":%s", num(n + 0), num(value_of("total"))
    printf ",\"mean\":%s", (values ? num(mean) : "null")
    printf ",\"sd\":%s", (values > 1 ? num(sqrt(squares / (values - 1))) : "null")
    printf ",\"above\":%s,\"fields\":%s", above, num(with_rows + 0)
    printf ",\"n_surrounding\":%s,\"area\":%s\n", num(surrounding + 0), num(value_of("area"))
}

# Sums that lose no digits on the way (Neumaier): what an addition rounds off is gathered beside.
function add(name, x,    old, new)
{
    old = big[name]
    new = old + x
    if ((old < 0 ? -old : old) >= (x < 0 ? -x : x))
        lost[name] += (old - new) + x
    else
        lost[name] += (x - new) + old
    big[name] = new
}

function value_of(name)
{
    return big[name] + lost[name]
}

# Goes over the values again, now that the means are known. Returns the sum of squares about the mean; draws each field with up to
# 500 dots, evenly picked, and spread over the width of the field.
function second_pass(mean,    squares, d, i, step, k, x)
{
    close("values")
    FS = " "
    for (i in count)
        step[i] = int((count[i] + 499) / 500)
    while ((getline < "values") > 0) {
        squares += ($2 - mean) * ($2 - mean)
        d = $2 - sum[$1] / count[$1]
        square[$1] += d * d
        if ($1 > 0 && k[$1]++ % step[$1] == 0) {
            x = k[$1] * 0.6180339887
            print $1 + (x - int(x) - 0.5) * 0.6, $2 > "points"
        }
    }
    for (i = 1; i <= n_fields; i++)
        if (count[i])
            print i, num(sum[i] / count[i]), num(count[i] > 1 ? sqrt(square[i] / (count[i] - 1)) : 0) > "means"
    return squares
}
