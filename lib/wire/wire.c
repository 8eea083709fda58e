/* SPDX-License-Identifier: MIT */
#include "wire/wire.h"

#include "lanes/entries.h"

static const char *const dialect_names[] = {
    [AR_DIALECT_NATIVE] = "native", [AR_DIALECT_FIRST] = "first", [AR_DIALECT_PRESENT] = "present"
};

const char *ar_dialect_name(enum ar_dialect dialect)
{
    return dialect_names[dialect];
}

bool ar_dialect_parse(const char *name, enum ar_dialect *dialect)
{
    for (size_t i = 0; i < AR_COUNT(dialect_names); i++)
        if (strcmp(dialect_names[i], name) == 0) {
            *dialect = (enum ar_dialect)i;
            return true;
        }
    return false;
}

const char *ar_wire_kind_name(enum ar_wire_kind kind)
{
    static const char *const names[] = {
        [AR_WIRE_ANALYZE_IN] = N_("the input of an analyze"),
        [AR_WIRE_ANALYZE_OUT] = N_("the output of an analyze"),
        [AR_WIRE_POST_IN] = N_("the input of a postprocess"),
        [AR_WIRE_POST_OUT] = N_("the output of a postprocess"),
        [AR_WIRE_SEQ_IN] = N_("the input of an analyzeseq"),
        [AR_WIRE_SEQ_OUT] = N_("the output of an analyzeseq"),
        [AR_WIRE_RUN_IN] = N_("a run"),
        [AR_WIRE_RUN_OUT] = N_("the output of a run"),
        [AR_WIRE_ERROR] = N_("an error"),
    };
    return names[kind];
}

/* ---- what a tar holds ----------------------------------------------------------------------------------------------- */

/* Entries, as bits of a set. */
enum {
    HAS_DATA_NAME = 1 << 0,
    HAS_SETS = 1 << 1,
    HAS_RESULT = 1 << 2,
    HAS_IMAGES = 1 << 3,
    HAS_RESULTS = 1 << 4,
    HAS_JSON = 1 << 5,
    HAS_CSV = 1 << 6,
    HAS_TARGETS = 1 << 7,
    HAS_SAMPLES = 1 << 8,
    HAS_LANE_RESULT = 1 << 9,
    HAS_LANE_IMAGES = 1 << 10,
    HAS_LANE_JSON = 1 << 11,
    HAS_ERROR = 1 << 12,
    HAS_LEDGER = 1 << 13, /* only our own streams have one */
    HAS_LANE_LEDGER = 1 << 14,
    HAS_ARTIFACTS = 1 << 15,
};

/* What a kind is known by: one of some is enough. */
struct sign {
    enum ar_dialect dialect;
    unsigned any;
    enum ar_wire_kind kind;
};

static const struct sign signs[] = {
    { AR_DIALECT_FIRST, HAS_DATA_NAME, AR_WIRE_ANALYZE_IN },
    { AR_DIALECT_FIRST, HAS_RESULT | HAS_IMAGES, AR_WIRE_ANALYZE_OUT },
    { AR_DIALECT_FIRST, HAS_RESULTS, AR_WIRE_POST_IN },
    { AR_DIALECT_FIRST, HAS_JSON, AR_WIRE_POST_OUT },
    { AR_DIALECT_PRESENT, HAS_TARGETS, AR_WIRE_SEQ_IN },
    { AR_DIALECT_PRESENT, HAS_LANE_RESULT, AR_WIRE_SEQ_OUT },
    { AR_DIALECT_PRESENT, HAS_SAMPLES, AR_WIRE_RUN_IN },
    { AR_DIALECT_PRESENT, HAS_LANE_JSON, AR_WIRE_RUN_OUT },
};

static unsigned bit_of_top(const char *name)
{
    static const struct {
        const char *name;
        unsigned bit;
    } known[] = {
        { AR_NAME_DATA_NAME, HAS_DATA_NAME },        { AR_NAME_SAMPLE_NAME, HAS_DATA_NAME }, { AR_NAME_RESULT, HAS_RESULT },
        { AR_NAME_ANALYSIS_RESULTS, HAS_RESULTS },   { AR_NAME_RESULT_CSV, HAS_CSV },        { AR_NAME_TARGETS, HAS_TARGETS },
        { AR_NAME_SAMPLE_NAMES, HAS_SAMPLES },       { AR_NAME_ERROR, HAS_ERROR },           { AR_NAME_LEDGER, HAS_LEDGER },
        { AR_NAME_ARTIFACTS, HAS_ARTIFACTS },
    };
    for (size_t i = 0; i < AR_COUNT(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].bit;
    return 0;
}

static bool begins(const char *name, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(name, folder, n) == 0 && name[n];
}

/* Of an entry in a folder: rest is its name behind the folder. */
static unsigned bit_of_lane(const char *rest)
{
    if (strcmp(rest, AR_NAME_RESULT) == 0)
        return HAS_LANE_RESULT;
    if (strcmp(rest, AR_WIRE_LANE_JSON) == 0)
        return HAS_LANE_JSON;
    if (strcmp(rest, AR_NAME_LEDGER) == 0)
        return HAS_LANE_LEDGER;
    return begins(rest, AR_FOLDER_IMAGES) ? HAS_LANE_IMAGES : 0;
}

static unsigned bit_of(const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash)
        return bit_of_top(name);
    if (begins(name, AR_FOLDER_SETS))
        return HAS_SETS;
    if (begins(name, AR_FOLDER_IMAGES))
        return HAS_IMAGES;
    if (begins(name, AR_FOLDER_RESULT_JSON))
        return HAS_JSON;
    return bit_of_lane(slash + 1);
}

/* ---- telling -------------------------------------------------------------------------------------------------------- */

static int fail_native(const char *what, unsigned has, struct ar_error *error)
{
    const char *stream = has & (HAS_CSV | HAS_JSON)            ? N_("a result")
                         : has & (HAS_RESULTS | HAS_ARTIFACTS) ? N_("merged")
                         : has & (HAS_RESULT | HAS_LANE_RESULT) ? N_("lane results")
                                                                : N_("lanes");
    ar_fail(error, AR_INPUT, "%s is a stream of our own (%s), and no tar of the Python runner", what, ar_tr(stream));
    return ar_hint(error, "Take it as it is, or say that it is native.");
}

static int fail_both(const char *what, enum ar_wire_kind one, enum ar_wire_kind other, struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "%s holds entries of %s and of %s", what, ar_tr(ar_wire_kind_name(one)), ar_tr(ar_wire_kind_name(other)));
    return ar_hint(error, "It cannot be told which of the two it is: ar-stream(5) has the entries of each.");
}

/* The only kind of that dialect whose signs are there: 1; 0 where there is none; -1 where there are two. */
static int find_kind(const char *what, unsigned has, enum ar_dialect dialect, enum ar_wire_kind *kind, struct ar_error *error)
{
    int found = 0;
    for (size_t i = 0; i < AR_COUNT(signs); i++) {
        if (signs[i].dialect != dialect || !(has & signs[i].any))
            continue;
        if (found && *kind != signs[i].kind)
            return fail_both(what, *kind, signs[i].kind, error);
        *kind = signs[i].kind;
        found = 1;
    }
    return found;
}

static int fail_dialect(const char *what, enum ar_wire_kind kind, enum ar_dialect is, enum ar_dialect expected,
                        struct ar_error *error)
{
    ar_fail(error, AR_INPUT, "%s is %s in the %s dialect, expected the %s one", what, ar_tr(ar_wire_kind_name(kind)),
            ar_dialect_name(is), ar_dialect_name(expected));
    return ar_hint(error, "Name the dialect that it has: ar-stream(5) has the entries of both.");
}

/* A tar by which nothing is told but what both dialects have, or pictures of lanes. */
static int tell_rest(const char *what, unsigned has, enum ar_dialect dialect, enum ar_wire_kind *kind, struct ar_error *error)
{
    bool present = dialect == AR_DIALECT_PRESENT;
    if (has & HAS_CSV)
        *kind = present ? AR_WIRE_RUN_OUT : AR_WIRE_POST_OUT;
    else if (present && (has & HAS_LANE_IMAGES)) /* lanes that have pictures and no result are those of a run that failed */
        *kind = has & HAS_ERROR ? AR_WIRE_RUN_OUT : AR_WIRE_SEQ_OUT;
    else if (has & HAS_ERROR)
        *kind = AR_WIRE_ERROR;
    else if (has & HAS_SETS)
        return ar_fail(error, AR_INPUT, "%s: entry '%s' is missing", what, present ? AR_NAME_TARGETS : AR_NAME_DATA_NAME);
    else {
        ar_fail(error, AR_INPUT, "%s holds no entry of a tar of the Python runner in its %s dialect", what,
                ar_dialect_name(dialect));
        return ar_hint(error, "The entries of each are in ar-stream(5).");
    }
    return 0;
}

static bool is_input(enum ar_wire_kind kind)
{
    return kind == AR_WIRE_ANALYZE_IN || kind == AR_WIRE_POST_IN || kind == AR_WIRE_SEQ_IN || kind == AR_WIRE_RUN_IN;
}

int ar_wire_tell(const struct ar_tar_map *tar, enum ar_dialect dialect, enum ar_wire_kind *kind, struct ar_error *error)
{
    enum ar_dialect other = dialect == AR_DIALECT_FIRST ? AR_DIALECT_PRESENT : AR_DIALECT_FIRST;
    unsigned has = 0;
    for (size_t i = 0; i < tar->n; i++)
        has |= bit_of(tar->item[i].name);
    if (has & (HAS_LEDGER | HAS_LANE_LEDGER | HAS_ARTIFACTS))
        return fail_native(tar->what, has, error);
    int found = find_kind(tar->what, has, dialect, kind, error);
    if (found < 0)
        return -1;
    enum ar_wire_kind theirs = *kind;
    struct ar_error ignored;
    bool foreign = find_kind(tar->what, has, other, &theirs, &ignored) > 0;
    bool lanes = dialect == AR_DIALECT_FIRST && (has & HAS_LANE_IMAGES);
    if (foreign)
        return found ? fail_both(tar->what, *kind, theirs, error) : fail_dialect(tar->what, theirs, other, dialect, error);
    if (!found && lanes)
        return fail_dialect(tar->what, has & HAS_CSV ? AR_WIRE_RUN_OUT : AR_WIRE_SEQ_OUT, other, dialect, error);
    if (!found)
        return tell_rest(tar->what, has, dialect, kind, error);
    if (is_input(*kind) && (has & HAS_ERROR))
        *kind = AR_WIRE_ERROR; /* nothing was done yet */
    return 0;
}

/* ---- texts for the other side --------------------------------------------------------------------------------------- */

/* Does text name a language (as "de", "en_US.UTF-8")? Sets *language. */
static bool names_language(const char *text, enum ar_language *language)
{
    size_t n = text ? strcspn(text, "_.@-") : 0;
    if (n == 0 || (n == 1 && *text == 'C') || (n == 5 && strncmp(text, "POSIX", 5) == 0))
        return false;
    bool japanese = (n == 2 && strncasecmp(text, "ja", 2) == 0) || (n == 8 && strncasecmp(text, "japanese", 8) == 0);
    *language = japanese ? AR_JAPANESE : AR_ENGLISH;
    return true;
}

enum ar_language ar_wire_language(const char *ar_lang, const char *locale)
{
    enum ar_language language = AR_JAPANESE;
    if (!names_language(ar_lang, &language))
        (void)names_language(locale, &language);
    return language;
}

bool ar_wire_is_asked(void)
{
    return getenv("ANALYSISRUN_METHOD") || getenv("ANALYSISRUN_MODE");
}

void ar_wire_default_language(void)
{
    enum ar_language language;
    if (names_language(getenv("AR_LANG"), &language) || names_language(ar_locale_name(), &language))
        return;
    if (setenv("AR_LANG", "ja", 1) == 0)
        ar_tr_choose();
}

void ar_wire_error_lane(struct ar_buf *text, const char *data, const char *sample)
{
    ar_buf_add_format(text, "\n- %s (%s)", data, sample);
}
