/* SPDX-License-Identifier: MIT */
/*
 * The public interface of libanalysisrun. What it declares is listed in lib/analysisrun.map; all else in the library is hidden.
 */
#ifndef ANALYSISRUN_H
#define ANALYSISRUN_H

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library, such as "0.1.0"; static text. */
const char *ar_version(void);

#ifdef __cplusplus
}
#endif

#endif
