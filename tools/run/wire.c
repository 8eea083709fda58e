/* SPDX-License-Identifier: MIT */
/*
 * Behind a wrapper that talks through tars.
 */
#include "run/run.h"

bool run_is_wire(const struct run_options *options)
{
    (void)options;
    return false;
}

int run_wire(struct run *run)
{
    (void)run;
    return AR_INPUT;
}
