/* SPDX-License-Identifier: MIT */
/*
 * Merged lanes, and results: the table, and that all is as ledger and artifacts say.
 */
#include "lanes/entries.h"
#include "wire/to_parts.h"

static int keep(struct ar_to *s, struct ar_buf *buf, const struct ar_entry *entry)
{
    ar_buf_clear(buf);
    ar_buf_add(buf, entry->text, entry->len);
    return ar_buf_check(buf, s->error);
}

static bool first_dialect(const struct ar_to *s)
{
    return s->to->dialect == AR_DIALECT_FIRST;
}

static int take_table(struct ar_to *s, const struct ar_entry *entry, enum ar_wire_kind kind)
{
    s->has_result = true;
    return ar_to_is(s, kind) != 0 ? -1 : keep(s, &s->result, entry);
}

/* The ledger comes last: the lanes are those of the targets, and each is in it. */
static int take_ledger(struct ar_to *s, const struct ar_entry *entry)
{
    const struct ar_targets *targets = ar_stream_targets(s->stream);
    for (size_t i = 0; i < targets->count; i++)
        if (ar_listing_lane(&s->listing, &targets->entry[i], s->error) < 0)
            return -1;
    s->to->lanes = targets->count;
    return ar_listing_merged_ledger(&s->listing, entry->text, entry->len, ar_stream_seen(s->stream), ar_tr("entry 'ledger'"), s->error);
}

int ar_to_take_merged(struct ar_to *s, const struct ar_entry *entry)
{
    switch (entry->kind) {
    case AR_ENTRY_ANALYSIS_RESULTS:
        return take_table(s, entry, AR_WIRE_POST_IN);
    case AR_ENTRY_RESULT_CSV:
        return take_table(s, entry, first_dialect(s) ? AR_WIRE_POST_OUT : AR_WIRE_RUN_OUT);
    case AR_ENTRY_ARTIFACTS:
        return keep(s, &s->artifacts, entry);
    case AR_ENTRY_LEDGER:
        return take_ledger(s, entry);
    default:
        return 0; /* result_json is made anew, from the table */
    }
}

int ar_to_check_merged(struct ar_to *s)
{
    const struct ar_buf *artifacts = &s->artifacts;
    if (ar_listing_artifacts(&s->listing, artifacts->data, artifacts->len, ar_stream_seen(s->stream), ar_tr("entry 'artifacts'"),
                             s->error) != 0 ||
        ar_listing_check(&s->listing, s->error) != 0)
        return -1;
    if (s->has_result)
        return 0;
    if (ar_to_is(s, first_dialect(s) ? AR_WIRE_POST_OUT : AR_WIRE_RUN_OUT) != 0)
        return -1;
    if (s->first_failed >= 0)
        return 0;
    s->to->withheld = true;
    ar_fail(s->error, AR_CONTENT, "the input holds no result: lanes are missing");
    return ar_hint(s->error, "ar-post makes a result of a part of the lanes only when asked for: -k.");
}
