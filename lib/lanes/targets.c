/* SPDX-License-Identifier: MIT */
#include "lanes/targets.h"

#include <utf8proc.h>

#include "bytes/grow.h"
#include "bytes/text.h"
#include "codecs/tree.h"

enum { NAMED_MAX = 20 }; /* lanes that a message names */

static const char *const reserved[] = {
    "targets", "params", "ledger", "sample_names", "image_analysis_results", "data_name", "sample_name", "analysis_result",
    "analysis_results", "artifacts", "result_csv", "result_json", "error", "images", "files", "tables", "preprocessed_data",
};

void ar_targets_release(struct ar_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++)
        free(targets->entry[i].sample);
    free(targets->entry);
    ar_names_release(&targets->ids);
    *targets = (struct ar_targets){ 0 };
}

/* ---- ids ------------------------------------------------------------------------------------------------------------ */

static bool is_reserved(const char *id, size_t n)
{
    for (size_t i = 0; i < AR_COUNT(reserved); i++)
        if (strlen(reserved[i]) == n && memcmp(reserved[i], id, n) == 0)
            return true;
    return false;
}

static const char *id_fault(const char *id, size_t n)
{
    if (n == 0)
        return N_("is empty");
    if (n > AR_LANE_ID_MAX)
        return N_("is longer than 200 bytes");
    if (ar_utf8_check(id, n) < n)
        return N_("is not UTF-8");
    if (id[0] == '.')
        return N_("starts with '.'");
    if (memchr(id, '/', n))
        return N_("holds '/'");
    if (ar_text_has_control(id, n))
        return N_("holds a control character");
    return is_reserved(id, n) ? N_("is a reserved name") : NULL;
}

int ar_lane_id_check(const char *id, size_t n, const char **why)
{
    *why = id_fault(id, n);
    return *why ? -1 : 0;
}

/* The text in NFC, to be freed; NULL where it is not UTF-8 or memory ran out. */
static unsigned char *composed(const char *text, size_t n)
{
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)n, &out,
                                        UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    return len < 0 ? NULL : out;
}

/* a is composed already, and NUL-terminated. */
static bool composes_to(const unsigned char *a, const char *b, size_t b_len)
{
    unsigned char *other = composed(b, b_len);
    bool same = other && strcmp((const char *)a, (const char *)other) == 0;
    free(other);
    return same;
}

bool ar_lane_id_same_form(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len == b_len && memcmp(a, b, a_len) == 0)
        return false;
    unsigned char *form = composed(a, a_len);
    bool same = form && composes_to(form, b, b_len);
    free(form);
    return same;
}

/* ---- the map -------------------------------------------------------------------------------------------------------- */

static int check_new(const struct ar_targets *targets, const char *data, size_t n, const char *sample, size_t sample_len,
                     struct ar_error *error)
{
    const char *why;
    if (ar_lane_id_check(data, n, &why) < 0) {
        ar_fail(error, AR_INPUT, "data name '%.*s' %s", (int)(n < 300 ? n : 300), data, ar_tr(why));
        return ar_hint(error, "A data name is text of 1 to 200 bytes without '/' and control characters, does not start with "
                              "'.', and is not the name of another entry of a stream (such as 'params', 'ledger', 'images').");
    }
    if (memchr(sample, '\0', sample_len)) {
        ar_fail(error, AR_INPUT, "the sample name of '%.*s' has a NUL character in it", (int)n, data);
        return ar_hint(error, "Remove it where the samples are from.");
    }
    if (ar_utf8_check(sample, sample_len) < sample_len) {
        ar_fail(error, AR_INPUT, "the sample name of '%.*s' is not UTF-8 text", (int)n, data);
        return ar_hint(error, "Save the samples as UTF-8.");
    }
    if (sample_len > AR_SAMPLE_NAME_MAX)
        return ar_fail(error, AR_INPUT, "the sample name of '%.*s' has %zu bytes, and at most %d are taken", (int)n, data,
                       sample_len, AR_SAMPLE_NAME_MAX);
    ssize_t other = ar_targets_find(targets, data, n);
    if (other < 0)
        return 0;
    uint64_t line = targets->entry[other].line;
    if (line)
        ar_fail(error, AR_INPUT, "data name '%.*s' is there twice, first in line %" PRIu64, (int)n, data, line);
    else
        ar_fail(error, AR_INPUT, "data name '%.*s' is there twice", (int)n, data);
    return ar_hint(error, "Every lane has one sample name: keep one of the two.");
}

int ar_targets_add(struct ar_targets *targets, const char *data, size_t data_len, const char *sample, size_t sample_len,
                   struct ar_error *error)
{
    if (check_new(targets, data, data_len, sample, sample_len, error) < 0)
        return -1;
    if (targets->count == targets->room && !ar_grow(&targets->entry, &targets->room, sizeof *targets->entry))
        return ar_fail_memory(error);
    char *copy = strndup(sample, sample_len);
    if (!copy)
        return ar_fail_memory(error);
    bool added;
    ssize_t number = ar_names_add(&targets->ids, data, data_len, &added);
    if (number < 0) {
        free(copy);
        return ar_fail_memory(error);
    }
    targets->entry[targets->count++] = (struct ar_target){
        .data = targets->ids.name[number].text, .data_len = data_len, .sample = copy, .sample_len = sample_len
    };
    return 0;
}

ssize_t ar_targets_find(const struct ar_targets *targets, const char *data, size_t n)
{
    return ar_names_find(&targets->ids, data, n);
}

int ar_targets_check_named(const struct ar_targets *targets, const char *const *names, size_t n, struct ar_error *error)
{
    for (size_t i = 0; i < n; i++) {
        if (ar_targets_find(targets, names[i], strlen(names[i])) >= 0)
            continue;
        struct ar_buf ids;
        ar_buf_init(&ids);
        for (size_t k = 0; k < targets->count && k < NAMED_MAX; k++)
            ar_buf_add_format(&ids, "%s'%s'", k ? ", " : "", targets->entry[k].data);
        ar_fail(error, AR_INPUT, "lane '%s' not found; lanes are %s%s", names[i], ids.data, targets->count > NAMED_MAX ? ", …" : "");
        ar_buf_release(&ids);
        return -1;
    }
    return 0;
}

ssize_t ar_targets_find_form(const struct ar_targets *targets, const char *data, size_t n)
{
    unsigned char *form = composed(data, n);
    ssize_t found = -1;
    for (size_t i = 0; form && found < 0 && i < targets->count; i++) {
        const struct ar_target *target = &targets->entry[i];
        bool same_bytes = target->data_len == n && memcmp(target->data, data, n) == 0;
        if (!same_bytes && composes_to(form, target->data, target->data_len))
            found = (ssize_t)i;
    }
    free(form);
    return found;
}

static bool is_ascii(const struct ar_target *target)
{
    for (size_t i = 0; i < target->data_len; i++)
        if ((unsigned char)target->data[i] >= 0x80)
            return false;
    return true;
}

int ar_targets_find_forms(const struct ar_targets *targets, size_t *earlier, size_t *later)
{
    struct ar_names forms = { 0 };
    bool all_ascii = true, added = true;
    ssize_t found = 0;
    for (size_t i = 0; i < targets->count && all_ascii; i++)
        all_ascii = is_ascii(&targets->entry[i]);
    for (*later = 0; !all_ascii && *later < targets->count && found >= 0; (*later)++) {
        const struct ar_target *target = &targets->entry[*later];
        unsigned char *form = composed(target->data, target->data_len);
        found = form ? ar_names_add(&forms, (char *)form, strlen((char *)form), &added) : -1;
        free(form);
        if (!added)
            break;
    }
    ar_names_release(&forms);
    *earlier = (size_t)found;
    return found < 0 ? -1 : !added;
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */

static int add_members(struct ar_targets *targets, const struct ar_json_doc *doc, const char *what, struct ar_error *error)
{
    struct ar_json_value root = ar_json_root(doc), key, value;
    if (root.type != AR_JSON_OBJECT)
        return ar_fail(error, AR_INPUT, "%s: no JSON object of data names and sample names", what);
    struct ar_buf data, sample;
    ar_buf_init(&data);
    ar_buf_init(&sample);
    int status = 0, position = 0;
    while (status == 0 && ar_json_each(doc, &root, &position, &key, &value)) {
        ar_buf_clear(&data);
        ar_buf_clear(&sample);
        ar_json_decode(&data, &key);
        if (value.type != AR_JSON_STRING) {
            status = ar_fail(error, AR_INPUT, "%s: the sample name of '%s' is not a text", what, data.data);
            break;
        }
        ar_json_decode(&sample, &value);
        if (ar_buf_check(&data, error) < 0 || ar_buf_check(&sample, error) < 0)
            status = -1;
        else if (ar_targets_add(targets, data.data, data.len, sample.data, sample.len, error) < 0)
            status = ar_fail_in(error, "%s", what);
    }
    ar_buf_release(&data);
    ar_buf_release(&sample);
    return status;
}

/* As most targets are: read the quick way, and nothing but texts. 1; 0 where they are not so; -1. */
static int parse_plain(struct ar_targets *targets, const char *json, size_t n, const char *what, struct ar_error *error)
{
    struct ar_tree tree = { 0 };
    bool plain = ar_tree_parse_plain(&tree, json, n) && ar_node_is(tree.root, AR_NODE_OBJECT);
    const struct ar_node *first = plain ? ar_node_members(tree.root) : NULL;
    for (const struct ar_node *member = first; member; member = member->next)
        plain = plain && ar_node_is(member, AR_NODE_TEXT);
    int status = plain;
    for (const struct ar_node *member = first; member && status == 1; member = member->next)
        if (ar_targets_add(targets, member->name, member->name_len, member->text, member->n, error) < 0)
            status = ar_fail_in(error, "%s", what);
    ar_tree_release(&tree);
    return status;
}

int ar_targets_parse(struct ar_targets *targets, const char *json, size_t n, const char *what, struct ar_error *error)
{
    int plain = parse_plain(targets, json, n, what, error);
    if (plain != 0)
        return plain < 0 ? -1 : 0;
    struct ar_json_doc doc;
    if (ar_json_doc_parse(&doc, json, n, what, error) < 0)
        return -1;
    int status = add_members(targets, &doc, what, error);
    ar_json_doc_release(&doc);
    return status;
}

void ar_targets_write(const struct ar_targets *targets, struct ar_buf *out)
{
    ar_buf_add_char(out, '{');
    for (size_t i = 0; i < targets->count; i++) {
        const struct ar_target *target = &targets->entry[i];
        if (i > 0)
            ar_buf_add_char(out, ',');
        ar_json_add_string(out, target->data, target->data_len);
        ar_buf_add_char(out, ':');
        ar_json_add_string(out, target->sample, target->sample_len);
    }
    ar_buf_add_char(out, '}');
}
