/* SPDX-License-Identifier: MIT */
#include "methods/share_file.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "bytes/file.h"
#include "codecs/tar_format.h"

#define MEMORY (UINT64_C(1) << 20) /* bytes that may be there */

static const char failed[] = N_("cannot write a temporary file");

void ar_share_file_init(struct ar_share_file *file)
{
    *file = (struct ar_share_file){ .fd = -1 };
    ar_buf_init(&file->targets);
    ar_buf_init(&file->params);
}

void ar_share_file_release(struct ar_share_file *file)
{
    if (file->fd < 0)
        return;
    ar_out_abandon(file->out);
    ar_emit_release(&file->emit);
    ar_buf_release(&file->targets);
    ar_buf_release(&file->params);
    close(file->fd);
    ar_share_file_init(file);
}

/* ---- what stands before the lanes ----------------------------------------------------------------------------------- */

static void put_entry(struct ar_buf *head, const char *name, const struct ar_buf *text)
{
    static const char zeros[AR_TAR_BLOCK];
    const struct ar_tar_meta meta = { .name = name, .size = text->len };
    ar_tar_header(head, &meta);
    ar_buf_add(head, text->data, text->len);
    ar_buf_add(head, zeros, ar_tar_padding(text->len));
}

static int put_ledger(struct ar_buf *head, const struct ar_buf *targets, const struct ar_buf *params, struct ar_error *error)
{
    struct ar_ledger ledger;
    struct ar_buf text;
    if (ar_ledger_init(&ledger, error) != 0)
        return -1;
    ar_buf_init(&text);
    int result = ar_ledger_set_file_bytes(&ledger, AR_NAME_TARGETS, targets->data, targets->len, error);
    if (result == 0)
        result = ar_ledger_set_file_bytes(&ledger, AR_NAME_PARAMS, params->data, params->len, error);
    ar_ledger_write(&ledger, &text);
    if (result == 0)
        result = ar_buf_check(&text, error);
    if (result == 0)
        put_entry(head, AR_NAME_LEDGER, &text);
    ar_buf_release(&text);
    ar_ledger_release(&ledger);
    return result;
}

int ar_share_head(struct ar_buf *head, const char *targets, size_t n, size_t room, const struct ar_buf *params,
                  struct ar_error *error)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_buf_add(&text, targets, n);
    char *blanks = room > n ? ar_buf_reserve(&text, room - n) : NULL;
    if (blanks) {
        memset(blanks, ' ', room - n);
        ar_buf_grew(&text, room - n);
    }
    int result = ar_buf_check(&text, error);
    put_entry(head, AR_NAME_TARGETS, &text);
    put_entry(head, AR_NAME_PARAMS, params);
    if (result == 0)
        result = put_ledger(head, &text, params, error);
    ar_buf_release(&text);
    return result == 0 ? ar_buf_check(head, error) : -1;
}

/* ---- the file ------------------------------------------------------------------------------------------------------- */

/* Writes on from offset base. */
static int start_out(struct ar_share_file *file, uint64_t base, struct ar_error *error)
{
    char name[256];
    ar_out_abandon(file->out);
    file->base = base;
    file->out = NULL;
    if (lseek(file->fd, (off_t)base, SEEK_SET) < 0)
        return ar_fail_errno(error, errno, failed);
    file->out = ar_out_new(file->fd, ar_spool_name(name), AR_FILTER_NONE, error);
    if (!file->out)
        return -1;
    ar_tar_writer_init(&file->emit.tar, file->out);
    return 0;
}

int ar_share_file_create(struct ar_share_file *file, size_t room, const struct ar_buf *params, struct ar_error *error)
{
    struct ar_buf head;
    file->fd = memfd_create("lanes", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file->fd < 0)
        return ar_fail_errno(error, errno, failed);
    file->memory = true;
    file->n = 0;
    file->room = room + 2;
    ar_buf_add_char(&file->targets, '{');
    ar_buf_add_text(&file->params, params->len ? params->data : "{}");
    ar_emit_init(&file->emit, NULL, false);
    ar_buf_init(&head);
    int result = ar_share_head(&head, "", 0, file->room, &file->params, error);
    if (result == 0)
        result = start_out(file, head.len, error);
    ar_buf_release(&head);
    return result;
}

/* What is in memory so far is copied, and goes on under the same descriptor. */
static int leave_memory(struct ar_share_file *file, struct ar_error *error)
{
    char name[256];
    uint64_t n = ar_share_file_bytes(file);
    int fd = ar_out_flush(file->out, error) == 0 ? ar_spool_open(error) : -1;
    if (fd < 0)
        return -1;
    int result = ar_copy_fd(fd, ar_spool_name(name), file->fd, n, ar_tr("a file in memory"), error);
    if (result == 0 && (lseek(fd, (off_t)n, SEEK_SET) < 0 || dup3(fd, file->fd, O_CLOEXEC) < 0))
        result = ar_fail_errno(error, errno, failed);
    close(fd);
    file->memory = result != 0;
    return result;
}

int ar_share_file_need(struct ar_share_file *file, uint64_t n, struct ar_error *error)
{
    return !file->memory || (n <= MEMORY && ar_share_file_bytes(file) + n <= MEMORY) ? 0 : leave_memory(file, error);
}

/* Appends a lane as it stands in targets. */
static void put_target(struct ar_buf *text, const struct ar_target *target)
{
    if (text->len > 1)
        ar_buf_add_char(text, ',');
    ar_json_add_string(text, target->data, target->data_len);
    ar_buf_add_char(text, ':');
    ar_json_add_string(text, target->sample, target->sample_len);
}

size_t ar_share_file_target(const struct ar_target *target)
{
    struct ar_buf text;
    ar_buf_init(&text);
    put_target(&text, target);
    size_t n = text.len + 1; /* the comma */
    ar_buf_release(&text);
    return n;
}

bool ar_share_file_fits(const struct ar_share_file *file, const struct ar_target *target)
{
    return file->targets.len + ar_share_file_target(target) + 1 <= file->room;
}

uint64_t ar_share_file_bytes(const struct ar_share_file *file)
{
    return file->base + ar_out_offset(file->out);
}

int ar_share_file_begin(struct ar_share_file *file, const struct ar_target *target, struct ar_error *error)
{
    file->start = ar_share_file_bytes(file);
    return ar_emit_names(&file->emit, target, error);
}

int ar_share_file_end(struct ar_share_file *file, const struct ar_target *target, struct ar_error *error)
{
    put_target(&file->targets, target);
    file->n++;
    return ar_buf_check(&file->targets, error);
}

int ar_share_file_drop(struct ar_share_file *file, struct ar_error *error)
{
    if (ar_out_flush(file->out, error) != 0)
        return -1;
    if (ftruncate(file->fd, (off_t)file->start) != 0)
        return ar_fail_errno(error, errno, failed);
    return start_out(file, file->start, error);
}

static int complete(struct ar_share_file *file, struct ar_error *error)
{
    struct ar_buf head;
    ar_buf_add_char(&file->targets, '}');
    if (ar_emit_finish(&file->emit, error) != 0 || ar_out_flush(file->out, error) != 0)
        return -1;
    ar_buf_init(&head);
    int result = ar_share_head(&head, file->targets.data, file->targets.len, file->room, &file->params, error);
    if (result == 0 && lseek(file->fd, 0, SEEK_SET) != 0)
        result = ar_fail_errno(error, errno, failed);
    if (result == 0)
        result = ar_write_fd(file->fd, head.data, head.len, ar_tr("a temporary file"), error);
    ar_buf_release(&head);
    return result;
}

int ar_share_file_close(struct ar_share_file *file, struct ar_error *error)
{
    int fd = complete(file, error) == 0 ? fcntl(file->fd, F_DUPFD_CLOEXEC, 0) : -2;
    if (fd >= 0 && file->memory)
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE); /* a method might open it once more, to write */
    ar_share_file_release(file);
    return fd == -1 ? ar_fail_errno(error, errno, failed) : fd < 0 ? -1 : fd;
}
