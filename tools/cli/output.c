/* SPDX-License-Identifier: MIT */
/*
 * Where a tool's stream goes.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "cli/cli.h"

static bool names_a_file(const struct cli_output *output)
{
    return output->path && strcmp(output->path, "-") != 0;
}

int cli_output_open(struct cli_output *output, struct ar_error *error)
{
    int fd = STDOUT_FILENO;
    const char *name = ar_tr("standard output");
    output->is_file = names_a_file(output);
    if (output->is_file) {
        char *path = ar_link_target(output->path, error); /* a link stays */
        int created = path ? ar_file_create(&output->file, AT_FDCWD, path, false, error) : -1;
        free(path);
        if (created != 0)
            return -1;
        fd = output->file.fd;
        name = output->path;
    } else if (isatty(fd)) {
        ar_fail(error, AR_INPUT, "standard output is a terminal");
        return ar_hint(error, "A tar is not for reading: pipe it into the next tool, or name a file with -o; ar-ls shows what is in "
                              "it.");
    }
    output->out = ar_out_new(fd, name, output->filter, error);
    if (!output->out && output->is_file)
        ar_file_abandon(&output->file);
    return output->out ? 0 : -1;
}

static int check_differs(const struct cli_output *output, const struct stat *in, const char *name, struct ar_error *error)
{
    struct stat out;
    if (!S_ISREG(in->st_mode) || (names_a_file(output) ? stat(output->path, &out) : fstat(STDOUT_FILENO, &out)) != 0 || !S_ISREG(out.st_mode) ||
        in->st_dev != out.st_dev || in->st_ino != out.st_ino)
        return 0;
    ar_fail(error, AR_INPUT, "'%s' is input and output at once", name);
    return ar_hint(error, "Write to another file, and rename it when it is whole.");
}

int cli_output_differs(const struct cli_output *output, int fd, const char *name, struct ar_error *error)
{
    struct stat in;
    return fstat(fd, &in) == 0 ? check_differs(output, &in, name, error) : 0;
}

/* It is not opened: who has written into a pipe would have nobody left who reads that. */
int cli_output_differs_path(const struct cli_output *output, const char *path, struct ar_error *error)
{
    struct stat in;
    return path && stat(path, &in) == 0 ? check_differs(output, &in, path, error) : 0; /* who reads it says why not */
}

int cli_output_close(struct cli_output *output, bool sync, struct ar_error *error)
{
    int result = ar_out_close(output->out, error);
    output->out = NULL;
    if (!output->is_file)
        return result;
    if (result == 0)
        return ar_file_commit(&output->file, sync, error);
    ar_file_abandon(&output->file);
    return -1;
}

void cli_output_abandon(struct cli_output *output)
{
    ar_out_abandon(output->out);
    output->out = NULL;
    if (output->is_file)
        ar_file_abandon(&output->file);
}
