/*
 * Staging: the good rows of the files, in tables of a schema of their own.
 *
 * Each file has a thread and a session of its own, which checks its rows and streams the good ones
 * by COPY. What only the database can tell is checked when all are there.
 *
 * The staging tables are either made to be exchanged for the published ones, with everything that
 * these have, or so that their rows can be added to those: then unlogged and without indexes.
 */
#pragma once

#include "import/input.h"
#include "import/record.h"
#include "import/session.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is known of a file's good rows without asking the database. */
struct row_facts {
    uint64_t count;
    int64_t lowest_id, highest_id;
    int64_t lowest_parent_id, highest_parent_id;
    int64_t last_id, last_parent_id;
    bool ids_rise;     /* so that none is repeated */
    bool parents_rise; /* or stay the same: the rows lie in the order of their parents */
};

/* A file on its way into staging. */
struct staged_file {
    const struct layout *layout;
    const char *name; /* of the file, for people */
    struct input input;
    struct layout_header header;
    struct row_facts good;
    _Atomic uint64_t rows;      /* that were read, good or bad; any thread may look */
    atomic_bool is_staged;      /* all of them are checked, and the good ones sent */
    uint64_t rejected[REASONS]; /* by enum reason */
    bool is_given;              /* else there are no rows */
    bool has_photo_urls;        /* as far as the order of both files allows */
    bool is_indexed;            /* its staging table has its indexes and statistics */
    struct failure failure;     /* of its thread */
};

/* The rows of a file that were rejected, for whatever reason. */
uint64_t staging_count_rejected(const struct staged_file *file);

/* Makes staging anew, without rows. */
__attribute__((warn_unused_result)) bool staging_create(bool for_exchange, struct session *session);

/* Checks all rows and stages the good ones. */
__attribute__((warn_unused_result)) bool staging_fill(struct staged_file files[DATASET_FILES],
                                                      const char *database_url, bool for_exchange,
                                                      struct failure *failure);

/* Rejects what only the database can tell, and makes what is still missing for an exchange. */
__attribute__((warn_unused_result)) bool staging_finish(struct staged_file files[DATASET_FILES],
                                                        bool for_exchange, struct session *session);
