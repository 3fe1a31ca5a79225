/*
 * The memory of metrics: a file without a name, made by the supervisor and mapped by its processes.
 * It has a part of the supervisor's own and a slot for each process that counts.
 *
 * A slot keeps its counters when its worker ends, and the next one goes on with them. So nothing is
 * lost by a crash, a kill or a reload. Only a worker of a version that counts other things
 * (ops/metrics_table.h, layouts) begins anew. A reader adds up the slots of its own version.
 */
#pragma once

#include "ops/metrics.h"

#include <stdbool.h>

enum {
    METRICS_SLOTS = 2048,           /* memory is taken by those that are used */
    METRICS_SLOT_BYTES = 128 * 1024 /* in the version that makes the memory */
};

struct metrics_memory {
    int descriptor; /* closed on exec */
    void *at;
    size_t bytes; /* that are mapped */
};

/* ---- For the supervisor ---- */

/* Makes the memory, whose own part alone is mapped. False with errno. */
__attribute__((warn_unused_result)) bool metrics_memory_create(struct metrics_memory *memory);

/* Its part. Before metrics_memory_create(), of a memory that is all zeros, one that nobody sees. */
struct metrics_service *metrics_memory_service(const struct metrics_memory *memory);

/* Has the system reserve a slot, before its worker is started: else a lack of memory would end
 * whoever touches it. False with errno. */
__attribute__((warn_unused_result)) bool metrics_memory_reserve(const struct metrics_memory *memory,
                                                                size_t slot);

/* The process of a slot has ended: its gauges are zeroed. */
void metrics_memory_end(const struct metrics_memory *memory, size_t slot);

/* ---- For a worker ---- */

/* Maps a slot for good, and begins it anew unless it has this layout. NULL with errno: EPROTO where
 * the descriptor is of no such memory, or the slot is too small. */
struct metrics *metrics_memory_slot(int descriptor, size_t slot, uint64_t layout);

/* ---- For who shows them ---- */

/* Maps all of it for reading. The descriptor stays the caller's and may be closed. False with
 * errno: EPROTO as above. */
__attribute__((warn_unused_result)) bool metrics_memory_map(struct metrics_memory *memory,
                                                            int descriptor);

/* Of all zeros, nothing. */
void metrics_memory_unmap(struct metrics_memory *memory);

/* Adds up the slots of this layout. The supervisor's part is zeros where that has another layout.
 * What the caller itself sees is still to be filled in. */
void metrics_memory_sum(const struct metrics_memory *memory, uint64_t layout,
                        struct metrics_sum *sum);
