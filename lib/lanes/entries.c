/* SPDX-License-Identifier: MIT */
#include "lanes/entries.h"

struct known {
    const char *name;
    enum ar_entry_kind kind;
};

static const struct known top_names[] = {
    { AR_NAME_TARGETS, AR_ENTRY_TARGETS },
    { AR_NAME_PARAMS, AR_ENTRY_PARAMS },
    { AR_NAME_LEDGER, AR_ENTRY_LEDGER },
    { AR_NAME_ERROR, AR_ENTRY_ERROR },
    { AR_NAME_SAMPLE_NAMES, AR_ENTRY_SAMPLE_NAMES },
    { AR_NAME_ANALYSIS_RESULTS, AR_ENTRY_ANALYSIS_RESULTS },
    { AR_NAME_ARTIFACTS, AR_ENTRY_ARTIFACTS },
    { AR_NAME_RESULT_CSV, AR_ENTRY_RESULT_CSV },
    { AR_NAME_DATA_NAME, AR_ENTRY_DATA_NAME },
    { AR_NAME_SAMPLE_NAME, AR_ENTRY_SAMPLE_NAME },
};

static const struct known lane_names[] = {
    { AR_NAME_DATA_NAME, AR_ENTRY_DATA_NAME }, { AR_NAME_SAMPLE_NAME, AR_ENTRY_SAMPLE_NAME }, { AR_NAME_PARAMS, AR_ENTRY_PARAMS },
    { AR_NAME_LEDGER, AR_ENTRY_LEDGER },       { AR_NAME_ERROR, AR_ENTRY_ERROR },             { AR_NAME_RESULT, AR_ENTRY_RESULT },
};

static enum ar_entry_kind find_known(const struct known *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].kind;
    return AR_ENTRY_OTHER;
}

/* Does name stand in the folder, and not deeper? Sets *base behind it. */
static bool in_folder(const char *name, const char *folder, const char **base)
{
    size_t n = strlen(folder);
    if (strncmp(name, folder, n) != 0 || !name[n] || strchr(name + n, '/'))
        return false;
    *base = name + n;
    return true;
}

enum ar_entry_kind ar_entry_kind_of(const char *name, bool in_lane, bool run, const char **base)
{
    *base = name;
    if ((in_lane || run) && in_folder(name, AR_FOLDER_SETS, base))
        return AR_ENTRY_SET;
    if (in_lane && in_folder(name, AR_FOLDER_IMAGES, base))
        return AR_ENTRY_IMAGE;
    if (!in_lane && in_folder(name, AR_FOLDER_RESULT_JSON, base))
        return AR_ENTRY_RESULT_JSON;
    return in_lane ? find_known(lane_names, AR_COUNT(lane_names), name) : find_known(top_names, AR_COUNT(top_names), name);
}

bool ar_set_name_ok(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return n > 0 && n <= AR_SET_NAME_MAX;
}

bool ar_entry_is_file(enum ar_entry_kind kind)
{
    switch (kind) {
    case AR_ENTRY_SAMPLE_NAMES:
    case AR_ENTRY_ANALYSIS_RESULTS:
    case AR_ENTRY_ARTIFACTS:
    case AR_ENTRY_RESULT_CSV:
    case AR_ENTRY_RESULT_JSON:
    case AR_ENTRY_SET:
    case AR_ENTRY_IMAGE:
    case AR_ENTRY_RESULT:
        return true;
    default:
        return false;
    }
}
