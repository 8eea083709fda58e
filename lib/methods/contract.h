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
#include "methods/lane_folder.h"
#include "methods/share_file.h"
#include "methods/wire_tar.h"

#define AR_RESULT_MAX (UINT64_C(16) << 20) /* bytes that a method may print by the contract "files" */

/* What is read for methods, lane by lane. Zeroed but for dirfd (-1), sets (ar_buf_init), wire (AR_WIRE_TAR_NONE), share (ar_share_file_init). */
struct ar_contract_input {
    int root;                           /* the work folder */
    const struct ar_manifest *manifest; /* or NULL */
    struct ar_lane_folders folders;     /* that wait to be used again */

    /* the lane at hand: */
    bool wanted;                 /* it is to be asked for; without that, nothing is put anywhere */
    uint32_t number;             /* in the stream */
    const struct ar_target *target;
    const struct ar_buf *params; /* JSON; empty as long as they were not read */

    /* the contract's own: */
    int dirfd;                   /* the lane's folder */
    uint32_t old_sets;           /* files of an earlier lane's sets that are in it still */
    struct ar_buf sets;          /* the files of the sets that were put there, each with its NUL */
    struct ar_wire_tar wire;     /* where all goes into one tar in it */
    bool params_put;             /* the params are in the tar */
    bool begun;                  /* the lane is in the share's file */
    struct ar_share_file share;  /* of the contract "lanes" */
    size_t share_room;           /* when it is created: for its targets */
    const struct ar_buf *top_params; /* those at the top of the stream, as params */
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
    struct ar_tree rows;   /* SET → the record of what the method dropped of it by itself; or empty */
};

/*
 * Takes a record that a method may leave in a lane's ledger, by a contract in which it writes one:
 * {"stage":"method","rows_in":N,"rows":M,"dropped":{REASON:N-M}} (AR_STAGE_METHOD). 0, or -1: AR_CONTENT where it does
 * not add up, or is not of what the method was given.
 */
int ar_contract_add_rows(struct ar_contract_answer *answer, const struct ar_contract_lane *lane, const char *set,
                         const struct ar_node *record, struct ar_error *error) AR_MUST_USE;

struct ar_contract_calls {
    const struct ar_share_calls *shares; /* a process is started for a share of the lanes, and asked by these (methods/share_work.h)
                                            in the place of ask and answer; else NULL */
    uint64_t out_max; /* bytes of standard output that are taken; up to AR_RESULT_MAX they are held in memory, else in TMPDIR */

    /*
     * While a lane is read that is wanted. 0, or -1 (AR_SYSTEM; take_set also of the stream):
     * begin: its names are known. take_set: takes the set at whose body the stream stands. end: it was read to its ledger, and
     * can be asked for. drop: in the place of end where it is not to be asked for.
     */
    int (*begin)(struct ar_contract_input *input, struct ar_error *error);
    int (*take_set)(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                    struct ar_error *error);
    int (*end)(struct ar_contract_input *input, const struct ar_entry *ledger, struct ar_error *error);
    int (*drop)(struct ar_contract_input *input, struct ar_error *error);

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

/*
 * In contract_folder.c: for methods for which a lane is a folder of files (methods/files.h), in which take_set puts
 * image_analysis_results/SET.csv.
 */
int ar_contract_begin_folder(struct ar_contract_input *input, struct ar_error *error) AR_MUST_USE;
int ar_contract_take_file(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                          struct ar_error *error) AR_MUST_USE;
int ar_contract_end_folder(struct ar_contract_input *input, const struct ar_entry *ledger, struct ar_error *error) AR_MUST_USE;
int ar_contract_drop_folder(struct ar_contract_input *input, struct ar_error *error) AR_MUST_USE;

/* In contract_lanes.c: for those for which it is a part of a stream, in input->share. */
int ar_contract_take_share(struct ar_contract_input *input, struct ar_stream *stream, const struct ar_entry *entry,
                           struct ar_error *error) AR_MUST_USE;
int ar_contract_end_share(struct ar_contract_input *input, const struct ar_entry *ledger, struct ar_error *error) AR_MUST_USE;
int ar_contract_drop_share(struct ar_contract_input *input, struct ar_error *error) AR_MUST_USE;

/* In contract_first.c. */
extern const struct ar_contract_calls ar_contract_first;

/* The calls of a contract, or NULL where it is not known here. */
const struct ar_contract_calls *ar_contract_calls(enum ar_contract contract);

#endif
