/* SPDX-License-Identifier: MIT */
#include "codecs/tar.h"

#include "codecs/tar_format.h"

/* The greatest size that eleven octal digits hold, and one. */
#define OCTAL_LIMIT ((uint64_t)1 << 33)

static const char zeros[2 * AR_TAR_BLOCK];

/* ---- header blocks -------------------------------------------------------------------------------------------------- */

/* Fills a field with octal digits and a NUL. */
static void put_octal(char *field, size_t width, uint64_t value)
{
    field[width - 1] = '\0';
    for (size_t i = width - 1; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

/* Completes a block in which only the names are set. */
static void finish_block(struct ar_tar_block *block, char kind, uint64_t size)
{
    memcpy(block->mode, "0000644", sizeof(block->mode));
    memcpy(block->uid, "0000000", sizeof(block->uid));
    memcpy(block->gid, "0000000", sizeof(block->gid));
    put_octal(block->size, sizeof(block->size), size);
    memcpy(block->mtime, "00000000000", sizeof(block->mtime));
    block->kind = kind;
    memcpy(block->magic, "ustar", sizeof(block->magic));
    memcpy(block->version, "00", sizeof(block->version));
    put_octal(block->checksum, sizeof(block->checksum) - 1, ar_tar_checksum(block));
    block->checksum[sizeof(block->checksum) - 1] = ' ';
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* Puts an ASCII name into the block, its first folders into prefix where it is too long. False where it does not fit. */
static bool put_name(struct ar_tar_block *block, const char *name)
{
    size_t len = strlen(name);
    if (len <= sizeof(block->name)) {
        memcpy(block->name, name, len);
        return true;
    }
    if (len > sizeof(block->prefix) + 1 + sizeof(block->name))
        return false;
    size_t slash = len - 1 < sizeof(block->prefix) ? len - 1 : sizeof(block->prefix);
    while (slash > 0 && name[slash] != '/')
        slash--;
    size_t rest = len - slash - 1;
    if (slash == 0 || rest == 0 || rest > sizeof(block->name))
        return false;
    memcpy(block->prefix, name, slash);
    memcpy(block->name, name + slash + 1, rest);
    return true;
}

/* For programs that do not know pax: the name's beginning, an underscore for each character outside ASCII. */
static void put_fallback_name(struct ar_tar_block *block, const char *name)
{
    size_t len = 0;
    for (; *name != '\0' && len < sizeof(block->name); name++) {
        unsigned char c = (unsigned char)*name;
        if (c < 0x80)
            block->name[len++] = *name;
        else if (c >= 0xc0)
            block->name[len++] = '_';
    }
    if (len > 0 && block->name[len - 1] == '/') /* it would be a folder */
        block->name[len - 1] = '_';
}

/* ---- pax records ---------------------------------------------------------------------------------------------------- */

static unsigned digits(size_t n)
{
    unsigned count = 1;
    for (; n >= 10; n /= 10)
        count++;
    return count;
}

/* "LEN KEY=VALUE\n", where LEN counts all of it, its own digits included. */
static void add_record(struct ar_buf *buf, const char *key, const char *value)
{
    size_t rest = 1 + strlen(key) + 1 + strlen(value) + 1;
    size_t len = rest + digits(rest);
    if (digits(len) > digits(rest))
        len++;
    ar_buf_add_digits(buf, len);
    ar_buf_add_char(buf, ' ');
    ar_buf_add_text(buf, key);
    ar_buf_add_char(buf, '=');
    ar_buf_add_text(buf, value);
    ar_buf_add_char(buf, '\n');
}

static void add_records(struct ar_buf *buf, const struct ar_tar_meta *meta, bool name_fits)
{
    if (!name_fits)
        add_record(buf, "path", meta->name);
    if (meta->size >= OCTAL_LIMIT) {
        char size[24];
        snprintf(size, sizeof(size), "%" PRIu64, meta->size);
        add_record(buf, "size", size);
    }
    if (meta->is_file)
        add_record(buf, "is_file", "true");
    if (meta->image_type != NULL && meta->image_type[0] != '\0')
        add_record(buf, "image_type", meta->image_type);
    if (meta->pax != NULL)
        ar_buf_add(buf, meta->pax, meta->pax_len);
}

void ar_tar_header(struct ar_buf *buf, const struct ar_tar_meta *meta)
{
    struct ar_tar_block block = {0};
    bool name_fits = is_ascii(meta->name) && put_name(&block, meta->name);
    if (!name_fits)
        put_fallback_name(&block, meta->name);

    size_t start = buf->len;
    ar_buf_reserve(buf, (size_t)3 * AR_TAR_BLOCK); /* that many, mostly */
    ar_buf_add(buf, zeros, AR_TAR_BLOCK);          /* the pax header's place */
    add_records(buf, meta, name_fits);
    if (buf->failed)
        return;
    size_t records = buf->len - start - AR_TAR_BLOCK;
    if (records == 0) {
        ar_buf_truncate(buf, start);
    } else {
        ar_buf_add(buf, zeros, ar_tar_padding(records));
        struct ar_tar_block pax = {.name = "././@PaxHeader"};
        finish_block(&pax, 'x', records);
        memcpy(buf->data + start, &pax, sizeof(pax));
    }
    /* POSIX has the pax keyword in place of a size that does not fit. */
    finish_block(&block, '0', meta->size < OCTAL_LIMIT ? meta->size : 0);
    ar_buf_add(buf, &block, sizeof(block));
}

/* ---- the stream ----------------------------------------------------------------------------------------------------- */

void ar_tar_writer_init(struct ar_tar_writer *writer, struct ar_out *out)
{
    *writer = (struct ar_tar_writer){.out = out};
}

/* An entry or the end may come only behind a complete body. */
static int check_complete(const struct ar_tar_writer *writer, struct ar_error *error)
{
    if (writer->left == 0)
        return 0;
    return ar_fail(error, AR_SYSTEM, "an entry of the tar being written is %" PRIu64 " bytes short of its size", writer->left);
}

/* add_records would have nothing to add: the header is one block, which needs no memory. */
static bool needs_no_pax(const struct ar_tar_meta *meta)
{
    return meta->size < OCTAL_LIMIT && !meta->is_file && meta->image_type == NULL && meta->pax == NULL;
}

static int put_with_pax(struct ar_tar_writer *writer, const struct ar_tar_meta *meta, struct ar_error *error)
{
    struct ar_buf head;
    ar_buf_init(&head);
    ar_tar_header(&head, meta);
    int done = ar_buf_check(&head, error);
    if (done == 0)
        done = ar_out_write(writer->out, head.data, head.len, error);
    ar_buf_release(&head);
    return done;
}

int ar_tar_put(struct ar_tar_writer *writer, const struct ar_tar_meta *meta, struct ar_error *error)
{
    struct ar_tar_block block = {0};
    if (check_complete(writer, error) < 0)
        return -1;
    int done;
    if (needs_no_pax(meta) && is_ascii(meta->name) && put_name(&block, meta->name)) {
        finish_block(&block, '0', meta->size);
        done = ar_out_write(writer->out, &block, sizeof(block), error);
    } else {
        done = put_with_pax(writer, meta, error);
    }
    if (done < 0)
        return -1;
    writer->left = meta->size;
    writer->padding = ar_tar_padding(meta->size);
    return 0;
}

static int check_room(const struct ar_tar_writer *writer, uint64_t n, struct ar_error *error)
{
    if (n <= writer->left)
        return 0;
    return ar_fail(error, AR_SYSTEM, "an entry of the tar being written is %" PRIu64 " bytes longer than its size",
                   n - writer->left);
}

/* n bytes of the body went out. */
static int count(struct ar_tar_writer *writer, uint64_t n, struct ar_error *error)
{
    writer->left -= n;
    if (writer->left > 0 || writer->padding == 0)
        return 0;
    unsigned padding = writer->padding;
    writer->padding = 0;
    return ar_out_write(writer->out, zeros, padding, error);
}

int ar_tar_write(struct ar_tar_writer *writer, const void *bytes, size_t n, struct ar_error *error)
{
    if (check_room(writer, n, error) < 0 || ar_out_write(writer->out, bytes, n, error) < 0)
        return -1;
    return count(writer, n, error);
}

int ar_tar_write_stable(struct ar_tar_writer *writer, const void *bytes, size_t n, struct ar_error *error)
{
    if (check_room(writer, n, error) < 0 || ar_out_write_stable(writer->out, bytes, n, error) < 0)
        return -1;
    return count(writer, n, error);
}

int ar_tar_write_copy(struct ar_tar_writer *writer, int fd, uint64_t offset, uint64_t n, const char *from_name,
                      struct ar_error *error)
{
    if (check_room(writer, n, error) < 0 || ar_out_copy(writer->out, fd, offset, n, from_name, error) < 0)
        return -1;
    return count(writer, n, error);
}

int ar_tar_put_whole(struct ar_tar_writer *writer, const struct ar_tar_meta *meta, const void *bytes, struct ar_error *error)
{
    if (ar_tar_put(writer, meta, error) < 0)
        return -1;
    return ar_tar_write(writer, bytes, (size_t)meta->size, error);
}

int ar_tar_finish(struct ar_tar_writer *writer, struct ar_error *error)
{
    if (check_complete(writer, error) < 0)
        return -1;
    return ar_out_write(writer->out, zeros, sizeof(zeros), error);
}
