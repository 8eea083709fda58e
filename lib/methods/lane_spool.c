/* SPDX-License-Identifier: MIT */
#include "methods/lane_spool.h"

static int open_spool(struct ar_lane_spool *spool, struct ar_error *error)
{
    char name[256];
    spool->fd = ar_spool_open(error);
    if (spool->fd < 0)
        return -1;
    spool->out = ar_out_new(spool->fd, ar_spool_name(name), AR_FILTER_NONE, error);
    return spool->out ? 0 : -1;
}

int ar_lane_spools_open(struct ar_lane_spools *spools, unsigned n, struct ar_error *error)
{
    spools->spool = calloc((size_t)n + 1, sizeof *spools->spool);
    if (!spools->spool)
        return ar_fail_memory(error);
    for (; spools->n <= n; spools->n++)
        spools->spool[spools->n].fd = -1;
    for (unsigned i = 0; i < n; i++)
        if (open_spool(&spools->spool[i], error) != 0)
            return -1;
    return 0;
}

struct ar_lane_spool *ar_lane_spools_own(struct ar_lane_spools *spools, struct ar_error *error)
{
    struct ar_lane_spool *own = &spools->spool[spools->n - 1];
    return own->out || open_spool(own, error) == 0 ? own : NULL;
}

void ar_lane_spools_release(struct ar_lane_spools *spools)
{
    for (unsigned i = 0; i < spools->n; i++) {
        ar_out_abandon(spools->spool[i].out);
        if (spools->spool[i].fd >= 0)
            close(spools->spool[i].fd);
    }
    free(spools->spool);
    *spools = (struct ar_lane_spools){ 0 };
}

int ar_lane_spool_restart(struct ar_lane_spool *spool, struct ar_error *error)
{
    char name[256];
    off_t end = lseek(spool->fd, 0, SEEK_END);
    if (end < 0)
        return ar_fail_errno(error, errno, "cannot write to a %s", ar_spool_name(name));
    ar_out_abandon(spool->out);
    spool->base = (uint64_t)end;
    spool->out = ar_out_new(spool->fd, ar_spool_name(name), AR_FILTER_NONE, error);
    return spool->out ? 0 : -1;
}

uint64_t ar_lane_spool_offset(const struct ar_lane_spool *spool)
{
    return spool->base + ar_out_offset(spool->out);
}
