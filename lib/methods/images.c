/* SPDX-License-Identifier: MIT */
#include "methods/images.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "bytes/grow.h"
#include "bytes/io.h"
#include "bytes/text.h"
#include "codecs/table.h"
#include "codecs/tar.h"

#define NAME_BYTES 255 /* of a picture: what a component of a path may have on every common file system */
#define TYPES_BYTES ((size_t)16 << 20)
#define SPARSE_BYTES ((off_t)64 << 20) /* of a picture that may be as sparse as it likes */
#define SPARSE_RATIO 16                /* how many times as large as what it holds a larger one may be */

/* ---- what is wrong with a file -------------------------------------------------------------------------------------- */

/* Records "'FOLDERNAME' what" as the method's fault, the name so that it can be shown. */
static int fail_file(struct ar_error *error, const char *folder, const char *name, const char *what)
{
    struct ar_buf shown;

    ar_buf_init(&shown);
    ar_text_show(&shown, name, strlen(name));
    int result = ar_buf_check(&shown, error) == 0 ? ar_fail(error, AR_CONTENT, "'%s%s' %s", folder, shown.data, ar_tr(what)) : -1;
    ar_buf_release(&shown);
    return result;
}

enum call { OPEN, LOOK, LIST };

/* Records that a call on a file failed: by the method's doing where it took the rights away, else by the system's. */
static int fail_call(struct ar_error *error, int errnum, enum call call, const char *folder, const char *name)
{
    struct ar_buf shown;

    ar_buf_init(&shown);
    ar_text_show(&shown, name, strlen(name));
    if (ar_buf_check(&shown, error) == 0) {
        ar_fail_errno(error, errnum,
                      call == OPEN   ? N_("cannot open '%s%s'")
                      : call == LOOK ? N_("cannot look at '%s%s'")
                                     : N_("cannot list '%s%s'"),
                      folder, shown.data);
        if (errnum == EACCES)
            error->status = AR_CONTENT;
    }
    ar_buf_release(&shown);
    return -1;
}

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return N_("is a symbolic link, not a regular file");
    case S_IFDIR:
        return N_("is a folder, not a regular file");
    case S_IFIFO:
        return N_("is a FIFO, not a regular file");
    case S_IFSOCK:
        return N_("is a socket, not a regular file");
    default:
        return N_("is a device, not a regular file");
    }
}

/* A regular file with one name only? */
static int check_regular(const char *folder, const char *name, const struct stat *st, struct ar_error *error)
{
    if (!S_ISREG(st->st_mode))
        return fail_file(error, folder, name, kind_of(st->st_mode));
    if (st->st_nlink != 1) {
        fail_file(error, folder, name, N_("is a hard link: the file has another name, too"));
        return ar_hint(error, "copy the file instead of linking it");
    }
    return 0;
}

static int check_name(const char *name, struct ar_error *error)
{
    size_t n = strlen(name);

    if (ar_utf8_check(name, n) != n)
        return fail_file(error, AR_FILES_IMAGES "/", name, N_("has a name that is not UTF-8"));
    if (ar_text_has_control(name, n))
        return fail_file(error, AR_FILES_IMAGES "/", name, N_("has a control character in its name"));
    if (n > NAME_BYTES)
        return fail_file(error, AR_FILES_IMAGES "/", name, N_("has a name of more than 255 bytes"));
    if (name[0] == '.') {
        fail_file(error, AR_FILES_IMAGES "/", name, N_("is a hidden file"));
        return ar_hint(error, "a method leaves nothing but pictures in images/; temporary files belong elsewhere");
    }
    return 0;
}

/* ---- the list ------------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ar_image *)a)->name, ((const struct ar_image *)b)->name);
}

/* Opens images/ as images->dirfd; where it is not there, that stays -1. */
static int open_folder(int dirfd, struct ar_images *images, struct ar_error *error)
{
    struct stat st;

    if (fstatat(dirfd, AR_FILES_IMAGES, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : fail_call(error, errno, LOOK, "", AR_FILES_IMAGES);
    if (!S_ISDIR(st.st_mode)) {
        fail_file(error, "", AR_FILES_IMAGES, S_ISLNK(st.st_mode) ? N_("is a symbolic link, not a folder") : N_("is not a folder"));
        return ar_hint(error, "pictures are left as files in a folder 'images', made with mkdir in the current directory");
    }
    images->dirfd = openat(dirfd, AR_FILES_IMAGES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return images->dirfd < 0 ? fail_call(error, errno, OPEN, "", AR_FILES_IMAGES) : 0;
}

/* Adds a picture, of which name is copied. */
static int add(struct ar_images *images, const char *name, const struct ar_image *what, struct ar_error *error)
{
    if (images->n == images->room && !ar_grow(&images->image, &images->room, sizeof *images->image))
        return ar_fail_memory(error);

    struct ar_image *image = &images->image[images->n];
    *image = *what;
    image->name = strdup(name);
    if (!image->name)
        return ar_fail_memory(error);
    images->n++;
    return 0;
}

/* Checks an entry of images/ and adds it. */
static int add_file(struct ar_images *images, const char *name, struct ar_error *error)
{
    struct stat st;

    if (check_name(name, error) != 0)
        return -1;
    if (fstatat(images->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_call(error, errno, LOOK, AR_FILES_IMAGES "/", name);
    if (check_regular(AR_FILES_IMAGES "/", name, &st, error) != 0)
        return -1;
    const struct ar_image image = {.size = (uint64_t)st.st_size, .dev = st.st_dev, .ino = st.st_ino};
    return add(images, name, &image, error);
}

static int list_folder(struct ar_images *images, struct ar_error *error)
{
    int fd = fcntl(images->dirfd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int result = 0;

    if (!dir) {
        fail_call(error, errno, LIST, "", AR_FILES_IMAGES);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (result == 0) {
        errno = 0;
        struct dirent *entry = readdir(dir);

        if (!entry) {
            if (errno != 0)
                result = fail_call(error, errno, LIST, "", AR_FILES_IMAGES);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = add_file(images, entry->d_name, error);
    }
    closedir(dir);
    if (images->n > 0)
        qsort(images->image, images->n, sizeof *images->image, by_name);
    return result;
}

/* ---- their types ---------------------------------------------------------------------------------------------------- */

/* What names a row of images.csv in messages. */
static int fail_row(struct ar_error *error, const struct ar_table *table, size_t row)
{
    return ar_fail_in(error, "'" AR_FILES_IMAGE_TYPES "', line %" PRIu64, ar_table_line(table, row));
}

/* The value of a cell. A quote within an unquoted cell is refused, as in all small tables that people write. */
static int cell_value(const struct ar_table *table, size_t row, ssize_t column, struct ar_buf *value, struct ar_error *error)
{
    struct ar_cell cell = ar_table_cell(table, row, (size_t)column);

    ar_buf_clear(value);
    ar_cell_add(value, &cell);
    if (!cell.quoted && memchr(cell.text, '"', cell.len)) {
        ar_fail(error, AR_CONTENT, "a quote within a cell that is not quoted");
        return ar_hint(error, "write \"a \"\"b\"\" c\" for a \"b\" c");
    }
    return ar_buf_check(value, error);
}

/* Gives the picture name its type. */
static int set_type(struct ar_images *images, const struct ar_buf *name, const struct ar_buf *type, struct ar_error *error)
{
    struct ar_image key = {.name = name->data};
    struct ar_image *image = images->n > 0 ? bsearch(&key, images->image, images->n, sizeof key, by_name) : NULL;

    if (!image) {
        fail_file(error, "", name->data, N_("is not in '" AR_FILES_IMAGES "'"));
        if (strncmp(name->data, AR_FILES_IMAGES "/", strlen(AR_FILES_IMAGES "/")) == 0)
            ar_hint(error, "names are given without 'images/' before them");
        return -1;
    }
    if (image->type)
        return fail_file(error, "", name->data, N_("is named a second time"));
    if (ar_text_has_control(type->data, type->len))
        return fail_file(error, "", name->data, N_("has an image_type with a control character"));
    image->type = strdup(type->data);
    return image->type ? 0 : ar_fail_memory(error);
}

static int apply_types(struct ar_images *images, const struct ar_table *table, struct ar_error *error)
{
    ssize_t name_column = ar_table_find(table, "name"), type_column = ar_table_find(table, "image_type");
    struct ar_buf name, type;
    int result = 0;

    if (name_column < 0)
        return ar_csv_fail_column(&table->header, "name", "'" AR_FILES_IMAGE_TYPES "'", error);
    if (type_column < 0)
        return ar_csv_fail_column(&table->header, "image_type", "'" AR_FILES_IMAGE_TYPES "'", error);
    ar_buf_init(&name);
    ar_buf_init(&type);
    for (size_t row = 0; row < table->rows && result == 0; row++)
        if (cell_value(table, row, name_column, &name, error) != 0 || cell_value(table, row, type_column, &type, error) != 0 ||
            set_type(images, &name, &type, error) != 0)
            result = fail_row(error, table, row);
    ar_buf_release(&name);
    ar_buf_release(&type);
    return result;
}

/* Reads images.csv, where there is one. */
static int read_types(int dirfd, struct ar_images *images, struct ar_error *error)
{
    struct ar_buf text;
    struct ar_table table;
    struct stat st;

    if (fstatat(dirfd, AR_FILES_IMAGE_TYPES, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : fail_call(error, errno, LOOK, "", AR_FILES_IMAGE_TYPES);
    if (check_regular("", AR_FILES_IMAGE_TYPES, &st, error) != 0)
        return -1;
    ar_buf_init(&text);

    int result = ar_read_file(dirfd, AR_FILES_IMAGE_TYPES, &text, TYPES_BYTES, error);
    if (result == 0)
        result = ar_table_parse(&table, text.data, text.len, "'" AR_FILES_IMAGE_TYPES "'", error);
    if (result == 0) {
        result = apply_types(images, &table, error);
        ar_table_release(&table);
    }
    ar_buf_release(&text);
    if (result != 0 && error->status == AR_INPUT) /* of others; here it is what a method made */
        error->status = AR_CONTENT;
    return result;
}

/* The extension in lower case without its dot, or "". */
static char *type_by_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    char *type = strdup(dot ? dot + 1 : "");

    for (char *c = type; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return type;
}

/* Where a picture has no type, its extension is that. */
static int complete_types(struct ar_images *images, struct ar_error *error)
{
    for (size_t i = 0; i < images->n; i++) {
        struct ar_image *image = &images->image[i];

        if (!image->type && !(image->type = type_by_extension(image->name)))
            return ar_fail_memory(error);
        if (strlen(image->type) > AR_TAR_IMAGE_TYPE_MAX)
            return fail_file(error, AR_FILES_IMAGES "/", image->name,
                             N_("has an image_type of more than 200 bytes: name a shorter one in " AR_FILES_IMAGE_TYPES));
    }
    return 0;
}

int ar_files_images(int dirfd, struct ar_images *images, struct ar_error *error)
{
    *images = (struct ar_images){.dirfd = -1};
    if (open_folder(dirfd, images, error) != 0)
        return -1;
    if (images->dirfd >= 0 && list_folder(images, error) != 0)
        return -1;
    if (read_types(dirfd, images, error) != 0)
        return -1;
    return complete_types(images, error);
}

/* ---- pictures in memory --------------------------------------------------------------------------------------------- */

int ar_images_add(struct ar_images *images, const char *name, const char *type, const char *data, uint64_t n,
                  struct ar_error *error)
{
    struct ar_image image = {.data = data, .size = n};

    if (strchr(name, '/'))
        return fail_file(error, AR_FILES_IMAGES "/", name, N_("lies in a folder below images"));
    if (check_name(name, error) != 0)
        return -1;
    image.type = type && *type ? strdup(type) : NULL;
    if (type && *type && !image.type)
        return ar_fail_memory(error);
    int result = add(images, name, &image, error);
    if (result != 0)
        free(image.type);
    return result;
}

int ar_images_complete(struct ar_images *images, struct ar_error *error)
{
    if (images->n > 0)
        qsort(images->image, images->n, sizeof *images->image, by_name);
    for (size_t i = 1; i < images->n; i++)
        if (strcmp(images->image[i - 1].name, images->image[i].name) == 0)
            return fail_file(error, AR_FILES_IMAGES "/", images->image[i].name, N_("is there twice"));
    return complete_types(images, error);
}

/* ---- their bytes ---------------------------------------------------------------------------------------------------- */

/*
 * Does it hold by far less than its size says? On file systems that compress, or tell late how much they hold, there must be a
 * hole in it, too.
 */
static bool is_sparse(int fd, const struct stat *st)
{
    return st->st_size > SPARSE_BYTES && st->st_blocks < st->st_size / 512 / SPARSE_RATIO &&
           lseek(fd, 0, SEEK_HOLE) < st->st_size;
}

static int fail_sparse(const char *name, const struct stat *st, struct ar_error *error)
{
    char what[256];

    snprintf(what, sizeof what, ar_tr("is sparse: it has %" PRIu64 " MiB, of which %" PRIu64 " MiB were written"),
             (uint64_t)st->st_size >> 20,
             (uint64_t)st->st_blocks * 512 >> 20);
    fail_file(error, AR_FILES_IMAGES "/", name, what);
    return ar_hint(error, "a picture is delivered with all its bytes; write it without gaps");
}

int ar_images_open(const struct ar_images *images, size_t i, struct ar_error *error)
{
    const struct ar_image *image = &images->image[i];
    int fd = openat(images->dirfd, image->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return fail_call(error, errno, OPEN, AR_FILES_IMAGES "/", image->name);
    bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_dev == image->dev &&
                st.st_ino == image->ino && (uint64_t)st.st_size == image->size;
    bool sparse = same && is_sparse(fd, &st);
    if (same && !sparse && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    close(fd);
    if (sparse)
        return fail_sparse(image->name, &st, error);
    return fail_file(error, AR_FILES_IMAGES "/", image->name, N_("was changed after the method had ended"));
}

void ar_images_release(struct ar_images *images)
{
    for (size_t i = 0; i < images->n; i++) {
        free(images->image[i].name);
        free(images->image[i].type);
    }
    free(images->image);
    if (images->dirfd >= 0)
        close(images->dirfd);
    *images = (struct ar_images){.dirfd = -1};
}
