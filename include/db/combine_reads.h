/*
 * Reads that wait together are sent together: as one statement whose parameters are arrays, which
 * costs PostgreSQL about half of what they cost one by one.
 *
 * When such a group fails, each of its reads is sent again by itself. A read of a statement that
 * has no form for many is always sent by itself.
 */
#pragma once

#include "db/lane.h"

extern const struct combine combine_reads;

/* Each by itself. */
extern const struct combine combine_large_reads;
