/* SPDX-License-Identifier: MIT */
/*
 * The pictures of a lane: files that a method left in images/, or entries of the tar that it answered.
 */
#ifndef AR_METHODS_IMAGES_H
#define AR_METHODS_IMAGES_H

#include <sys/types.h>

#include "bytes/error.h"

/* What a method may leave. */
#define AR_FILES_IMAGES "images"
#define AR_FILES_IMAGE_TYPES "images.csv"

struct ar_image {
    const char *data; /* its bytes, where they are in memory; NULL: a file in the folder */
    char *name; /* in images/: UTF-8, no control character, no '/', no '.' before it, at most 255 bytes */
    char *type; /* from images.csv, else the extension in lower case ("Curve.PNG": "png"), else "" */
    uint64_t size;
    dev_t dev; /* of a file, as ino */
    ino_t ino;
};

struct ar_images {
    int dirfd; /* the folder images/, or -1 where there is none */
    struct ar_image *image; /* in byte order of their names */
    size_t n, room;
};

#define AR_IMAGES_NONE ((struct ar_images){ .dirfd = -1 })

/*
 * Lists what the method left in images/; without that folder there is no picture. To be called when all its processes are
 * gone. No link is followed. Errors of the method's making are AR_CONTENT and name the culprit: images is no real folder;
 * an entry is no regular file (a link, folder, FIFO, …), has a second name (a hard link may lead to a file of somebody
 * else), or a name that is not as said above (a hidden file, too: what nobody would see is not delivered, and nothing is
 * left out in silence); images.csv is no regular file, no table with the columns name and image_type, names a picture
 * twice or one that is not there, or a type with a control character. An empty image_type in it is no type. 0, or -1;
 * images is to be released in both cases.
 */
int ar_files_images(int dirfd, struct ar_images *images, struct ar_error *error) AR_MUST_USE;

/*
 * Adds a picture whose bytes are in memory, and stay there; type: its image_type, or NULL. 0, or -1: AR_CONTENT for a name that
 * ar_files_images refuses.
 */
int ar_images_add(struct ar_images *images, const char *name, const char *type, const char *data, uint64_t n,
                  struct ar_error *error) AR_MUST_USE;

/* All were added: puts them in their order, and completes their types. 0, or -1: AR_CONTENT where one is there twice. */
int ar_images_complete(struct ar_images *images, struct ar_error *error) AR_MUST_USE;

/*
 * Opens the i-th picture, a file, for reading. -1 where it cannot be read, or (AR_CONTENT) is not the file any more that was listed, or is
 * large (over 64 MiB) and sparse: by far the most of its size (15 of 16 parts) was never written. To copy it would take room and
 * time for nothing, without end if the method wants it.
 */
int ar_images_open(const struct ar_images *images, size_t i, struct ar_error *error) AR_MUST_USE;

void ar_images_release(struct ar_images *images);

#endif
