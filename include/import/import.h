/*
 * An import: from the files of a data set to the tables that the service reads.
 *
 * All or nothing: until the last moment a failure or a signal to stop leaves the database as it
 * was. What a killed import has left behind is removed by the next one; there is one at a time.
 */
#pragma once

#include "import/layout.h"

#include <stdbool.h>
#include <stdint.h>

struct import_options {
    const char *database_url;
    const char *shared_file;          /* by which the caches of a running service are told */
    bool have_no_caches;              /* services of this database need not be told */
    int64_t lease_ms;                 /* QA_LEASE_MS: services of other hosts are waited for */
    const char *paths[DATASET_FILES]; /* NULL = none, "-" = standard input */
    const char *rejects;              /* path of the reject file */
    bool is_sample;                   /* mark the data as the sample */
    bool only_if_empty;               /* do nothing where the database holds data */
    bool replace;                     /* remove the sample that the database holds */
    bool dry_run;                     /* check everything, and publish nothing */
};

enum import_outcome {
    IMPORT_DONE,
    IMPORT_FAILED,
    IMPORT_WITH_REJECTS,
    IMPORT_UNTOLD, /* done, perhaps with rejects; a service may show old pages until they expire */
    IMPORT_UNKNOWN /* done, perhaps with rejects, or failed: the commit got no clear reply */
};

/* Tells on standard error what was done, or why not. Signals to stop must be held back
 * (ops/stop_signals.h). */
__attribute__((warn_unused_result)) enum import_outcome
import_run(const struct import_options *options);
