/* SPDX-License-Identifier: MIT */
/*
 * A folder that is delivered into: what a run leaves that is killed, at each system call of it; and what is not ours.
 */
#include "lanes/folder.h"

#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "check.h"
#include "scratch.h"

static const char ledger[] = "{\"sets\":{},\"files\":{}}";

static int compare(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds what is in the folder: path and content of each file, hidden ones too, and folders, in byte order. below: behind root. */
static void add_content(FILE *to, const char *root, const char *below)
{
    char *path;
    struct dirent **entries;
    if (asprintf(&path, "%s%s", root, below) < 0)
        return;
    int n = scandir(scratch_path(path), &entries, NULL, compare);
    free(path);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        size_t len;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && asprintf(&path, "%s%s/%s", root, below, name) >= 0) {
            char *bytes = entries[i]->d_type == DT_DIR ? NULL : scratch_get(path, &len);
            fprintf(to, "%s=%s\n", path + strlen(root), bytes ? bytes : "");
            if (!bytes)
                add_content(to, root, path + strlen(root));
            free(bytes);
            free(path);
        }
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

/* The caller frees it. */
static char *content_of(const char *folder)
{
    char *text;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    add_content(to, folder, "");
    fclose(to);
    return text;
}

static bool is_there(const char *folder, const char *name)
{
    char path[240];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(scratch_path(path), F_OK) == 0;
}

/* A run that delivers the files whose names are in the list; the content of each is text. */
static int deliver(const char *name, bool sync, const char *const *files, const char *text, struct ar_error *error)
{
    struct ar_folder folder;
    if (ar_folder_open(&folder, scratch_path(name), "lanes", sync, error) != 0)
        return -1;
    int result = 0;
    for (; *files && result == 0; files++)
        result = ar_folder_put(&folder, *files, text, strlen(text), error);
    if (result == 0)
        result = ar_folder_finish(&folder, ledger, strlen(ledger), error);
    ar_folder_release(&folder);
    return result;
}

static const char *const first[] = { "a.tar", "one.tar", "images/1/x.png", "images/1/y.png", NULL };
static const char *const second[] = { "a.tar", "two.tar", "images/2/x.png", "images/1/y.png", "more/z", NULL };
static const char *const last[] = { "last.tar", NULL };

/* Runs the second delivery, and kills it before its system call number calls. 1 where it was killed, 0 where it ended, -1. */
static int killed(const char *name, bool sync, int calls)
{
    pid_t child = fork();
    if (child == 0) {
        struct ar_error error;
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(2);
        raise(SIGSTOP);
        _exit(deliver(name, sync, second, "of the second run", &error) == 0 ? 0 : 1);
    }
    int status, stops = 0;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        if (stops++ == 2 * calls) /* a call stops twice: before and behind it */
            kill(child, SIGKILL);
        else if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) != 0)
            break;
    }
    if (WIFSIGNALED(status))
        return 1;
    return WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Does the folder hold just this? */
static void check_content(const char *folder, const char *wanted, int calls)
{
    char *now = content_of(folder);
    CHECK(strcmp(now, wanted) == 0, "killed at call %d:\n%s\nwanted:\n%s", calls, now, wanted);
    free(now);
}

/* What a run leaves that was killed at the call: where it looks whole it is; and the next run leaves just its own files. */
static void check_killed(const char *folder, const char *const whole[3], int calls)
{
    struct ar_error error = { 0 };
    if (is_there(folder, AR_FOLDER_INDEX) && !is_there(folder, AR_FOLDER_INDEX_OLD)) {
        char *now = content_of(folder);
        bool begun = strcmp(now, whole[0]) == 0, ended = strcmp(now, whole[1]) == 0;
        CHECK(begun || ended, "killed at call %d:\n%s", calls, now);
        free(now);
    }
    CHECK(deliver(folder, false, last, "of the last run", &error) == 0, "killed at call %d: %s", calls, error.what);
    check_content(folder, whole[2], calls);
}

static void test_killed(bool from_first, bool sync)
{
    static const char *const *const runs[] = { first, second, last };
    static const char *const texts[] = { "of the first run", "of the second run", "of the last run" };
    struct ar_error error = { 0 };
    char *whole[3], name[32];
    int result = 1, calls = 0;
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "whole-%d-%d-%d", from_first, sync, i);
        CHECK(deliver(name, false, runs[i], texts[i], &error) == 0, "%s", error.what);
        whole[i] = content_of(name);
    }
    while (result == 1) {
        snprintf(name, sizeof name, "killed-%d-%d-%d", from_first, sync, ++calls);
        if (from_first)
            CHECK(deliver(name, false, first, texts[0], &error) == 0, "%s", error.what);
        result = killed(name, sync, calls);
        if (result >= 0)
            check_killed(name, (const char *const *)whole, calls);
    }
    if (result < 0 && calls == 1)
        printf("processes cannot be traced here: left out\n");
    else
        CHECK(result == 0 && calls > 50, "%d calls", calls);
    for (int i = 0; i < 3; i++)
        free(whole[i]);
}

int main(void)
{
    scratch_begin();
    test_killed(false, false);
    test_killed(true, false);
    test_killed(true, true);
    return check_done();
}
