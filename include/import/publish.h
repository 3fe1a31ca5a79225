/*
 * Publishing: what is in staging becomes the shop's, all in one transaction or nothing.
 *
 *   - Where the tables are empty, or hold the sample that is to be replaced, the staging tables
 * take their places, which takes a moment in which others are locked out.
 *   - Elsewhere nobody is locked out: the rows are added. One whose id is there stays as it is.
 *
 * Either way the identity sequences are moved past the new ids first: who adds a question or an
 * answer meanwhile never gets one of those, and never waits to see whether it will be taken.
 */
#pragma once

#include "import/staging.h"

struct publication {
    bool for_exchange;    /* staging was made for that */
    bool replaces_sample; /* what the tables hold is the sample, which is to go */
    bool is_sample;       /* what is published is the sample */
    uint64_t imported[DATASET_FILES];
    bool is_unknown; /* publish() failed when it may have published all */
};

__attribute__((warn_unused_result)) bool publish(struct publication *publication,
                                                 const struct staged_file files[DATASET_FILES],
                                                 struct session *session);
