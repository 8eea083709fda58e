/* SPDX-License-Identifier: MIT */
#include "codecs/tar_map.h"

#include "bytes/grow.h"
#include "bytes/names.h"

void ar_tar_map_release(struct ar_tar_map *map)
{
    for (size_t i = 0; i < map->n; i++) {
        free(map->item[i].name);
        free(map->item[i].image_type);
        free(map->item[i].pax);
    }
    free(map->item);
    free(map->what);
    free(map->name);
    if (map->mapped)
        ar_map_release(&map->map);
    *map = (struct ar_tar_map){ 0 };
}

static struct ar_tar_item *add_item(struct ar_tar_map *map)
{
    if (map->n == map->room && !ar_grow(&map->item, &map->room, sizeof *map->item))
        return NULL;
    struct ar_tar_item *item = &map->item[map->n++];
    *item = (struct ar_tar_item){ 0 };
    return item;
}

static int take_entry(struct ar_tar_map *map, const struct ar_tar_entry *entry, struct ar_error *error)
{
    if (entry->body_offset > map->map.len || entry->size > map->map.len - entry->body_offset)
        return 0; /* cut: the reader says so when it passes over the body */
    struct ar_tar_item *item = add_item(map);
    if (!item)
        return ar_fail_memory(error);
    item->data = map->map.data + entry->body_offset;
    item->n = entry->size;
    item->is_file = entry->is_file;
    item->name = strdup(entry->name);
    item->image_type = entry->image_type ? strdup(entry->image_type) : NULL;
    item->pax = entry->pax_len ? malloc(entry->pax_len) : NULL;
    item->pax_len = entry->pax_len;
    if (!item->name || (entry->image_type && !item->image_type) || (entry->pax_len && !item->pax))
        return ar_fail_memory(error);
    if (entry->pax_len)
        memcpy(item->pax, entry->pax, entry->pax_len);
    return 0;
}

/* Is no entry there twice? */
static int check_names(const struct ar_tar_map *map, struct ar_error *error)
{
    struct ar_names names = { 0 };
    int result = 0;
    for (size_t i = 0; i < map->n && result == 0; i++) {
        bool added = false;
        if (ar_names_add(&names, map->item[i].name, strlen(map->item[i].name), &added) < 0)
            result = ar_fail_memory(error);
        else if (!added) {
            ar_fail(error, AR_INPUT, "%s: entry '%s' is there twice", map->what, map->item[i].name);
            result = ar_hint(error, "It cannot be told which of the two is meant.");
        }
    }
    ar_names_release(&names);
    return result;
}

static int read_entries(struct ar_tar_map *map, struct ar_in *in, struct ar_error *error)
{
    struct ar_tar_reader *tar = ar_tar_reader_new(in, error);
    if (!tar)
        return -1;
    struct ar_tar_entry entry;
    int got;
    while ((got = ar_tar_next(tar, &entry, error)) > 0)
        if (take_entry(map, &entry, error) != 0) {
            got = -1;
            break;
        }
    map->cut = got == 0 && ar_tar_reader_cut(tar);
    ar_tar_reader_free(tar);
    return got == 0 ? check_names(map, error) : -1;
}

/* Inputs quote their names themselves. The caller's. NULL when memory ran out. */
static char *without_quotes(const char *what)
{
    size_t n = strlen(what);
    bool quoted = n >= 2 && what[0] == '\'' && what[n - 1] == '\'';
    return quoted ? strndup(what + 1, n - 2) : strdup(what);
}

static int read_map(struct ar_tar_map *map, int fd, const char *name, struct ar_error *error)
{
    struct ar_in *in = ar_in_new(fd, name, error);
    if (!in)
        return -1;
    int result = ar_map_in(&map->map, in, UINT64_MAX, error);
    map->mapped = result == 0;
    ar_in_free(in);
    if (result != 0)
        return -1;
    in = ar_map_again(&map->map, name, error);
    if (!in)
        return -1;
    result = read_entries(map, in, error);
    ar_in_free(in);
    return result;
}

int ar_tar_map_read(struct ar_tar_map *map, int fd, const char *what, struct ar_error *error)
{
    *map = (struct ar_tar_map){ .what = strdup(what), .name = without_quotes(what) };
    if (!map->what || !map->name)
        return ar_fail_memory(error);
    return read_map(map, fd, map->name, error);
}

const struct ar_tar_item *ar_tar_map_find(const struct ar_tar_map *map, const char *name)
{
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->item[i].name, name) == 0)
            return &map->item[i];
    return NULL;
}

int ar_tar_map_check(const struct ar_tar_map *map, struct ar_error *error)
{
    return map->mapped ? ar_map_check(&map->map, map->name, error) : 0;
}
