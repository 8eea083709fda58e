# SPDX-License-Identifier: MIT
#
# Appends rel and judge to each row; what stood there stays as it is, to the digit. Wants threshold set.

{
    rows[++n] = row
    total[n] = $col("total")
    mean[n] = $col("mean")
    if (is_number(total[n], "total") && (greatest == "" || total[n] + 0 > greatest))
        greatest = total[n] + 0
    is_number(mean[n], "mean")
}

END {
    print header ",rel,judge"
    for (i = 1; i <= n; i++)
        print rows[i] "," rel(total[i]) "," (mean[i] != "" && mean[i] + 0 > threshold ? "true" : "false")
}

# The share of the greatest total; nothing where there is no total, or the greatest is 0.
function rel(cell)
{
    return cell == "" || greatest == 0 ? "" : num(cell / greatest)
}
