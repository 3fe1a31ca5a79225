/*
 * The pace of the maker: how many products a step takes, and how long it rests afterwards.
 *
 *   - While its worker has little to do, it works half of the time.
 *   - Else a third, as long as pages are wanted: each query for a first page is worth one page
 *     made. What a step takes beyond its usual time is the work of others and not counted.
 *   - Else a fiftieth.
 *   - Steps are small while the worker is busy, as requests wait for them; larger ones, which cost
 *     less, when laps take long.
 *   - A lap, once through all changed products, takes a second at least: a product that changes
 *     without pause is not made without pause.
 *
 * Times are in milliseconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pace {
    int64_t products; /* at most, of the next step */
    unsigned workers; /* that serve, each as many requests as the maker's */

    bool is_busy;
    int64_t load_since_ms;
    int64_t load_cpu_ms; /* of the worker, at that time */

    uint64_t queries; /* of the worker for first pages, as far as they were counted */
    int64_t demand;   /* of all workers, less the pages made since */

    int64_t lap_began_ms;
    int64_t step_began_ms;
};

/* What a step has done. */
struct pace_step {
    int64_t now_ms;
    int64_t cpu_ms;   /* that the worker has used since it began */
    uint64_t queries; /* that it has sent for first pages since then */
    uint64_t made;    /* pages, in this step */
    bool lap_ends;
};

void pace_init(struct pace *pace, unsigned workers);

/* False: it is too early to begin a lap. */
bool pace_begin_step(struct pace *pace, int64_t now_ms, bool lap_begins);

/* After a step that succeeded: how long to rest. */
int64_t pace_end_step(struct pace *pace, const struct pace_step *step);

/* After one that failed: the next is of one product. */
void pace_fail_step(struct pace *pace);
