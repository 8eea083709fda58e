/* SPDX-License-Identifier: MIT */
#include "analysisrun.h"

__attribute__((visibility("default"))) const char *ar_version(void)
{
    return AR_VERSION;
}
