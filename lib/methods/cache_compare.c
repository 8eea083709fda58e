/* SPDX-License-Identifier: MIT */
#include "codecs/json.h"
#include "methods/cache_why.h"

enum { SHOWN = 40 }; /* bytes of a value */

/* Two records, side by side. */
struct compare {
    struct ar_json_doc before, after;
    struct ar_buf *why;
    size_t start; /* in why */
    int n;        /* differences that are told */
    bool post;    /* they are a postprocess' */
    struct ar_buf phrase;
};

/* What is compared: a value on either side, each of which may be missing. */
struct pair {
    struct ar_json_value before, after;
    bool was, is;
};

/* ---- phrases -------------------------------------------------------------------------------------------------------- */

/* Was it told already? */
static bool is_told(const struct compare *c)
{
    const char *all = c->why->data + c->start;
    for (const char *at = all; (at = strstr(at, c->phrase.data)) != NULL; at++) {
        char behind = at[c->phrase.len];
        if ((at == all || at[-1] == ' ') && (behind == '\0' || behind == ';'))
            return true;
    }
    return false;
}

/* Adds the phrase, unless it is there. */
static void tell(struct compare *c)
{
    if (!is_told(c)) {
        ar_buf_add_text(c->why, c->n++ ? "; " : "");
        ar_buf_add(c->why, c->phrase.data, c->phrase.len);
    }
    c->why->failed |= c->phrase.failed;
    ar_buf_clear(&c->phrase);
}

/* A value as it stands in the record, cut at a character's border where it is long. */
static void add_shown(struct ar_buf *buf, const struct ar_json_value *value)
{
    size_t n = value->len;
    if (n > SHOWN)
        for (n = SHOWN; n > 0 && ((unsigned char)value->text[n] & 0xc0) == 0x80;)
            n--;
    ar_buf_add(buf, value->text, n);
    if (n < value->len)
        ar_buf_add_text(buf, "…");
}

/* "BEFORE → AFTER" */
static void add_change(struct ar_buf *buf, const struct pair *pair)
{
    add_shown(buf, &pair->before);
    ar_buf_add_text(buf, " → ");
    add_shown(buf, &pair->after);
}

static bool is_same(const struct pair *pair)
{
    return pair->was == pair->is &&
           (!pair->was || (pair->before.len == pair->after.len && memcmp(pair->before.text, pair->after.text, pair->before.len) == 0));
}

/* The text for what became of it. */
AR_FORMAT_ARG(2) AR_FORMAT_ARG(3) AR_FORMAT_ARG(4)
static const char *how(const struct pair *pair, const char *new, const char *gone, const char *changed)
{
    return !pair->was ? new : !pair->is ? gone : changed;
}

/* What the pair was and is, or the one of the two that there is. */
static void add_either(struct ar_buf *buf, const struct pair *pair)
{
    if (pair->was && pair->is)
        add_change(buf, pair);
    else
        add_shown(buf, pair->is ? &pair->after : &pair->before);
}

/* ---- objects -------------------------------------------------------------------------------------------------------- */

static struct pair members(const struct compare *c, const struct pair *object, const char *name)
{
    struct pair pair = { 0 };
    pair.was = object->was && object->before.type == AR_JSON_OBJECT && ar_json_member(&c->before, &object->before, name, &pair.before);
    pair.is = object->is && object->after.type == AR_JSON_OBJECT && ar_json_member(&c->after, &object->after, name, &pair.after);
    return pair;
}

typedef void tell_member(struct compare *c, const char *name, const struct pair *pair);

/* The members of one side; those that both have are told of the side after only. */
static int each_of(struct compare *c, const struct pair *object, bool after, tell_member *told, struct ar_error *error)
{
    const struct ar_json_doc *doc = after ? &c->after : &c->before;
    const struct ar_json_value *value = after ? &object->after : &object->before;
    struct ar_json_value key, member;
    for (int at = 0; value->type == AR_JSON_OBJECT && ar_json_each(doc, value, &at, &key, &member);) {
        char *name = ar_json_decoded(&key, error);
        if (!name)
            return -1;
        struct pair pair = members(c, object, name);
        if (!is_same(&pair) && (after || !pair.is))
            told(c, name, &pair);
        free(name);
    }
    return 0;
}

static int each(struct compare *c, const struct pair *object, tell_member *told, struct ar_error *error)
{
    if (is_same(object))
        return 0;
    if (object->is && each_of(c, object, true, told, error) != 0)
        return -1;
    return object->was ? each_of(c, object, false, told, error) : 0;
}

static void tell_param(struct compare *c, const char *name, const struct pair *pair)
{
    struct ar_buf value;
    ar_buf_init(&value);
    add_either(&value, pair);
    ar_buf_add_tr(&c->phrase, how(pair, N_("params: %s %s is new"), N_("params: %s %s is gone"), N_("params: %s %s")), name, value.data);
    c->phrase.failed |= value.failed;
    ar_buf_release(&value);
    tell(c);
}

static void tell_set(struct compare *c, const char *name, const struct pair *pair)
{
    if (c->post) /* it has no sets */
        ar_buf_add_tr(&c->phrase, how(pair, N_("%s is new"), N_("%s is gone"), N_("%s changed")), name);
    else
        ar_buf_add_tr(&c->phrase, how(pair, N_("set %s is new"), N_("set %s is gone"), N_("set %s changed")), name);
    tell(c);
}

static void tell_text(struct compare *c, const char *name, const struct pair *pair)
{
    (void)pair;
    ar_buf_add_tr(&c->phrase, "text columns of %s changed", name);
    tell(c);
}

static void tell_file(struct compare *c, const char *name, const struct pair *pair)
{
    ar_buf_add_tr(&c->phrase, how(pair, N_("file %s is new"), N_("file %s is gone"), N_("file %s changed")), name);
    tell(c);
}

/* ---- the method ----------------------------------------------------------------------------------------------------- */

/* An argument or the program, where it is another, or another file of the same name. */
static int compare_argument(struct compare *c, const struct pair *pair, struct ar_error *error)
{
    struct pair file = members(c, pair, "file");
    if (is_same(pair))
        return 0;
    if (file.was && is_same(&file)) {
        char *name = ar_json_decoded(&file.after, error);
        if (!name)
            return -1;
        tell_file(c, name, pair);
        free(name);
        return 0;
    }
    struct pair shown = { .before = file.was ? file.before : pair->before, .after = file.is ? file.after : pair->after, .was = pair->was,
                          .is = pair->is };
    struct ar_buf value;
    ar_buf_init(&value);
    add_either(&value, &shown);
    ar_buf_add_tr(&c->phrase, how(pair, N_("method: %s is new"), N_("method: %s is gone"), N_("method: %s")), value.data);
    c->phrase.failed |= value.failed;
    ar_buf_release(&value);
    tell(c);
    return 0;
}

/* Program and arguments, by their places. */
static int compare_argv(struct compare *c, const struct pair *argv, struct ar_error *error)
{
    int before = 0, after = 0;
    struct pair pair = { .was = true, .is = true };
    for (;;) {
        pair.was = pair.was && argv->was && ar_json_each(&c->before, &argv->before, &before, NULL, &pair.before);
        pair.is = pair.is && argv->is && ar_json_each(&c->after, &argv->after, &after, NULL, &pair.after);
        if (!pair.was && !pair.is)
            return 0;
        if (compare_argument(c, &pair, error) != 0)
            return -1;
    }
}

/* Very many files are told by one digest. */
static bool is_digest(const struct compare *c, const struct pair *files)
{
    struct pair bytes = members(c, files, "bytes");
    return (bytes.was && bytes.before.type == AR_JSON_NUMBER) || (bytes.is && bytes.after.type == AR_JSON_NUMBER);
}

static int compare_method(struct compare *c, const struct pair *method, struct ar_error *error)
{
    struct pair argv = members(c, method, "argv"), files = members(c, method, "files");
    if (compare_argv(c, &argv, error) != 0)
        return -1;
    if (!is_digest(c, &files))
        return each(c, &files, tell_file, error);
    if (!is_same(&files)) {
        ar_buf_add_text(&c->phrase, ar_tr("files of the method changed"));
        tell(c);
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static void compare_simple(struct compare *c, const struct pair *root, const char *member, const char *text, bool shown)
{
    struct pair pair = members(c, root, member);
    if (is_same(&pair))
        return;
    ar_buf_add_text(&c->phrase, ar_tr(text));
    if (shown && pair.was && pair.is) {
        ar_buf_add_char(&c->phrase, ' ');
        add_change(&c->phrase, &pair);
    }
    tell(c);
}

static int compare_records(struct compare *c, struct ar_error *error)
{
    struct pair root = { .before = ar_json_root(&c->before), .after = ar_json_root(&c->after), .was = true, .is = true };
    struct pair params = members(c, &root, "params"), sets = members(c, &root, "sets"), text = members(c, &root, "text"),
                method = members(c, &root, "method");
    struct pair data = members(c, &root, "data");
    c->post = !data.is;
    compare_simple(c, &root, "cache", N_("kept by another version of the tools"), false);
    compare_simple(c, &root, "sample", N_("sample name changed:"), true);
    if (each(c, &params, tell_param, error) != 0 || each(c, &sets, tell_set, error) != 0 || each(c, &text, tell_text, error) != 0)
        return -1;
    compare_simple(c, &root, "contract", N_("contract"), true);
    compare_simple(c, &root, "fields", N_("fields"), true);
    if (compare_method(c, &method, error) != 0)
        return -1;
    compare_simple(c, &root, "version", N_("version changed"), false);
    return 0;
}

int ar_cache_compare(const struct ar_buf *before, const struct ar_buf *after, struct ar_buf *why, struct ar_error *error)
{
    struct compare c = { .why = why, .start = why->len };
    ar_buf_init(&c.phrase);
    int result = ar_json_doc_parse(&c.before, before->data, before->len, ar_tr("a record"), error);
    if (result == 0) {
        result = ar_json_doc_parse(&c.after, after->data, after->len, ar_tr("a record"), error);
        if (result == 0)
            result = compare_records(&c, error);
        ar_json_doc_release(&c.after);
    }
    ar_json_doc_release(&c.before);
    ar_buf_release(&c.phrase);
    return result == 0 && ar_buf_check(why, error) == 0 ? c.n : -1;
}
