/* SPDX-License-Identifier: MIT */
/*
 * What differs between the contracts of methods: what is made of a lane's sets while they are read, how a method is asked, and
 * how its answer is read. Processes, limits, logs, failures and what is written to the stream are the same for all
 * (methods/lane_job.h).
 */
#ifndef AR_METHODS_CONTRACT_H
#define AR_METHODS_CONTRACT_H

#include "lanes/stream.h"
#include "methods/files.h"
#include "methods/wire_tar.h"

#define AR_RESULT_MAX (UINT64_C(16) << 20) /* bytes that a method may print by the contract "files" */

/* A lane that is read: what is put into its folder for the method. */
struct ar_contract_input {
    int dirfd; /* its folder; -1: the lane is not wanted */
    const struct ar_target *target;
    const struct ar_buf *params;        /* JSON; empty as long as they were not read */
    const struct ar_manifest *manifest; /* or NULL */
    struct ar_wire_tar wire;            /* its own, where a contract puts all into one tar; ar_wire_tar_abandon ends it */
    bool params_put;                    /* its own: the params are in it */
};

/* A lane that is asked for. Its folder has names, params and ledger as the contract "files" has it, and what take_set made. */
struct ar_contract_lane {
    struct ar_target target;
    struct ar_buf params; /* JSON */
    struct ar_ledger ledger;
    int dirfd; /* its folder: the method's current directory */
    const struct ar_manifest *manifest; /* or NULL */
};

/* What the method answered for it. Zeroed but for images.dirfd (-1) and result (ar_buf_init), it is empty. */
struct ar_contract_answer {
    bool none;             /* it has no result */
    struct ar_buf result;  /* CSV: header and one row, with data and sample_name */
    struct ar_images images;
    struct ar_tar_map map; /* its own, where the pictures are in a tar */
};

struct ar_contract_calls {
    bool shares;      /* a process is started for a share of the lanes (methods/share_job.h): it is asked otherwise than below */
    uint64_t out_max; /* bytes of standard output that are taken; up to AR_RESULT_MAX they are held in memory, else in TMPDIR */

    /* While the lane is read: puts a set, at whose body the stream stands, into its folder. 0, or -1 (also of the stream). */
    int (*take_set)(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                    struct ar_error *error);

    /* After its last set, with its params: or NULL. 0, or -1 (AR_SYSTEM). */
    int (*take_end)(struct ar_contract_input *input, struct ar_error *error);

    /*
     * Before the start: completes the environment (the caller asks ar_env_check) and proc, of which program, argv, limits, log,
     * dirfd, in (-1) and out are filled in already. Where it sets proc->in, the caller closes that after the run. 0, or -1: the
     * system said no.
     */
    int (*ask)(const struct ar_contract_lane *lane, struct ar_env *env, struct ar_proc *proc, struct ar_error *error);

    /*
     * After it ended well: reads its answer, of which n bytes are on standard output (the file out, from its start). 0, or -1:
     * AR_CONTENT where it is no answer, which is the lane's failure, else the system said no.
     */
    int (*answer)(const struct ar_contract_lane *lane, int out, uint64_t n, struct ar_contract_answer *answer,
                  struct ar_error *error);

    /* After it ended otherwise: appends what it says of it on standard output; or NULL. */
    void (*said)(int out, uint64_t n, struct ar_buf *said);
};

/* The take_set of methods that get files: image_analysis_results/SET.csv. */
int ar_contract_take_file(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                          struct ar_error *error) AR_MUST_USE;

/* In contract_first.c. */
extern const struct ar_contract_calls ar_contract_first;

/* The calls of a contract, or NULL where it is not known here. */
const struct ar_contract_calls *ar_contract_calls(enum ar_contract contract);

#endif
