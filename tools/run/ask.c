/* SPDX-License-Identifier: MIT */
/*
 * What is missing for a run.
 */
#include "run/run.h"

int run_ask(struct run *run, struct ar_error *error)
{
    (void)run;
    (void)error;
    return 0;
}

int run_missing(const struct run *run)
{
    const struct run_options *o = &run->options;
    struct ar_buf list;
    ar_buf_init(&list);
    if (!o->method)
        ar_buf_add_text(&list, "the method (-m METHOD)");
    for (size_t i = 0; run->method.loaded && !o->run_tar && i < run->method.manifest.n_sets; i++) {
        const char *set = run->method.manifest.set[i].name;
        if (!run_set_file(o, set))
            ar_buf_add_format(&list, "%sthe set %s (%s=FILE)", list.len ? ", " : "", set, set);
    }
    int status = list.len ? AR_INPUT : AR_OK;
    if (list.len)
        cli_usage("missing: %s", list.data);
    ar_buf_release(&list);
    return status;
}
