/* SPDX-License-Identifier: MIT */
/*
 * What the tools that run a method share towards --cache.
 */
#ifndef AR_TOOLS_CLI_CACHE_H
#define AR_TOOLS_CLI_CACHE_H

#include "cli/cli.h"
#include "cli/lanes.h"
#include "methods/lane_cache.h"

/* What the options say. */
struct cli_cache {
    const char *path;       /* of --cache, or NULL */
    const char *other;      /* the last option that makes sense with --cache only, or NULL */
    bool why, dry;
    struct ar_lane_cache lanes;
};

#define CLI_OPTION_CACHE { CLI_CACHE, "cache", "DIR", N_("keep results in DIR, and take from there what was done before") }
#define CLI_OPTION_WHY { CLI_CACHE_WHY, "why", NULL, N_("with --cache: say why something is done") }
#define CLI_OPTION_FORCE_ALL { CLI_CACHE_FORCE_ALL, "force-all", NULL, N_("with --cache: do all again, whatever is kept") }

enum { CLI_CACHE = CLI_LONG + 100, CLI_CACHE_WHY, CLI_CACHE_FORCE_ALL };

/* Before the options are read; say tells in one line what is to be told. */
void cli_cache_init(struct cli_cache *cache);
void cli_cache_release(struct cli_cache *cache);

/* Takes one of the options above. False where key is none of them. */
bool cli_cache_option(struct cli_cache *cache, int key, const char *arg);

/* After the options were read. False where one lacks --cache, which was told. */
bool cli_cache_check(const struct cli_cache *cache);

/*
 * Opens the cache, where there is one, for a step of the method; program: its path. Runs the manifest's version command. 0, or -1;
 * to be released in both cases.
 */
struct cli_cache_method {
    char *const *argv;
    const char *program, *start_dir;
    const struct ar_manifest *manifest; /* or NULL */
    enum ar_contract contract;
    bool post;
};
int cli_cache_open(struct cli_cache *cache, const struct cli_cache_method *method, struct ar_error *error) AR_MUST_USE;

/*
 * Reads the stream to its end and prints, as a table on standard output, for each lane whether its result is there, and if not, why.
 * chosen (of n lanes; none: all) are those of --lane. check looks at each entry before, for who reads the stream otherwise, too. 0 or -1.
 */
struct cli_cache_plan {
    const char **chosen;
    size_t n_chosen;
    int (*check)(const void *arg, const struct ar_entry *entry, struct ar_error *error);
    const void *arg;
};
int cli_cache_print(struct cli_cache *cache, struct cli_lanes *in, const struct cli_cache_plan *plan, struct ar_error *error) AR_MUST_USE;

#endif
