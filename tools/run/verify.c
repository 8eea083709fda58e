/* SPDX-License-Identifier: MIT */
/*
 * ar-run verify DIR: is everything there what it was when it was delivered? ar-run clean DIR: what the last run does not use, goes.
 */
#include <dirent.h>
#include <fcntl.h>

#include "bytes/names.h"
#include "lanes/folder.h"
#include "methods/cache.h"
#include "run/run.h"
#include "runs/record.h"
#include "runs/sums.h"

/* ---- the cache ------------------------------------------------------------------------------------------------------ */

/* A file of the cache: KEY.tar or KEY.json. Sets key. */
static bool is_kept(const char *name, char key[AR_DIGEST_HEX + 1])
{
    if (strspn(name, "0123456789abcdef") != AR_DIGEST_HEX ||
        (strcmp(name + AR_DIGEST_HEX, ".tar") != 0 && strcmp(name + AR_DIGEST_HEX, ".json") != 0))
        return false;
    memcpy(key, name, AR_DIGEST_HEX);
    key[AR_DIGEST_HEX] = '\0';
    return true;
}

/* Calls each for the files of the cache in home, where there is one. 0 or -1. */
static int walk_cache(struct ar_home *home, int (*each)(void *arg, int dirfd, const char *name, const char *key, struct ar_error *error),
                      void *arg, struct ar_error *error)
{
    char key[AR_DIGEST_HEX + 1];
    int result = 0, fd = openat(home->fd, AR_HOME_CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    if (!dir && errno != ENOENT)
        return ar_fail_open(error, errno, "cannot open the folder '%s'", ar_home_path(home, AR_HOME_CACHE));
    while (result == 0 && dir && (entry = readdir(dir)))
        if (is_kept(entry->d_name, key))
            result = each(arg, fd, entry->d_name, key, error);
    if (dir)
        closedir(dir);
    return result;
}

/* ---- verify --------------------------------------------------------------------------------------------------------- */

struct verify {
    size_t files, wrong, kept;
    struct ar_cache_entry entry;
    struct ar_cache cache;
};

static void tell_wrong(void *arg, const char *name, const char *how)
{
    struct verify *verify = arg;
    verify->wrong++;
    cli_warn("'%s': %s", name, ar_tr(how));
}

static int check_kept(void *arg, int dirfd, const char *name, const char *key, struct ar_error *error)
{
    struct verify *verify = arg;
    struct ar_error why;
    if (strcmp(name + AR_DIGEST_HEX, ".tar") != 0)
        return 0;
    verify->cache.dirfd = dirfd;
    verify->kept++;
    if (ar_cache_get(&verify->cache, key, &verify->entry, &why) < 0) {
        verify->wrong++;
        cli_warn("'%s/%s/%s': %s", AR_HOME, AR_HOME_CACHE, name, why.what);
    }
    return cli_stop ? ar_fail_errno(error, EINTR, "the work was stopped") : 0;
}

/* What is told of a result that is not there. Returns -1. */
static int hint_delivered(struct ar_error *error)
{
    return error->system_errno == ENOENT ? ar_hint(error, "No run has delivered a result into this folder; 'ar-run status' tells how the last one went.") : -1;
}

int run_verify(const char *folder)
{
    const struct ar_tick tick = { .stop = &cli_stop };
    struct verify verify = { .cache = { .dirfd = -1 } };
    struct ar_error error = { 0 };
    struct ar_home home;
    ar_cache_entry_init(&verify.entry);
    int result = run_open_home(&home, folder, &error);
    if (result == 0 && ar_sums_check(folder, tell_wrong, &verify, &verify.files, &tick, &error) != 0)
        result = hint_delivered(&error);
    if (result == 0)
        result = walk_cache(&home, check_kept, &verify, &error);
    ar_home_release(&home);
    ar_cache_entry_release(&verify.entry);
    if (result != 0)
        return cli_fail(&error);
    if (verify.wrong)
        cli_info("%zu of %zu files and %zu kept results in '%s' are not what they were", verify.wrong, verify.files, verify.kept, folder);
    else
        cli_info("%zu files and %zu kept results in '%s' are what they were", verify.files, verify.kept, folder);
    return verify.wrong ? AR_INPUT : AR_OK;
}

/* ---- clean ---------------------------------------------------------------------------------------------------------- */

struct clean {
    struct ar_names used; /* keys */
    size_t deleted;
};

static int add_key(struct clean *clean, const char *key, struct ar_error *error)
{
    bool added;
    return !key || ar_names_add(&clean->used, key, strlen(key), &added) >= 0 ? 0 : ar_fail_memory(error);
}

static const char *key_of(const json_t *of)
{
    return json_string_value(json_object_get(of, "key"));
}

/* The keys of a run that was cut off, or failed, after the one whose result is there: the next one goes on with them. */
static int read_begun(struct clean *clean, struct ar_home *home, struct ar_error *error)
{
    struct ar_lane_states states;
    int result = ar_lane_states_read(&states, ar_home_path(home, AR_HOME_LANES), error) < 0 ? -1 : 0;
    for (size_t i = 0; result == 0 && i < states.lanes.count; i++)
        result = add_key(clean, states.lane[i].key, error);
    if (result == 0)
        result = add_key(clean, states.post_key, error);
    ar_lane_states_release(&states);
    return result;
}

/* The keys that the last run has used, from its run.json. */
static int read_used(struct clean *clean, const char *folder, struct ar_error *error)
{
    static const char *const names[] = { "lanes", "postprocess", NULL };
    const char *lane;
    json_t *of, *json = ar_run_json_read(folder, names, error);
    if (!json && error->system_errno)
        hint_delivered(error);
    int result = json ? add_key(clean, key_of(json_object_get(json, "postprocess")), error) : -1;
    json_object_foreach (json_object_get(json, "lanes"), lane, of)
        if (result == 0)
            result = add_key(clean, key_of(of), error);
    json_decref(json);
    return result;
}

static int delete_unused(void *arg, int dirfd, const char *name, const char *key, struct ar_error *error)
{
    struct clean *clean = arg;
    if (ar_names_find(&clean->used, key, strlen(key)) >= 0)
        return 0;
    if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT)
        return ar_fail_errno(error, errno, "cannot delete '%s'", name);
    clean->deleted += strcmp(name + AR_DIGEST_HEX, ".tar") == 0;
    return 0;
}

/* Nobody is to use what is deleted: the folder is locked. */
static int lock_and_clean(struct clean *clean, const char *folder, struct ar_error *error)
{
    struct ar_home home;
    int result = run_open_home(&home, folder, error);
    if (result == 0)
        result = ar_home_lock(&home, false, &cli_stop, error);
    if (result == 0)
        run_sweep(&home);
    if (result == 0)
        result = read_used(clean, folder, error);
    if (result == 0)
        result = read_begun(clean, &home, error);
    if (result == 0)
        result = walk_cache(&home, delete_unused, clean, error);
    ar_home_release(&home);
    return result;
}

int run_clean(const char *folder)
{
    struct clean clean = { 0 };
    struct ar_error error = { 0 };
    int result = lock_and_clean(&clean, folder, &error);
    ar_names_release(&clean.used);
    if (result != 0)
        return cli_fail(&error);
    struct ar_buf number;
    ar_buf_init(&number);
    cli_number(&number, clean.deleted, "result");
    cli_info("deleted %s that the last run does not use", number.data);
    ar_buf_release(&number);
    return AR_OK;
}
