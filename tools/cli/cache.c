/* SPDX-License-Identifier: MIT */
#include "cli/cache.h"

#include <fcntl.h>

#include "bytes/text.h"
#include "lanes/entries.h"
#include "methods/method_version.h"

static void say(bool warning, const char *text)
{
    if (warning)
        cli_warn("%s", text);
    else
        cli_answer("%s", text);
}

void cli_cache_init(struct cli_cache *cache)
{
    *cache = (struct cli_cache){ 0 };
    ar_lane_cache_init(&cache->lanes);
    cache->lanes.say = say;
}

void cli_cache_release(struct cli_cache *cache)
{
    ar_lane_cache_release(&cache->lanes);
}

bool cli_cache_option(struct cli_cache *cache, int key, const char *arg)
{
    switch (key) {
    case CLI_CACHE:
        cache->path = arg;
        return true;
    case CLI_CACHE_WHY:
        cache->why = true;
        cache->other = "--why";
        return true;
    case CLI_CACHE_FORCE_ALL:
        cache->lanes.force_all = true;
        cache->other = "--force-all";
        return true;
    default:
        return false;
    }
}

bool cli_cache_check(const struct cli_cache *cache)
{
    if (cache->path || !cache->other)
        return true;
    cli_usage("%s is about what is kept: it needs --cache DIR", cache->other);
    return false;
}

static int read_parts(struct cli_cache *cache, const struct cli_cache_method *method, struct ar_error *error)
{
    const struct ar_manifest *manifest = method->manifest;
    struct ar_method_what what = { .argv = method->argv, .program = method->program, .start_dir = method->start_dir, .stop = &cli_stop };
    struct ar_buf version;
    ar_buf_init(&version);
    int result = 0;
    if (manifest) {
        what.patterns = method->post ? manifest->postprocess_files : manifest->files;
        what.folder = *manifest->folder ? manifest->folder : method->start_dir;
    }
    if (manifest && manifest->version) {
        what.version = &version;
        const char *told = getenv(AR_VERSION_TOLD);
        result = told ? ar_read_file(AT_FDCWD, told, &version, AR_VERSION_MAX, error)
                      : ar_method_version(manifest, &cli_stop, &version, error);
        unsetenv(AR_VERSION_TOLD); /* it is none of the method's business */
    }
    if (result == 0)
        result = ar_method_parts_read(&cache->lanes.parts, &what, error);
    ar_buf_release(&version);
    return result;
}

int cli_cache_open(struct cli_cache *cache, const struct cli_cache_method *method, struct ar_error *error)
{
    struct ar_lane_cache *lanes = &cache->lanes;
    if (!cache->path)
        return 0;
    lanes->why = cache->why || cache->dry;
    lanes->run.contract = method->contract;
    lanes->run.manifest = method->manifest;
    lanes->run.fields = method->manifest ? method->manifest->fields : AR_FIELDS_DEFAULT;
    if (ar_cache_open(&lanes->cache, cache->path, !cache->dry, error) != 0)
        return -1;
    return read_parts(cache, method, error);
}

/* ---- what would be done --------------------------------------------------------------------------------------------- */

/* The lane that is read. */
struct plan {
    struct cli_cache *cache;
    const struct cli_cache_plan *asked;
    struct ar_buf params;
    bool failed;
};

static void print_lane(const char *lane, const char *state, const char *why)
{
    struct ar_buf line;
    ar_buf_init(&line);
    ar_text_show(&line, lane, strlen(lane));
    ar_buf_add_format(&line, "\t%s\t", state);
    ar_text_show(&line, why, strlen(why));
    puts(line.data);
    ar_buf_release(&line);
}

static bool is_chosen(const struct cli_cache_plan *plan, const char *lane)
{
    for (size_t i = 0; i < plan->n_chosen; i++)
        if (strcmp(plan->chosen[i], lane) == 0)
            return true;
    return plan->n_chosen == 0;
}

/* The lanes that options name must be there, as for a run. */
static int check_named(const struct plan *plan, const struct ar_stream *stream, struct ar_error *error)
{
    const struct ar_targets *targets = ar_stream_targets(stream);
    const struct ar_lane_cache *cache = &plan->cache->lanes;
    if (ar_targets_check_named(targets, cache->forced, cache->n_forced, error) != 0)
        return -1;
    return ar_targets_check_named(targets, plan->asked->chosen, plan->asked->n_chosen, error);
}

static int end_lane(struct plan *plan, struct ar_stream *stream, const struct ar_target *target, struct ar_error *error)
{
    static const char *const states[] = { [AR_LANE_DONE] = "done", [AR_LANE_NEW] = "new", [AR_LANE_CHANGED] = "changed" };
    struct ar_lane_cache *cache = &plan->cache->lanes;
    const struct ar_ledger *ledger = ar_stream_lane_ledger(stream);
    bool chosen = is_chosen(plan->asked, target->data);
    if (plan->failed)
        print_lane(target->data, "failed", ar_tr("in an earlier step"));
    if (plan->failed || ar_ledger_refuse_analyzed(ledger, target->data, error) != 0)
        return plan->failed ? 0 : -1;
    if (!chosen && !cache->known) {
        print_lane(target->data, "not chosen", "");
        return 0;
    }
    if (plan->params.len == 0)
        ar_buf_add_text(&plan->params, "{}");
    if (ar_lane_cache_ask(cache, target, &plan->params, ledger, chosen, error) != 0)
        return -1;
    bool known = chosen || cache->asked.state == AR_LANE_DONE;
    print_lane(target->data, known ? states[cache->asked.state] : "not chosen", cache->asked.why.data);
    return 0;
}

static int take(struct plan *plan, struct cli_lanes *in, const struct ar_entry *entry, struct ar_error *error)
{
    if (plan->asked->check && plan->asked->check(plan->asked->arg, entry, error) != 0)
        return -1;
    if (entry->lane == AR_NO_LANE)
        return entry->kind == AR_ENTRY_TARGETS ? check_named(plan, in->stream, error) : 0;
    switch (entry->kind) {
    case AR_ENTRY_SAMPLE_NAME:
        ar_buf_clear(&plan->params);
        plan->failed = false;
        return 0;
    case AR_ENTRY_PARAMS:
        ar_buf_add(&plan->params, entry->text, entry->len);
        return ar_buf_check(&plan->params, error);
    case AR_ENTRY_ERROR:
        plan->failed = true;
        return 0;
    case AR_ENTRY_LEDGER:
        return end_lane(plan, in->stream, cli_lanes_target(in, entry), error);
    default:
        return 0;
    }
}

int cli_cache_print(struct cli_cache *cache, struct cli_lanes *in, const struct cli_cache_plan *asked, struct ar_error *error)
{
    struct plan plan = { .cache = cache, .asked = asked };
    struct ar_entry entry;
    int got, result = 0;
    ar_buf_init(&plan.params);
    puts("lane\tstate\twhy");
    while (result == 0 && (got = cli_lanes_next(in, &entry, error)) != 0)
        result = got < 0 ? -1 : take(&plan, in, &entry, error);
    ar_buf_release(&plan.params);
    return result;
}
