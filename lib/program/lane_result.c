/* SPDX-License-Identifier: MIT */
/*
 * What analyze gives: the values of a lane's result, and its pictures.
 */
#include <fcntl.h>
#include <math.h>

#include "bytes/text.h"
#include "codecs/real.h"
#include "codecs/tar.h"
#include "codecs/value.h"
#include "program/lane.h"

enum { PICTURE_NAME_MAX = 255 };

/* ---- values --------------------------------------------------------------------------------------------------------- */

/* Is text well-formed UTF-8, and not too long? */
static bool is_text(const char *text)
{
    size_t n = strlen(text);
    return ar_utf8_check(text, n) == n;
}

/* The name of a value: one that no other has. */
static int check_name(struct ar_lane *lane, const char *name)
{
    bool added = false;
    if (!name || !*name)
        return ar_failure_tell(&lane->failure, "a value of the result has no name");
    if (!is_text(name))
        return ar_failure_tell(&lane->failure, "the name '%s' of a value is not UTF-8", name);
    if (lane->values.count == 0 && strncmp(name, AR_CSV_BOM, strlen(AR_CSV_BOM)) == 0)
        return ar_failure_tell(&lane->failure, "the name '%s' begins with a byte order mark", name);
    if (ar_names_add(&lane->values, name, strlen(name), &added) < 0)
        return ar_failure_tell(&lane->failure, "out of memory");
    return added ? 0 : ar_failure_tell(&lane->failure, "the result has '%s' twice", name);
}

/* The names of the lane are added to its result; a method may give them as they are. */
static int check_lane_names(struct ar_lane *lane, const char *name, enum ar_kind kind, const char *text)
{
    const struct ar_target *target = lane->target;
    if (strcmp(name, "data") == 0 && (kind != AR_KIND_TEXT || strcmp(text, target->data) != 0))
        return ar_failure_tell(&lane->failure, "'data' of the result is '%s', but the lane is '%s'", text, target->data);
    if (strcmp(name, "sample_name") == 0 && (kind != AR_KIND_TEXT || strcmp(text, target->sample) != 0))
        return ar_failure_tell(&lane->failure, "'sample_name' of the result is '%s', but the lane's is '%s'", text, target->sample);
    return 0;
}

static int add_value(struct ar_lane *lane, const char *name, enum ar_kind kind, const char *text)
{
    if (check_name(lane, name) != 0 || check_lane_names(lane, name, kind, text) != 0)
        return -1;
    if (lane->none)
        return ar_failure_tell(&lane->failure, "the value '%s' was given after ar_result_none", name);
    if (lane->values.count > 1) {
        ar_buf_add_char(&lane->header, ',');
        ar_buf_add_char(&lane->row, ',');
    }
    ar_csv_encode(&lane->header, name, strlen(name), false);
    ar_value_add(&lane->row, kind, text, strlen(text));
    return lane->header.failed || lane->row.failed ? ar_failure_tell(&lane->failure, "out of memory") : 0;
}

int ar_result_integer(struct ar_lane *lane, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return add_value(lane, name, AR_KIND_NUMBER, text);
}

int ar_result_real(struct ar_lane *lane, const char *name, double value)
{
    char text[AR_REAL_TEXT] = "";
    if (isinf(value))
        return ar_failure_tell(&lane->failure, "'%s' of the result is infinite", name ? name : "");
    if (!isnan(value))
        ar_real_write(text, value);
    return add_value(lane, name, isnan(value) ? AR_KIND_NULL : AR_KIND_NUMBER, text);
}

int ar_result_text(struct ar_lane *lane, const char *name, const char *value)
{
    if (value && !is_text(value))
        return ar_failure_tell(&lane->failure, "'%s' of the result is not UTF-8: '%s'", name ? name : "", value);
    return add_value(lane, name, value ? AR_KIND_TEXT : AR_KIND_NULL, value ? value : "");
}

int ar_result_boolean(struct ar_lane *lane, const char *name, bool value)
{
    return add_value(lane, name, value ? AR_KIND_TRUE : AR_KIND_FALSE, "");
}

int ar_result_null(struct ar_lane *lane, const char *name)
{
    return add_value(lane, name, AR_KIND_NULL, "");
}

void ar_result_none(struct ar_lane *lane)
{
    lane->none = true;
}

/* ---- pictures ------------------------------------------------------------------------------------------------------- */

/* May a picture be called so? As one that a method leaves in a folder. */
static const char *name_fault(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    if (n == 0)
        return N_("has no name");
    if (n > PICTURE_NAME_MAX)
        return N_("has a name of more than 255 bytes");
    if (ar_utf8_check(name, n) != n)
        return N_("has a name that is not UTF-8");
    if (ar_text_has_control(name, n))
        return N_("has a control character in its name");
    if (name[0] == '.')
        return N_("has a name that begins with '.'");
    return strchr(name, '/') ? N_("has a name with '/'") : NULL;
}

static int check_picture(struct ar_lane *lane, const char *name, const char *type)
{
    const char *fault = name_fault(name);
    for (size_t i = 0; !fault && i < lane->n_pictures; i++)
        if (strcmp(lane->picture[i].name, name) == 0)
            fault = N_("is there twice");
    if (!fault && type && (strlen(type) > AR_TAR_IMAGE_TYPE_MAX || !is_text(type) || ar_text_has_control(type, strlen(type))))
        fault = N_("has an image_type that is not UTF-8, has a control character, or more than 200 bytes");
    return fault ? ar_failure_tell(&lane->failure, "the picture '%s' %s", name ? name : "", ar_tr(fault)) : 0;
}

/* The type of a picture for which none is said: what is behind the last '.', in lower case. The caller's. */
static char *extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    char *type = dot && dot[1] ? strdup(dot + 1) : NULL;
    for (char *at = type; at && *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    if (type && strlen(type) > AR_TAR_IMAGE_TYPE_MAX) {
        free(type);
        return NULL;
    }
    return type;
}

static struct ar_picture *add_picture(struct ar_lane *lane, const char *name, const char *type)
{
    if (lane->n_pictures == lane->picture_room) {
        size_t room = lane->picture_room + lane->picture_room / 2 + 4;
        struct ar_picture *grown = reallocarray(lane->picture, room, sizeof *grown);
        if (!grown)
            return NULL;
        lane->picture = grown;
        lane->picture_room = room;
    }
    struct ar_picture *picture = &lane->picture[lane->n_pictures];
    *picture = (struct ar_picture){ .name = strdup(name), .type = type && *type ? strdup(type) : NULL };
    if (!type)
        picture->type = extension(name);
    if (!picture->name || (type && *type && !picture->type)) {
        free(picture->name);
        free(picture->type);
        return NULL;
    }
    lane->n_pictures++;
    return picture;
}

int ar_picture_bytes(struct ar_lane *lane, const char *name, const char *image_type, const void *bytes, size_t n)
{
    if (check_picture(lane, name, image_type) != 0)
        return -1;
    if (!bytes && n > 0)
        return ar_failure_tell(&lane->failure, "the picture '%s' has a length, and no bytes", name);
    struct ar_picture *picture = add_picture(lane, name, image_type);
    if (picture)
        picture->bytes = malloc(n + 1);
    if (!picture || !picture->bytes)
        return ar_failure_tell(&lane->failure, "out of memory for the picture '%s'", name);
    if (n > 0)
        memcpy(picture->bytes, bytes, n);
    picture->n = n;
    return 0;
}

int ar_picture_file(struct ar_lane *lane, const char *name, const char *image_type, const char *path)
{
    if (check_picture(lane, name, image_type) != 0)
        return -1;
    if (!path)
        path = "";
    if (access(path, R_OK) != 0) {
        int errnum = errno;
        ar_failure_tell(&lane->failure, "cannot read the picture '%s': %s", name, ar_errno_text(errnum));
        return ar_failure_detail(&lane->failure, "its file is '%s'", path);
    }
    struct ar_picture *picture = add_picture(lane, name, image_type);
    if (picture)
        picture->path = strdup(path);
    return picture && picture->path ? 0 : ar_failure_tell(&lane->failure, "out of memory for the picture '%s'", name);
}
