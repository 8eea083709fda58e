/* SPDX-License-Identifier: MIT */
/*
 * What is put down of a lane for a method for which it is a folder of files.
 */
#include "methods/contract.h"

enum { PIECE = 256 * 1024 };

int ar_contract_begin_folder(struct ar_contract_input *input, struct ar_error *error)
{
    const struct ar_target *target = input->target;
    ar_buf_clear(&input->sets);
    input->dirfd = ar_lane_folder_open(&input->folders, input->root, target->data, &input->old_sets, error);
    if (input->dirfd < 0 || ar_files_put(input->dirfd, AR_FILES_DATA_NAME, target->data, target->data_len, error) != 0)
        return -1;
    return ar_files_put(input->dirfd, AR_FILES_SAMPLE_NAME, target->sample, target->sample_len, error);
}

int ar_contract_take_file(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                          struct ar_error *error)
{
    char name[256];
    const char *bytes;
    ssize_t n;
    uint64_t size = 0;
    int fd = ar_files_open_set(input->dirfd, entry->base, &input->old_sets, error), result = 0;
    if (fd < 0)
        return -1;
    ar_buf_add_text(&input->sets, entry->base);
    ar_buf_add(&input->sets, AR_FILES_SET_END, sizeof AR_FILES_SET_END); /* with its NUL */
    ar_spool_name(name);
    for (; result == 0 && (n = ar_stream_view(stream, &bytes, PIECE, error)) != 0; size += (uint64_t)n)
        result = n < 0 ? -1 : ar_write_fd(fd, bytes, (size_t)n, name, error);
    if (result == 0)
        result = ar_files_cut(fd, name, size, error);
    if (close(fd) != 0 && result == 0)
        result = ar_fail_errno(error, errno, "cannot write '%s'", name);
    return result;
}

int ar_contract_end_folder(struct ar_contract_input *input, const struct ar_entry *ledger, struct ar_error *error)
{
    const char *params = input->params->len ? input->params->data : "{}";
    if (ar_buf_check(&input->sets, error) != 0 ||
        (input->old_sets && ar_lane_folder_keep_sets(input->dirfd, &input->sets, error) != 0))
        return -1;
    if (ar_files_put(input->dirfd, AR_FILES_PARAMS, params, strlen(params), error) != 0 ||
        ar_files_put(input->dirfd, AR_FILES_LEDGER, ledger->text, ledger->len, error) != 0)
        return -1;
    close(input->dirfd);
    input->dirfd = -1;
    return 0;
}

int ar_contract_drop_folder(struct ar_contract_input *input, struct ar_error *error)
{
    ar_wire_tar_abandon(&input->wire);
    close(input->dirfd);
    input->dirfd = -1;
    return ar_dir_remove(input->root, input->target->data, error);
}
