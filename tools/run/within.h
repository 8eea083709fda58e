/* SPDX-License-Identifier: MIT */
/*
 * The tools within ar-run: their main functions, of the same sources as the tools themselves (Makefile). Behind a wrapper, where it is
 * about milliseconds, they run in processes that need not be loaded first.
 */
#ifndef AR_TOOLS_RUN_WITHIN_H
#define AR_TOOLS_RUN_WITHIN_H

int ar_split_main(int argc, char **argv);
int ar_convert_main(int argc, char **argv);
int ar_cleanse_main(int argc, char **argv);
int ar_pack_main(int argc, char **argv);
int ar_analyze_main(int argc, char **argv);
int ar_merge_main(int argc, char **argv);
int ar_post_main(int argc, char **argv);

#endif
