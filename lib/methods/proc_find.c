/* SPDX-License-Identifier: MIT */
/*
 * What a program is started with, and where it is: no process is touched here.
 */
#include <sys/stat.h>

#include "methods/proc.h"

/* ---- the environment ------------------------------------------------------------------------------------------------ */

/* The place of the variable name, or n. */
static size_t env_find(const struct ar_env *env, const char *name)
{
    size_t len = strlen(name), i;

    for (i = 0; i < env->n; i++)
        if (strncmp(env->entry[i], name, len) == 0 && env->entry[i][len] == '=')
            break;
    return i;
}

/* Appends an entry, which becomes the environment's; NULL: memory ran out. */
static void env_append(struct ar_env *env, char *entry)
{
    if (!entry)
        env->failed = true;
    if (!env->failed && env->n + 1 >= env->cap) {
        size_t cap = env->cap ? 2 * env->cap : 64;
        char **grown = realloc(env->entry, cap * sizeof *grown);

        if (grown) {
            env->entry = grown;
            env->cap = cap;
        }
        env->failed = !grown;
    }
    if (env->failed) {
        free(entry);
        return;
    }
    env->entry[env->n++] = entry;
    env->entry[env->n] = NULL;
}

void ar_env_init(struct ar_env *env)
{
    *env = (struct ar_env){0};
    for (char **entry = environ; entry && *entry; entry++)
        env_append(env, strdup(*entry));
}

void ar_env_release(struct ar_env *env)
{
    for (size_t i = 0; i < env->n; i++)
        free(env->entry[i]);
    free(env->entry);
    *env = (struct ar_env){0};
}

void ar_env_set(struct ar_env *env, const char *name, const char *value)
{
    ar_env_unset(env, name);

    char *entry;

    if (asprintf(&entry, "%s=%s", name, value) < 0)
        entry = NULL;
    env_append(env, entry);
}

void ar_env_default(struct ar_env *env, const char *name, const char *value)
{
    if (env_find(env, name) == env->n)
        ar_env_set(env, name, value);
}

void ar_env_unset(struct ar_env *env, const char *name)
{
    size_t i;

    while ((i = env_find(env, name)) < env->n) {
        free(env->entry[i]);
        env->entry[i] = env->entry[--env->n];
        env->entry[env->n] = NULL;
    }
}

const char *ar_env_get(const struct ar_env *env, const char *name)
{
    size_t i = env_find(env, name);

    return i < env->n ? env->entry[i] + strlen(name) + 1 : NULL;
}

int ar_env_check(const struct ar_env *env, struct ar_error *error)
{
    return env->failed || !env->entry ? ar_fail_memory(error) : 0;
}

/* ---- finding a program ---------------------------------------------------------------------------------------------- */

/* 0 where path is a file that may be executed, else the errno that tells why it is not. */
static int executable(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    if (!S_ISREG(st.st_mode))
        return EACCES;
    return access(path, X_OK) == 0 ? 0 : errno;
}

/* Puts folder/name into path, below base where folder is relative. */
static void join(struct ar_buf *path, const char *base, const char *folder, size_t folder_len, const char *name)
{
    ar_buf_clear(path);
    if (name[0] != '/' && (folder_len == 0 || folder[0] != '/')) {
        ar_buf_add_text(path, base);
        ar_buf_add_char(path, '/');
    }
    if (folder_len > 0) {
        ar_buf_add(path, folder, folder_len);
        ar_buf_add_char(path, '/');
    }
    ar_buf_add_text(path, name);
}

/* Looks name up in PATH. 0, or the errno that tells why it was not found. */
static int search_path(struct ar_buf *path, const char *name, const char *base)
{
    const char *folder = getenv("PATH");
    int reason = ENOENT;

    if (!folder)
        folder = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t len = strcspn(folder, ":");

        join(path, base, folder, len, name);
        int failed = executable(path->data);
        if (failed == 0)
            return 0;
        if (failed == EACCES)
            reason = EACCES;
        if (folder[len] == '\0')
            return reason;
        folder += len + 1;
    }
}

/* Records that name was not found, or may not be executed. */
static int fail_find(const char *name, int reason, bool here, struct ar_error *error)
{
    if (strchr(name, '/') == NULL && reason == ENOENT)
        ar_fail(error, AR_INPUT, "cannot find the program '%s' in PATH", name);
    else
        ar_fail(error, AR_INPUT, "cannot start '%s': %s", name, ar_errno_text(reason));
    if (here)
        return ar_hint(error, "write './%s' for the one in this folder", name);
    if (reason == EACCES)
        return ar_hint(error, "make it executable: chmod +x %s", name);
    return -1;
}

int ar_proc_find(struct ar_buf *path, const char *name, const char *base, struct ar_error *error)
{
    struct ar_buf found;
    bool here = false;
    int reason = ENOENT;

    ar_buf_init(&found);
    if (strchr(name, '/')) {
        join(&found, base, "", 0, name);
        reason = executable(found.data);
    } else if (name[0] != '\0') {
        reason = search_path(&found, name, base);
        if (reason) {
            join(&found, base, "", 0, name);
            here = access(found.data, F_OK) == 0;
        }
    }

    int result = ar_buf_check(&found, error);
    if (result == 0 && reason)
        result = fail_find(name, reason, here, error);
    if (result == 0) {
        ar_buf_add(path, found.data, found.len);
        result = ar_buf_check(path, error);
    }
    ar_buf_release(&found);
    return result;
}
