/*
 * Metrics: the numbers that tell operators what the service does, kept in memory that its processes
 * share (ops/metrics_memory.h) and shown by one of them (ops/metrics_text.h). docs/metrics.md lists
 * them.
 *
 * Each number has one writer at a time, so it needs neither locks nor atomic additions: a relaxed
 * load and a relaxed store, which cost what those of an ordinary variable do. Who reads may see one
 * number newer than another.
 *
 *   - Counters rise for as long as the service runs: a worker goes on where the one before it, in
 *     the same slot, has ended.
 *   - Gauges are those of a process that lives. They are zeroed when it ends.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef _Atomic uint64_t metrics_number;

static inline uint64_t metrics_get(const metrics_number *number) {
    return atomic_load_explicit(number, memory_order_relaxed);
}

static inline void metrics_set(metrics_number *number, uint64_t value) {
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static inline void metrics_add(metrics_number *number, uint64_t value) {
    metrics_set(number, metrics_get(number) + value);
}

static inline void metrics_subtract(metrics_number *number, uint64_t value) {
    metrics_set(number, metrics_get(number) - value);
}

/* The sum of so many numbers. */
uint64_t metrics_total(const metrics_number numbers[], size_t count);

/* How many values lay in which range, and their sum. The last bucket is of those beyond all bounds.
 */
enum { METRICS_BOUNDS = 14, METRICS_BUCKETS = METRICS_BOUNDS + 1 };

struct metrics_histogram {
    metrics_number buckets[METRICS_BUCKETS]; /* each without the lower ones */
    metrics_number sum;
};

/* The highest value of each bucket: 0.5 ms to 10 s in microseconds; of calls in a group. */
extern const uint64_t metrics_durations_us[METRICS_BOUNDS];
extern const uint64_t metrics_group_sizes[METRICS_BOUNDS];

static inline void metrics_observe(struct metrics_histogram *histogram,
                                   const uint64_t bounds[METRICS_BOUNDS], uint64_t value) {
    size_t bucket = 0;
    while (bucket < METRICS_BOUNDS && value > bounds[bucket]) {
        bucket++;
    }
    metrics_add(&histogram->buckets[bucket], 1);
    metrics_add(&histogram->sum, value);
}

/* A duration from one clock_us() to another. */
static inline void metrics_observe_duration(struct metrics_histogram *histogram, int64_t from_us,
                                            int64_t to_us) {
    metrics_observe(histogram, metrics_durations_us,
                    to_us > from_us ? (uint64_t)(to_us - from_us) : 0);
}

/* ---- Of a worker ---- */

/* Requests are counted by endpoint: a row of the table of routes (http/route.h), twice, as its HEAD
 * is another one; and, where no route fits, the method. */
enum {
    METRICS_ROUTES = 24, /* of a table at most */
    METRICS_METHODS = 7, /* GET, HEAD, POST, PUT, OPTIONS, DELETE, others */
    METRICS_WITHOUT_ROUTE = 2 * METRICS_ROUTES,
    METRICS_ENDPOINTS = METRICS_WITHOUT_ROUTE + METRICS_METHODS
};

/* ... and by status: the place in this table, whose last is that of all others. 0: there was no
 * response. */
enum { METRICS_STATUSES = 17 };

extern const unsigned metrics_statuses[METRICS_STATUSES];

static inline size_t metrics_place_of_status(unsigned status) {
    size_t place = 0;
    while (place < METRICS_STATUSES - 1 && metrics_statuses[place] != status) {
        place++;
    }
    return place;
}

enum {
    METRICS_LISTS = 2,      /* as enum subject: questions, answers */
    METRICS_LANES = 3,      /* as enum pool_lane */
    METRICS_OUTCOMES = 7,   /* as enum query_outcome */
    METRICS_STATEMENTS = 64 /* as enum statement, at most */
};

/* Why a lane did not admit a call, or let it wait no longer. */
enum metrics_rejection {
    METRICS_STOPPING,
    METRICS_NO_CONNECTION,
    METRICS_QUEUE_FULL,
    METRICS_OVERLOAD,
    METRICS_ROW_LOCKED,
    METRICS_WAITED_LONG,
    METRICS_REJECTIONS
};

/* Numbers of each lane. */
struct metrics_lanes {
    metrics_number outcomes[METRICS_LANES][METRICS_OUTCOMES]; /* of all calls, rejected ones too */
    metrics_number rejections[METRICS_LANES][METRICS_REJECTIONS];
    metrics_number held[METRICS_LANES];           /* that have waited for the end of a pause */
    struct metrics_histogram wait[METRICS_LANES]; /* from arrival until it is sent, in us */
    struct metrics_histogram group_size[METRICS_LANES];
};

enum metrics_connection_state {
    METRICS_CONNECTING,
    METRICS_IDLE,
    METRICS_USED,
    METRICS_CONNECTION_STATES
};

enum { METRICS_FOR_READS, METRICS_FOR_WRITES, METRICS_FOR_STANDBY_READS, METRICS_CONNECTION_SETS };

struct metrics_gauges {
    metrics_number active_requests;
    metrics_number client_connections;
    metrics_number unsent_bytes; /* of large bodies */
    metrics_number waiting_calls[METRICS_LANES];
    metrics_number running_calls[METRICS_LANES];
    metrics_number connections[METRICS_CONNECTION_SETS][METRICS_CONNECTION_STATES];
    metrics_number commit_waits; /* responses to committed writes that wait */
    metrics_number has_database; /* 0 or 1 */
    metrics_number has_outage;   /* likewise */
    metrics_number memory_bytes; /* that no other process shares */
};

/* Room for the gauges of any version of the program: its supervisor may be another one. */
enum { METRICS_GAUGES_ROOM = 64 };

struct metrics_pages {
    metrics_number hits[METRICS_LISTS];
    metrics_number misses[METRICS_LISTS];
    metrics_number coalesced[METRICS_LISTS]; /* requests that joined a flight */
    metrics_number unleased[METRICS_LISTS];  /* misses, whatever the ring had: there was no lease */
};

/* Of a validator (pages/rounds.h). */
struct metrics_validator {
    metrics_number changes;
    metrics_number lapses;     /* rounds that came after the end of a lease that was needed */
    metrics_number beginnings; /* rounds that did not know what was before them */
    metrics_number everything_changed; /* rounds that found so */
};

/* What became of a read that was meant for a standby (db/standbys.h). */
enum metrics_standby_read {
    METRICS_STANDBY_SERVED,
    METRICS_STANDBY_BEHIND, /* the primary was asked as well */
    METRICS_STANDBY_FAILED, /* likewise: there was no result in time */
    METRICS_STANDBY_READS
};

struct metrics_standbys {
    metrics_number reads[METRICS_STANDBY_READS];
    metrics_number losses; /* sessions that were lost, or did not come about */
};

struct metrics_maker {
    metrics_number steps[2]; /* that succeeded, that failed */
    metrics_number pages;
    metrics_number laps;
    metrics_number passed_over;
};

/* All that a worker counts, or a validator; its slot (ops/metrics_memory.h). */
struct metrics {
    metrics_number layout; /* of which version of the program the rest is */
    union {
        struct metrics_gauges gauges;
        metrics_number gauges_room[METRICS_GAUGES_ROOM];
    };
    metrics_number accepted_connections;
    metrics_number unsent_rejections; /* of large bodies, beside so many others */
    struct metrics_histogram requests[METRICS_ENDPOINTS][METRICS_STATUSES]; /* in us */
    struct metrics_lanes lanes;
    struct metrics_histogram statements[METRICS_STATEMENTS]; /* until the result, in us */
    metrics_number commits;                                  /* of writes */
    metrics_number lost_connections;
    metrics_number failed_connects;
    metrics_number outages;
    struct metrics_pages pages;
    struct metrics_maker maker;
    struct metrics_validator validator;
    struct metrics_standbys standbys;
    metrics_number uncertain_writes; /* for each of which every page was invalidated */
    metrics_number lost_lines;       /* of the log (ops/log.h) */
    metrics_number server_changes;   /* likewise: sessions that were the first with another run */
    metrics_number cpu_us;
};

_Static_assert(sizeof(struct metrics_gauges) <= METRICS_GAUGES_ROOM * sizeof(metrics_number),
               "gauges have a fixed room");

/* `metrics`, or, where that is NULL, numbers that nobody looks at: so nobody who counts has to ask
 * whether it should. */
struct metrics *metrics_or_unseen(struct metrics *metrics);

/* ---- Of the supervisor ---- */

enum metrics_worker_state {
    METRICS_WORKER_STARTING,
    METRICS_WORKER_READY,
    METRICS_WORKER_DRAINING,
    METRICS_WORKER_STATES
};

/* How a worker died. */
enum metrics_death {
    METRICS_BY_SIGNAL,
    METRICS_BY_EXIT_STATUS,
    METRICS_HUNG,         /* its heartbeat stopped */
    METRICS_DRAINED_LONG, /* it did not finish draining in time */
    METRICS_DEATHS
};

/* Why every page was invalidated. */
enum metrics_invalidation {
    METRICS_SERVICE_STARTED,
    METRICS_RELOADED,
    METRICS_WORKER_DIED,
    METRICS_ADMIN_DIED,
    METRICS_SERVICE_DIED,
    METRICS_HOLDER_DIED,
    METRICS_FILE_REPLACED,
    METRICS_COMMAND,
    METRICS_UNCERTAIN_WRITE, /* the sum of all workers' */
    METRICS_SERVER_CHANGED,  /* likewise */
    METRICS_VALIDATOR_BEGAN, /* likewise, of validators */
    METRICS_EVERYTHING_CHANGED,
    METRICS_INVALIDATIONS
};

enum { METRICS_SUCCEEDED, METRICS_FAILED, METRICS_RESULTS };

/* What NGINX counts, as in pages/handout.h: hits, for each list with 200 and with 304; misses, for
 * each list. */
enum { METRICS_NGINX_HITS = 2 * METRICS_LISTS, METRICS_NGINX = METRICS_NGINX_HITS + METRICS_LISTS };

struct metrics_service {
    metrics_number started_s; /* Unix time */
    metrics_number workers[METRICS_WORKER_STATES];
    metrics_number worker_starts;
    metrics_number deaths[METRICS_DEATHS];
    metrics_number reloads[METRICS_RESULTS];
    metrics_number invalidations[METRICS_INVALIDATIONS];
    metrics_number nginx[METRICS_NGINX];
    metrics_number is_holder;           /* of the shared memory: 0 or 1 */
    metrics_number epoch;               /* of all pages (pages/versions.h) */
    metrics_number cache_size_bytes;    /* of the ring; 0: there is none */
    metrics_number cache_used_bytes;    /* ... that pages have been written to */
    metrics_number cache_written_bytes; /* since the memory was made */
    metrics_number cache_retention_ms;  /* pages/retention.h */
    metrics_number lost_lines;          /* of its log; in a sum those of the workers too */
    metrics_number
        round_age_us; /* since the validator's last completed round began; 0: none is due */
};

/* ---- Of the process that shows them, which looks when it is asked ---- */

/* How a pause has ended. */
enum metrics_pause_end { METRICS_RESUMED, METRICS_TIMED_OUT, METRICS_PAUSE_ENDS };

struct metrics_seen {
    metrics_number is_paused; /* 0 or 1 */
    metrics_number pauses[METRICS_PAUSE_ENDS];
    metrics_number supervisor_silence_ms; /* since its last turn */
    metrics_number certificate_ends_s;    /* Unix time; 0: there is none */
    metrics_number one;                   /* always 1 */
};

/* ---- All together ---- */

struct metrics_sum {
    struct metrics workers; /* the sums */
    struct metrics_service service;
    struct metrics_seen seen;
};
