# SPDX-License-Identifier: MIT
#
# CSV for any awk:
#
#     awk -f csv.awk -f program.awk activity_spots.csv surrounding_spots.csv
#
# In program.awk's rules a record is a row: $1, $2 … are the values of its cells, without the quotes around them, commas and line
# breaks in them kept. $col("Value") is the cell of a column, wherever it stands; table is the file's name without .csv; row is
# the row as it stands in the file, and header the header row, which the rules do not see. Numbers are printed by num(), which
# keeps every digit. Set LC_ALL=C: text is bytes here.

BEGIN { FS = "," }

$0 == "" { next } # a blank line; an empty cell alone in its row is written ""

{ row = $0 }

/"/ { csv_unquote() }

FILENAME != csv_file {
    csv_file = table = FILENAME
    sub(/.*\//, "", table)
    sub(/\.csv$/, "", table)
    header = row
    split("", csv_column)
    for (csv_i = 1; csv_i <= NF; csv_i++)
        csv_column[$csv_i] = csv_i
    next
}

END { if (failed) exit 1 } # exit in a rule comes here first

# Ends the program with status 1; no END rule behind this file's is run.
function fail(message)
{
    print message > "/dev/stderr"
    failed = 1
    exit 1
}

# The number of the column with this name.
function col(name)
{
    if (!(name in csv_column))
        fail(table ": column '" name "' not found; columns are " header)
    return csv_column[name]
}

# True for a number, false for an empty cell (or NaN); anything else ends the program. name is that of the column.
function is_number(cell, name)
{
    if (cell ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/)
        return 1
    if (cell != "" && cell !~ /^[nN]a[nN]$/)
        fail(table ": " name " must be a number, found '" cell "'")
    return 0
}

# The shortest text that reads as x again; awk's own print keeps 6 digits.
function num(x,    digits, text)
{
    if (sprintf("%g", x) ~ /n/) # inf, nan; a comparison does not find them in every awk
        fail("a number is too large")
    if (x == int(x) && x <= 9007199254740992 && x >= -9007199254740992)
        return sprintf("%.0f", x)
    for (digits = 15; digits <= 17; digits++) {
        text = sprintf("%." digits "g", x)
        if (text + 0 == x)
            break
    }
    return text
}

# Gathers a row with quoted cells, which may take more lines, and makes its cells $1 .. $NF. A cell is whole when the number of
# its quotes is even.
function csv_unquote(    part, n, i, cells, cell, odd, more)
{
    n = split($0, part, ",")
    $0 = ""
    for (i = 1; i <= n; i++) {
        cell = part[i]
        if (substr(cell, 1, 1) == "\"") {
            odd = csv_quotes(cell) % 2
            while (odd) {
                if (i < n) {
                    cell = cell "," part[++i]
                } else {
                    if ((getline more) <= 0)
                        fail(FILENAME ": a quoted cell has no closing quote")
                    row = row "\n" more
                    n = split(more, part, ",")
                    i = 1
                    cell = cell "\n" part[1]
                }
                odd = (odd + csv_quotes(part[i])) % 2
            }
            cell = substr(cell, 2, length(cell) - 2)
            if (index(cell, "\""))
                gsub(/""/, "\"", cell)
        }
        $(++cells) = cell
    }
}

function csv_quotes(text,    piece)
{
    return text == "" ? 0 : split(text, piece, "\"") - 1
}
