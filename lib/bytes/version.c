/* SPDX-License-Identifier: MIT */
#include "analysisrun.h"

const char *ar_version(void)
{
    return AR_VERSION;
}
