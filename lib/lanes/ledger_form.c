/* SPDX-License-Identifier: MIT */
#include "lanes/ledger_form.h"

#include "bytes/digest.h"

enum form { COUNT, COUNTS, TEXT, TEXTS, TRUTH, DIGEST, RULES, OUTCOME, FILES, FILE_ENTRY, SETS, ACCOUNT, RECORD, POST };

struct member {
    const char *name;
    enum form form;
    bool needed;
};

static const struct member top[] = {
    { "sets", SETS, false },   { "files", FILES, false }, { "outcome", OUTCOME, false },
    { "post", POST, false },   { "incomplete", TEXTS, false }, { "folder", TEXTS, false },
    { "folder_kind", TEXT, false }, { NULL, COUNT, false },
};

static const struct member file_entry[] = {
    { "bytes", COUNT, true }, { "xxh3", DIGEST, true }, { "image_type", TEXT, false }, { NULL, COUNT, false },
};

static const struct member account[] = {
    { "source", TEXT, false },       { "bytes", COUNT, false },        { "rows", COUNT, true },
    { "columns", COUNT, false },     { "bom", TRUTH, false },          { "blank_lines", COUNT, false },
    { "dropped", COUNTS, false },    { "rows_by_lane", COUNTS, false }, { "not_in_samples", COUNTS, false },
    { "no_lane_line", COUNT, false }, { NULL, COUNT, false },
};

static const struct member record[] = {
    { "stage", TEXT, true },      { "rows_in", COUNT, true }, { "rows", COUNT, true },
    { "dropped", COUNTS, false }, { "rules", RULES, false },  { "image_analysis_method", TEXT, false },
    { "bytes", COUNT, false },    { "xxh3", DIGEST, false },  { NULL, COUNT, false },
};

static const struct member post[] = {
    { "rows_in", COUNT, true }, { "rows", COUNT, true }, { "postprocess", TRUTH, false }, { NULL, COUNT, false },
};

/* What is wrong, and where: the pointer is put together on the way back, so that a good ledger costs nothing. */
struct fault {
    const char *expected, *missing; /* one of them: what it should be; or the member that it lacks */
    const struct ar_node *found;
    struct ar_buf pointer;
};

static int check(struct fault *fault, enum form form, const struct ar_node *value);

static int fail(struct fault *fault, const char *expected, const struct ar_node *found)
{
    fault->expected = expected;
    fault->found = found;
    return -1;
}

/* The fault lies in the member name. */
static int fail_in(struct fault *fault, const char *name)
{
    struct ar_buf whole;
    ar_buf_init(&whole);
    ar_json_pointer_add(&whole, name, strlen(name));
    ar_buf_add(&whole, fault->pointer.data, fault->pointer.len);
    ar_buf_release(&fault->pointer);
    fault->pointer = whole;
    return -1;
}

static int tell(const struct fault *fault, const char *what, struct ar_error *error)
{
    static const enum ar_json_type types[] = {
        [AR_NODE_OBJECT] = AR_JSON_OBJECT,  [AR_NODE_ARRAY] = AR_JSON_ARRAY, [AR_NODE_TEXT] = AR_JSON_STRING,
        [AR_NODE_INTEGER] = AR_JSON_NUMBER, [AR_NODE_REAL] = AR_JSON_NUMBER, [AR_NODE_TRUE] = AR_JSON_TRUE,
        [AR_NODE_FALSE] = AR_JSON_FALSE,    [AR_NODE_NULL] = AR_JSON_NULL,
    };
    struct ar_buf text;
    ar_buf_init(&text);
    if (fault->missing) {
        ar_fail(error, AR_INPUT, "the member '%s' is missing", fault->missing);
        ar_json_fail_at(error, what, &fault->pointer);
    } else {
        if (fault->found->type < AR_NODE_ARRAY) /* what is in them is not told */
            ar_node_dump(&text, fault->found);
        struct ar_json_value value = { .type = types[fault->found->type], .text = text.data, .len = text.len };
        ar_json_fail_expected(error, what, &fault->pointer, fault->expected, &value);
    }
    ar_buf_release(&text);
    return ar_hint(error, "The format is in ar-stream(5).");
}

/* ---- what is made of parts ------------------------------------------------------------------------------------------ */

/* The member of that name, or the end of the list. */
static size_t number_of(const struct member *members, const char *name)
{
    size_t i = 0;
    while (members[i].name && (*members[i].name != *name || strcmp(members[i].name, name) != 0))
        i++;
    return i;
}

static int check_members(struct fault *fault, const struct member *members, const struct ar_node *value)
{
    if (!ar_node_is(value, AR_NODE_OBJECT))
        return fail(fault, N_("an object"), value);
    unsigned met = 0;
    for (const struct ar_node *member = ar_node_members(value); member; member = member->next) {
        size_t i = number_of(members, member->name);
        if (members[i].name && check(fault, members[i].form, member) != 0)
            return fail_in(fault, member->name);
        met |= 1U << i;
    }
    for (size_t i = 0; members[i].name; i++)
        if (members[i].needed && !(met & 1U << i)) {
            fault->missing = members[i].name;
            return -1;
        }
    return 0;
}

/* An object whose members, whatever their names, are all of one form. */
static int check_each(struct fault *fault, enum form form, const struct ar_node *value)
{
    if (!ar_node_is(value, AR_NODE_OBJECT))
        return fail(fault, N_("an object"), value);
    for (const struct ar_node *member = ar_node_members(value); member; member = member->next)
        if (check(fault, form, member) != 0)
            return fail_in(fault, member->name);
    return 0;
}

static int check_items(struct fault *fault, enum form form, const struct ar_node *value)
{
    char number[24];
    size_t i = 0;
    if (!ar_node_is(value, AR_NODE_ARRAY))
        return fail(fault, N_("an array"), value);
    for (const struct ar_node *item = ar_node_items(value); item; item = item->next, i++)
        if (check(fault, form, item) != 0) {
            snprintf(number, sizeof number, "%zu", i);
            return fail_in(fault, number);
        }
    return 0;
}

/* ---- values --------------------------------------------------------------------------------------------------------- */

static bool is_digest(const struct ar_node *value)
{
    const char *text = ar_node_text(value);
    return text && strlen(text) == AR_DIGEST_HEX && strspn(text, "0123456789abcdef") == AR_DIGEST_HEX;
}

static bool is_outcome(const struct ar_node *value)
{
    static const char *const names[] = { "result", "no result", "failed", "not chosen" };
    const char *text = ar_node_text(value);
    bool found = false;
    for (size_t i = 0; text && i < AR_COUNT(names); i++)
        found = found || strcmp(text, names[i]) == 0;
    return found;
}

static bool is_rules(const struct ar_node *value)
{
    const char *text = ar_node_text(value);
    return ar_node_is(value, AR_NODE_ARRAY) || (text && strcmp(text, "none") == 0);
}

static int check(struct fault *fault, enum form form, const struct ar_node *value)
{
    switch (form) {
    case COUNT:
        return ar_node_is(value, AR_NODE_INTEGER) && value->integer >= 0 ? 0 : fail(fault, N_("a count"), value);
    case TEXT:
        return ar_node_is(value, AR_NODE_TEXT) ? 0 : fail(fault, N_("a text"), value);
    case TRUTH:
        return ar_node_is(value, AR_NODE_TRUE) || ar_node_is(value, AR_NODE_FALSE) ? 0 : fail(fault, N_("true or false"), value);
    case DIGEST:
        return is_digest(value) ? 0 : fail(fault, N_("32 hexadecimal digits"), value);
    case OUTCOME:
        return is_outcome(value) ? 0 : fail(fault, N_("'result', 'no result', 'failed' or 'not chosen'"), value);
    case RULES:
        return is_rules(value) ? 0 : fail(fault, N_("an array of rules or 'none'"), value);
    case COUNTS:
        return check_each(fault, COUNT, value);
    case TEXTS:
        return check_items(fault, TEXT, value);
    case FILES:
        return check_each(fault, FILE_ENTRY, value);
    case FILE_ENTRY:
        return check_members(fault, file_entry, value);
    case SETS:
        return check_each(fault, ACCOUNT, value);
    case ACCOUNT: /* in a lane: its records */
        return ar_node_is(value, AR_NODE_ARRAY) ? check_items(fault, RECORD, value) : check_members(fault, account, value);
    case RECORD:
        return check_members(fault, record, value);
    case POST:
        return check_members(fault, post, value);
    }
    return 0;
}

int ar_ledger_check_form(const struct ar_node *ledger, const char *what, struct ar_error *error)
{
    struct fault fault = { 0 };
    ar_buf_init(&fault.pointer);
    int result = check_members(&fault, top, ledger) == 0 ? 0 : tell(&fault, what, error);
    ar_buf_release(&fault.pointer);
    return result;
}
