/* SPDX-License-Identifier: MIT */
#include "methods/lane_write.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { PIECE = 256 * 1024 };

/* ---- pieces --------------------------------------------------------------------------------------------------------- */

/* The lane's entries begin here; what stands before is no matter any more. */
static int start_entries(struct ar_lane_writer *w, struct ar_lane_done *done, struct ar_error *error)
{
    done->start = ar_lane_spool_offset(w->spool);
    ar_emit_init(&w->emit, w->spool->out, w->one_lane);
    if (ar_emit_names(&w->emit, w->target, error) != 0)
        return -1;
    if (w->params->len == 0)
        return 0;
    return ar_emit_whole(&w->emit, w->target->data, AR_NAME_PARAMS, false, w->params->data, w->params->len, error);
}

static int end_entries(struct ar_lane_writer *w, struct ar_lane_done *done, struct ar_error *error)
{
    if (ar_ledger_set_outcome(w->ledger, ar_lane_outcome_name(done->outcome), error) != 0 ||
        ar_emit_ledger(&w->emit, w->target->data, w->ledger, error) != 0)
        return -1;
    done->end = ar_lane_spool_offset(w->spool);
    return w->spool->fd < 0 || w->gathers ? 0 : ar_out_flush(w->spool->out, error);
}

/* Copies the bytes of a picture from its file. */
static int copy_image(struct ar_lane_writer *w, int fd, const struct ar_image *image, struct ar_digest *digest,
                      struct ar_error *error)
{
    char *piece = malloc(PIECE);
    int result = piece ? 0 : ar_fail_memory(error);
    for (uint64_t left = image->size; left && result == 0;) {
        ssize_t n = read(fd, piece, left < PIECE ? left : PIECE);
        if (n <= 0) {
            result = ar_fail_errno(error, n < 0 ? errno : EIO, "cannot read the picture '%s'", image->name);
            break;
        }
        ar_digest_add(digest, piece, (size_t)n);
        result = ar_tar_write(&w->emit.tar, piece, (size_t)n, error);
        left -= (uint64_t)n;
    }
    free(piece);
    return result;
}

/* Writes a picture, and notes its digest. */
static int put_image(struct ar_lane_writer *w, const struct ar_images *images, size_t i, struct ar_error *error)
{
    const struct ar_image *image = &images->image[i];
    const char *type = *image->type ? image->type : NULL;
    struct ar_digest digest;
    char name[300], hex[AR_DIGEST_HEX + 1];
    snprintf(name, sizeof name, AR_FOLDER_IMAGES "%s", image->name);
    int fd = image->data ? -1 : ar_images_open(images, i, error);
    if (!image->data && fd < 0)
        return -1;
    int result = ar_emit_begin(&w->emit, w->target->data, name, image->size, true, type, error);
    ar_digest_init(&digest);
    if (image->data)
        ar_digest_add(&digest, image->data, image->size);
    if (result == 0)
        result = image->data ? ar_tar_write(&w->emit.tar, image->data, image->size, error)
                             : copy_image(w, fd, image, &digest, error);
    ar_digest_hex(&digest, hex);
    if (fd >= 0)
        close(fd);
    return result == 0 ? ar_ledger_set_image(w->ledger, name, image->size, hex, type, error) : -1;
}

static int copy_rest(struct ar_lane_writer *w, int fd, struct ar_error *error)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ar_fail_errno(error, errno, "cannot read a temporary file");
    return ar_out_copy(w->spool->out, fd, 0, (uint64_t)st.st_size, "a temporary file", error);
}

/* Appends the lane's unknown entries, where there are any: whole blocks of a tar. */
static int put_rest(struct ar_lane_writer *w, uint32_t number, struct ar_error *error)
{
    char name[32];
    if (w->rest >= 0)
        return copy_rest(w, w->rest, error);
    if (w->root < 0)
        return 0;
    ar_lane_job_rest(name, number);
    int fd = openat(w->root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : ar_fail_errno(error, errno, "cannot read a temporary file");
    int result = copy_rest(w, fd, error);
    close(fd);
    unlinkat(w->root, name, 0);
    return result;
}

/* Adds the record of this stage to a set, and the method's own, where it has one. */
static int note_set(struct ar_ledger *ledger, const char *set, const struct ar_node *method, struct ar_error *error)
{
    struct ar_record before;
    if (!ar_ledger_last(ledger, set, &before))
        return 0;
    struct ar_record record = { .stage = "analyze", .rows_in = before.rows, .rows = before.rows };
    if (ar_ledger_append(ledger, set, &record, error) != 0)
        return -1;
    if (!method)
        return 0;
    struct ar_record own = { .stage = AR_STAGE_METHOD, .rows_in = before.rows, .rows = ar_node_count_of(method, "rows"),
                             .dropped = ar_node_get(method, "dropped") };
    return ar_ledger_append(ledger, set, &own, error);
}

static int note_rows(struct ar_ledger *ledger, const struct ar_tree *method, struct ar_error *error)
{
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(ledger)); set; set = set->next)
        if (note_set(ledger, set->name, method ? ar_node_get(method->root, set->name) : NULL, error) != 0)
            return -1;
    return 0;
}

/* The records that the method gave of its own, behind that of this stage. */
static int note_kept(struct ar_ledger *ledger, const struct ar_cache_entry *kept, struct ar_error *error)
{
    for (const struct ar_node *set = ar_node_members(ar_ledger_sets(&kept->ledger)); set; set = set->next)
        for (const struct ar_node *record = ar_node_items(set); record; record = record->next)
            ar_tree_put_copy(&ledger->tree, ar_ledger_records(ledger, set->name), NULL, record);
    return ar_tree_check(&ledger->tree, error);
}

/* ---- the kinds of lanes --------------------------------------------------------------------------------------------- */

static int write_result(struct ar_lane_writer *w, struct ar_lane_done *done, const struct ar_contract_answer *answer,
                        struct ar_error *error)
{
    if (start_entries(w, done, error) != 0)
        return -1;
    for (size_t i = 0; i < answer->images.n; i++)
        if (put_image(w, &answer->images, i, error) != 0)
            return -1;
    const struct ar_buf *table = &answer->result;
    if (done->outcome == AR_LANE_RESULT &&
        (ar_emit_whole(&w->emit, w->target->data, AR_NAME_RESULT, true, table->data, table->len, error) != 0 ||
         ar_ledger_set_file_bytes(w->ledger, AR_NAME_RESULT, table->data, table->len, error) != 0))
        return -1;
    if (put_rest(w, done->number, error) != 0 || note_rows(w->ledger, &answer->rows, error) != 0)
        return -1;
    return end_entries(w, done, error);
}

int ar_lane_write_result(struct ar_lane_writer *w, struct ar_lane_done *done, const struct ar_contract_answer *answer,
                         struct ar_error *error)
{
    int result = write_result(w, done, answer, error);
    ar_emit_release(&w->emit);
    return result;
}

/* Copies an entry from the cache with its digest. */
static int put_kept(struct ar_lane_writer *w, const struct ar_cache_entry *kept, const struct ar_cache_item *item, struct ar_error *error)
{
    const char *xxh3 = ar_node_text_of(ar_node_get(ar_ledger_files(&kept->ledger), item->name), "xxh3");
    if (ar_emit_begin(&w->emit, w->target->data, item->name, item->n, true, item->image_type, error) != 0 ||
        ar_cache_entry_write(kept, item, &w->emit.tar, error) != 0)
        return -1;
    return ar_ledger_set_image(w->ledger, item->name, item->n, xxh3, item->image_type, error);
}

int ar_lane_write_kept(struct ar_lane_writer *w, struct ar_lane_done *done, const struct ar_cache_entry *kept, struct ar_error *error)
{
    bool none = strcmp(ar_cache_entry_outcome(kept), ar_lane_outcome_name(AR_LANE_NO_RESULT)) == 0;
    done->outcome = none ? AR_LANE_NO_RESULT : AR_LANE_RESULT;
    int result = start_entries(w, done, error);
    for (size_t i = 0; i < kept->n && result == 0; i++)
        result = put_kept(w, kept, &kept->item[i], error);
    if (result == 0)
        result = put_rest(w, done->number, error);
    if (result == 0)
        result = note_rows(w->ledger, NULL, error);
    if (result == 0)
        result = note_kept(w->ledger, kept, error);
    if (result == 0)
        result = end_entries(w, done, error);
    ar_emit_release(&w->emit);
    return result;
}

/* The ledger's digests are those of what is left of the lane. */
static int set_files(struct ar_lane_writer *w, const struct ar_buf *text, struct ar_error *error)
{
    const struct ar_target *target = w->target;
    ar_node_clear(ar_ledger_files(w->ledger));
    if (ar_ledger_set_file_bytes(w->ledger, AR_NAME_DATA_NAME, target->data, target->data_len, error) != 0 ||
        ar_ledger_set_file_bytes(w->ledger, AR_NAME_SAMPLE_NAME, target->sample, target->sample_len, error) != 0 ||
        ar_ledger_set_file_bytes(w->ledger, AR_NAME_PARAMS, w->params->data, w->params->len, error) != 0)
        return -1;
    return ar_ledger_set_file_bytes(w->ledger, AR_NAME_ERROR, text->data, text->len, error);
}

int ar_lane_write_failure(struct ar_lane_writer *w, struct ar_lane_done *done, const struct ar_buf *text, struct ar_error *error)
{
    char name[32];
    done->outcome = AR_LANE_FAILED;
    ar_lane_job_rest(name, done->number);
    if (w->root >= 0)
        unlinkat(w->root, name, 0);
    int result = start_entries(w, done, error);
    if (result == 0)
        result = set_files(w, text, error);
    if (result == 0)
        result = ar_emit_whole(&w->emit, w->target->data, AR_NAME_ERROR, false, text->data, text->len, error);
    if (result == 0)
        result = end_entries(w, done, error);
    ar_emit_release(&w->emit);
    return result;
}

int ar_lane_write_skipped(struct ar_lane_writer *w, struct ar_lane_done *done, const char *text, size_t n, struct ar_error *error)
{
    done->outcome = text ? AR_LANE_FAILED : AR_LANE_NOT_CHOSEN;
    int result = start_entries(w, done, error);
    if (result == 0 && text)
        result = ar_emit_whole(&w->emit, w->target->data, AR_NAME_ERROR, false, text, n, error);
    if (result == 0)
        result = put_rest(w, done->number, error);
    if (result == 0)
        result = end_entries(w, done, error);
    ar_emit_release(&w->emit);
    return result;
}
