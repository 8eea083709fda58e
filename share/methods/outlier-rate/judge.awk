# SPDX-License-Identifier: MIT
#
# Appends plate_rate, difference, chance and suspicious to each row; what stood there stays as it is. Wants alpha set.

{
    rows[++n] = row
    images[n] = $col("images")
    outliers[n] = $col("outliers")
    if (!is_number(images[n], "images") || !is_number(outliers[n], "outliers"))
        images[n] = outliers[n] = 0
    all_images += images[n]
    all_outliers += outliers[n]
}

END {
    plate_rate = all_images ? all_outliers / all_images : 0
    print header ",plate_rate,difference,chance,suspicious"
    for (i = 1; i <= n; i++) {
        chance = upper_tail(outliers[i], images[i], plate_rate)
        print rows[i] "," (all_images ? num(plate_rate) : "") "," (images[i] ? num(outliers[i] / images[i] - plate_rate) : "") \
            "," num(chance) "," (chance < alpha ? "true" : "false")
    }
}

# P(X >= k) for X of the binomial distribution with n trials of probability p. Sums the side of k on which the terms grow smaller.
function upper_tail(k, n, p,    i, term, sum)
{
    if (k <= 0 || p >= 1)
        return 1
    if (p <= 0)
        return 0
    if (k > n * p) {
        term = probability(k, n, p)
        for (i = k; i <= n && term > sum * 1e-17; i++) {
            sum += term
            term *= (n - i) / (i + 1) * p / (1 - p)
        }
        return sum + 0
    }
    term = probability(k - 1, n, p)
    for (i = k - 1; i >= 0 && term > sum * 1e-17; i--) {
        sum += term
        term *= i / (n - i + 1) * (1 - p) / p
    }
    return 1 - sum
}

# P(X = k), by logarithms, so that no factor grows too large.
function probability(k, n, p,    i, log_p)
{
    log_p = k * log(p) + (n - k) * log(1 - p)
    for (i = 1; i <= k; i++)
        log_p += log((n - k + i) / i)
    return exp(log_p)
}
