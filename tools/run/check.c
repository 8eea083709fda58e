/* SPDX-License-Identifier: MIT */
/*
 * Is an answer what was asked for? What can be told at once is told at once.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/file.h"
#include "lanes/folder.h"
#include "lanes/lane_key.h"
#include "lanes/samples.h"
#include "run/ask.h"

enum { HEAD_MAX = 1 << 20 };

/* The columns of the rules must be there. */
static int check_rules(const struct run *run, const char *set, const struct ar_csv_header *header, const char *what, struct ar_error *error)
{
    const struct ar_manifest_set *wanted = run->method.loaded ? ar_manifest_set(&run->method.manifest, set) : NULL;
    for (size_t i = 0; wanted && i < wanted->rules.n; i++)
        if (ar_csv_header_find(header, wanted->rules.rule[i].column) < 0)
            return ar_csv_fail_column(header, wanted->rules.rule[i].column, what, error);
    return 0;
}

static int check_lanes(const struct run *run, const char *set, const struct ar_csv_header *header, const char *what, struct ar_error *error)
{
    const struct run_list *texts = &run->options.lane_key;
    struct ar_lane_rule rule;
    struct ar_lane_key *keys = calloc(texts->n + 1, sizeof *keys);
    size_t n = 0;
    int result = keys ? 0 : ar_fail_memory(error);
    while (result == 0 && n < texts->n && (result = ar_lane_key_parse(&keys[n], texts->text[n], error)) == 0)
        n++;
    if (result == 0)
        result = ar_lane_rule_choose(&rule, keys, n, set, header, what, error);
    for (size_t i = 0; i < n; i++)
        ar_lane_key_release(&keys[i]);
    free(keys);
    return result;
}

/* Looks at a header. 0, or -1. */
typedef int check_header(const struct run *run, const char *set, const struct ar_csv_header *header, const char *what, struct ar_error *error);

static int check_all(const struct run *run, const char *set, const struct ar_csv_header *header, const char *what, struct ar_error *error)
{
    return check_lanes(run, set, header, what, error) == 0 ? check_rules(run, set, header, what, error) : -1;
}

/* The lane may be in another of its columns than in those that need not be named. */
static int check_columns(const struct run *run, const char *set, const struct ar_csv_header *header, const char *what, struct ar_error *error)
{
    (void)run;
    (void)set;
    (void)what;
    (void)error; /* nobody is told */
    return header->cells > 1 ? 0 : -1;
}

/* The header of a table, from the first bytes of the file: its last row there may be cut. */
static int look_at_header(const struct run *run, const char *set, const struct ar_map *map, const char *what, check_header *check,
                          struct ar_error *error)
{
    struct ar_csv_header header;
    uint64_t n = map->len;
    const char *end = n == HEAD_MAX ? memrchr(map->data, '\n', n) : NULL;
    if (end)
        n = (uint64_t)(end + 1 - map->data);
    if (ar_csv_header_read(&header, map->data, n, what, error) != 0)
        return -1;
    ar_csv_header_look_below(&header, map->data, n);
    int result = check(run, set, &header, what, error);
    ar_csv_header_release(&header);
    return result;
}

static int look_at_file(const struct run *run, const char *set, const char *path, check_header *check, struct ar_error *error)
{
    struct ar_map map;
    char *what;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ar_fail_open(error, errno, "cannot open '%s'", path);
    if (asprintf(&what, "'%s'", path) < 0) {
        close(fd);
        return ar_fail_memory(error);
    }
    struct ar_in *in = ar_in_new(fd, path, error);
    int result = in ? ar_map_in(&map, in, HEAD_MAX, error) : -1;
    if (result == 0) {
        result = look_at_header(run, set, &map, what, check, error);
        ar_map_release(&map);
    }
    ar_in_free(in);
    free(what);
    close(fd);
    return result;
}

int run_check_set(const struct run *run, const char *set, const char *path, struct ar_error *error)
{
    return look_at_file(run, set, path, check_all, error);
}

int run_check_lanes(const struct run *run, const char *set, const char *path, struct ar_error *error)
{
    return look_at_file(run, set, path, check_lanes, error);
}

bool run_lacks_lanes(const struct run *run, const char *set, const char *path)
{
    struct ar_error ignored;
    return look_at_file(run, set, path, check_columns, &ignored) == 0 && run_check_lanes(run, set, path, &ignored) != 0;
}

/* ---- the folder ------------------------------------------------------------------------------------------------------- */

int run_default_folder(const struct run_options *o, struct ar_buf *folder, struct ar_error *error)
{
    const char *file = o->sets.n ? strchr(o->sets.text[0], '=') + 1 : o->run_tar;
    struct stat st;
    const char *slash = file && stat(file, &st) == 0 && S_ISREG(st.st_mode) ? strrchr(file, '/') : NULL;
    if (slash)
        ar_buf_add(folder, file, (size_t)(slash + 1 - file));
    ar_buf_add_text(folder, "results");
    return ar_buf_check(folder, error);
}

/* The path, or of the folders above it the first that is there. The path is cut. */
static const char *find_there(char *path)
{
    while (access(path, F_OK) != 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path)
            return slash ? "/" : ".";
        *slash = '\0';
    }
    return path;
}

int run_check_folder(const char *folder, struct ar_error *error)
{
    struct stat st;
    if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
        return ar_fail(error, AR_INPUT, "'%s' is no folder", folder);
    if (ar_folder_probe(folder, "result", error) != 0)
        return -1;
    char *path = strdup(folder);
    if (!path)
        return ar_fail_memory(error);
    const char *there = find_there(path);
    int result = access(there, W_OK | X_OK) == 0 ? 0 : ar_fail_open(error, errno, "cannot write '%s'", there);
    free(path);
    return result;
}

/* ---- what was given ------------------------------------------------------------------------------------------------- */

int run_check_names(const struct run *run, struct ar_error *error)
{
    const struct run_list *sets = &run->options.sets;
    const struct ar_manifest *manifest = &run->method.manifest;
    struct ar_buf names;
    int result = 0;
    ar_buf_init(&names);
    for (size_t i = 0; run->method.loaded && i < manifest->n_sets; i++)
        ar_buf_add_format(&names, "%s'%s'", i ? ", " : "", manifest->set[i].name);
    for (size_t i = 0; i < sets->n && result == 0 && names.len; i++) {
        char *name = strndup(sets->text[i], strcspn(sets->text[i], "="));
        if (!name)
            result = ar_fail_memory(error);
        else if (!ar_manifest_set(manifest, name))
            result = ar_fail(error, AR_INPUT, "the method has no set '%s'; its sets are %s", name, names.data);
        free(name);
    }
    ar_buf_release(&names);
    return result;
}

/* What is read from a pipe is gone, and its tools do not have it. */
static int refuse_pipe(const char *path, struct ar_error *error)
{
    struct stat st;
    if (!path || (strcmp(path, "-") != 0 && (stat(path, &st) != 0 || !S_ISFIFO(st.st_mode))))
        return 0;
    ar_fail(error, AR_INPUT, "'%s' is a pipe, expected a file", path);
    return ar_hint(error, "A run reads its files more than once: write it to a file first.");
}

int run_check_files(const struct run *run, struct ar_error *error)
{
    const struct run_options *o = &run->options;
    for (size_t i = 0; i < o->sets.n; i++)
        if (refuse_pipe(strchr(o->sets.text[i], '=') + 1, error) != 0)
            return -1;
    return refuse_pipe(o->run_tar, error) != 0 || refuse_pipe(o->samples, error) != 0 ? -1 : refuse_pipe(o->params, error);
}

int run_check_given(const struct run *run, struct ar_error *error)
{
    const struct run_options *o = &run->options;
    struct ar_targets targets = { 0 };
    int result = run_check_files(run, error) != 0 ? -1 : run_check_names(run, error);
    for (size_t i = 0; i < o->sets.n && result == 0; i++) {
        char *name = strdup(o->sets.text[i]), *file = name ? strchr(name, '=') : NULL;
        if (!file) {
            result = ar_fail_memory(error);
        } else {
            *file++ = '\0';
            result = run_check_set(run, name, file, error);
        }
        free(name);
    }
    if (result == 0 && o->samples)
        result = ar_samples_load(&targets, o->samples, error);
    ar_targets_release(&targets);
    return result == 0 && o->folder ? run_check_folder(o->folder, error) : result;
}
