/* SPDX-License-Identifier: MIT */
#include "lanes/lane_key.h"

#include "lanes/entries.h"

#define COLUMN_METHOD "ImageAnalysisMethod"
#define COLUMN_DATA "Data"
#define COLUMN_FILENAME "Filename"
#define FILENAME_CUT "_000_"

/* regcomp copies what is repeated: it takes memory and time as the pattern would take that was written out. */
enum { PATTERN_MAX = 1000, WRITTEN_MAX = 10000, NESTED_MAX = 50 };

/* Behind the bracket expression that begins at at. */
static const char *behind_bracket(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']'; /* the first one is a member */
    while (*at && *at != ']') {
        char kind = at[0] == '[' && at[1] && strchr(":.=", at[1]) ? at[1] : '\0';
        if (kind)
            for (at += 2; *at && !(at[0] == kind && at[1] == ']'); at++)
                ;
        at += *at != '\0';
    }
    return at + (*at == ']');
}

/* Behind the interval {m,n} at at; *times is its greater number. Where it is none, at, and regcomp has its say. */
static const char *behind_interval(const char *at, uint64_t *times)
{
    char *end;
    unsigned long least = strtoul(at + 1, &end, 10);
    unsigned long most = *end == ',' ? strtoul(end + 1, &end, 10) : 0;
    *times = least > most ? least : most;
    if (*times > WRITTEN_MAX)
        *times = WRITTEN_MAX + 1;
    return *end == '}' ? end + 1 : at;
}

/* Is the pattern, its repetitions written out, too long? */
static bool is_too_long(const char *pattern)
{
    uint64_t before[NESTED_MAX]; /* of the groups that are open: what stands before them in their own one */
    uint64_t sum = 0, last = 0, times;
    size_t depth = 0;
    for (const char *at = pattern; *at;) {
        const char *behind = *at == '{' ? behind_interval(at, &times) : at;
        if (behind > at) {
            at = behind;
            sum += last * (times > 1 ? times - 1 : 0);
            last *= times > 1 ? times : 1;
        } else if (*at == '(') {
            at++;
            if (depth == NESTED_MAX)
                return true;
            before[depth++] = sum;
            sum = last = 0;
        } else if (*at == ')' && depth > 0) {
            at++;
            last = sum + 1;
            sum = before[--depth] + last;
        } else {
            at = *at == '[' ? behind_bracket(at) : at + (at[0] == '\\' && at[1] ? 2 : 1);
            last = 1;
            sum++;
        }
        if (sum > WRITTEN_MAX)
            return true;
    }
    return false;
}

/* A digit's class as Perl writes it, outside brackets: "\\d" or "\\D"; POSIX takes it for the letter. NULL: there is none. */
static const char *find_digit_class(const char *pattern)
{
    for (const char *at = pattern; *at;) {
        if (at[0] == '\\' && (at[1] == 'd' || at[1] == 'D'))
            return at;
        at = *at == '[' ? behind_bracket(at) : at + (at[0] == '\\' && at[1] ? 2 : 1);
    }
    return NULL;
}

/* Refuses what would take regcomp long, and what would mean something else than it seems to. */
static int check_pattern(const char *pattern, struct ar_error *error)
{
    if (strlen(pattern) > PATTERN_MAX || is_too_long(pattern)) {
        ar_fail(error, AR_INPUT, "--lane-key: '%.100s%s' is too long when its repetitions are written out", pattern,
                strlen(pattern) > 100 ? "…" : "");
        return ar_hint(error, "At most %d characters are taken, %d with the repetitions: write * or + instead of {1,255}.",
                       PATTERN_MAX, WRITTEN_MAX);
    }
    const char *class = find_digit_class(pattern);
    if (!class)
        return 0;
    ar_fail(error, AR_INPUT, "--lane-key: '%.2s' in '%s' is no class of a POSIX extended regular expression", class, pattern);
    return ar_hint(error, class[1] == 'd' ? N_("Write [0-9] for a digit.") : N_("Write [^0-9] for what is no digit."));
}

static int compile(struct ar_lane_key *key, struct ar_error *error)
{
    int code = regcomp(&key->regex, key->pattern, REG_EXTENDED);
    if (code != 0) {
        char why[200];
        regerror(code, &key->regex, why, sizeof why);
        ar_fail(error, AR_INPUT, "--lane-key: '%s' is no POSIX extended regular expression: %s", key->pattern, why);
        if (strstr(key->pattern, "(?"))
            ar_hint(error, "Perl's groups that begin with (? are not known: write plain ones; the first one is the data name.");
        free(key->pattern);
        key->pattern = NULL;
        return -1;
    }
    if (key->regex.re_nsub > 0)
        return 0;
    ar_fail(error, AR_INPUT, "--lane-key: '%s' has no capture group", key->pattern);
    return ar_hint(error, "Put the part that is the data name in parentheses, as in 'filename~Well([A-P][0-9]{2})'.");
}

int ar_lane_key_parse(struct ar_lane_key *key, const char *text, struct ar_error *error)
{
    *key = (struct ar_lane_key){ 0 };
    size_t set = strcspn(text, "=~");
    const char *column = text;
    if (text[set] == '=' && ar_set_name_ok(text, set)) {
        key->set = strndup(text, set);
        column = text + set + 1;
    }
    const char *tilde = strchr(column, '~');
    key->column = tilde ? strndup(column, (size_t)(tilde - column)) : strdup(column);
    if (!key->column || (column != text && !key->set))
        return ar_fail_memory(error);
    if (!*key->column) {
        ar_lane_key_release(key);
        return ar_fail(error, AR_INPUT, "--lane-key '%s': no column, expected [SET=]COLUMN[~REGEX]", text);
    }
    if (!tilde)
        return 0;
    if (check_pattern(tilde + 1, error) != 0) {
        ar_lane_key_release(key);
        return -1;
    }
    key->pattern = strdup(tilde + 1);
    if (!key->pattern)
        return ar_fail_memory(error);
    if (compile(key, error) == 0)
        return 0;
    ar_lane_key_release(key);
    return -1;
}

void ar_lane_key_release(struct ar_lane_key *key)
{
    if (key->pattern)
        regfree(&key->regex);
    free(key->pattern);
    free(key->column);
    free(key->set);
    *key = (struct ar_lane_key){ 0 };
}

/* The user's key for a set: its own one, else that for every set. */
static const struct ar_lane_key *find_key(const struct ar_lane_key *keys, size_t n, const char *set)
{
    const struct ar_lane_key *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (keys[i].set && strcmp(keys[i].set, set) == 0)
            return &keys[i];
        if (!keys[i].set)
            found = &keys[i];
    }
    return found;
}

int ar_lane_rule_choose(struct ar_lane_rule *rule, const struct ar_lane_key *keys, size_t n_keys, const char *set,
                        const struct ar_csv_header *header, const char *what, struct ar_error *error)
{
    *rule = (struct ar_lane_rule){ .key = find_key(keys, n_keys, set), .n_columns = 1 };
    if (rule->key) {
        rule->kind = AR_LANE_BY_KEY;
        ssize_t column = ar_csv_header_find(header, rule->key->column);
        if (column < 0)
            return ar_csv_fail_column(header, rule->key->column, what, error);
        rule->column[0] = (size_t)column;
        return 0;
    }
    ssize_t method = ar_csv_header_find(header, COLUMN_METHOD);
    ssize_t data = ar_csv_header_find(header, COLUMN_DATA);
    if (method >= 0 && data >= 0) {
        rule->kind = AR_LANE_BY_COLUMNS;
        rule->n_columns = 2;
        rule->swapped = data < method;
        rule->column[0] = (size_t)(rule->swapped ? data : method);
        rule->column[1] = (size_t)(rule->swapped ? method : data);
        return 0;
    }
    rule->kind = AR_LANE_BY_FILENAME;
    ssize_t filename = ar_csv_header_find(header, COLUMN_FILENAME);
    if (filename < 0) {
        ar_csv_fail_column(header, COLUMN_FILENAME, what, error);
        if (*error->hint)
            return -1;
        return ar_hint(error, "Say which column tells the lane of a row: --lane-key COLUMN, or --lane-key 'COLUMN~REGEX' for a "
                              "part of it.");
    }
    rule->column[0] = (size_t)filename;
    return 0;
}

void ar_lane_rule_describe(const struct ar_lane_rule *rule, struct ar_buf *out)
{
    switch (rule->kind) {
    case AR_LANE_BY_COLUMNS:
        ar_buf_add_text(out, COLUMN_METHOD ", " COLUMN_DATA);
        break;
    case AR_LANE_BY_FILENAME:
        ar_buf_add_text(out, COLUMN_FILENAME);
        break;
    case AR_LANE_BY_KEY:
        ar_buf_add_text(out, rule->key->column);
        if (rule->key->pattern)
            ar_buf_add_format(out, "~%s", rule->key->pattern);
        break;
    }
}

static bool apply_filename(const char *name, size_t len, struct ar_lane_told *told)
{
    const char *cut = memmem(name, len, FILENAME_CUT, strlen(FILENAME_CUT));
    if (!cut)
        return false;
    told->method = name;
    told->method_len = (size_t)(cut - name);
    told->data = cut + strlen(FILENAME_CUT);
    size_t rest = len - (size_t)(told->data - name);
    const char *dot = memchr(told->data, '.', rest);
    told->data_len = dot ? (size_t)(dot - told->data) : rest;
    return told->data_len > 0;
}

static bool apply_key(const struct ar_lane_key *key, const char *cell, size_t len, struct ar_lane_told *told)
{
    *told = (struct ar_lane_told){ .data = cell, .data_len = len };
    if (key->pattern) {
        regmatch_t match[2];
        if (regexec(&key->regex, cell, 2, match, 0) != 0 || match[1].rm_so < 0)
            return false;
        told->data = cell + match[1].rm_so;
        told->data_len = (size_t)(match[1].rm_eo - match[1].rm_so);
    }
    return told->data_len > 0;
}

bool ar_lane_rule_apply(const struct ar_lane_rule *rule, const char *const *raw, const size_t *raw_len, struct ar_buf *scratch,
                        struct ar_lane_told *told)
{
    *told = (struct ar_lane_told){ 0 };
    ar_buf_clear(scratch);
    ar_csv_decode(scratch, raw[0], raw_len[0]);
    size_t first = scratch->len;
    if (rule->n_columns == 2)
        ar_csv_decode(scratch, raw[1], raw_len[1]);
    if (scratch->failed)
        return false;
    if (rule->kind == AR_LANE_BY_FILENAME)
        return apply_filename(scratch->data, scratch->len, told);
    if (rule->kind == AR_LANE_BY_KEY)
        return apply_key(rule->key, scratch->data, scratch->len, told);
    size_t second = scratch->len - first;
    *told = rule->swapped ? (struct ar_lane_told){ scratch->data, first, scratch->data + first, second }
                          : (struct ar_lane_told){ scratch->data + first, second, scratch->data, first };
    return told->data_len > 0;
}
