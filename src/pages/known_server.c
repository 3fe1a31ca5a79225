/* The run of the database server whose data all pages of this host show. */
#include "pages/known_server.h"

#include <stdatomic.h>

/*
 * The number: whether it is yet to be invalidated for (1 bit), the timeline (15), and what is left
 * of hashes of the cluster (24) and of the run (24). The bit is there so that nobody uses the new
 * server before everything is invalid, also when the one that has seen it first is slow or dies.
 */
enum { HASH_BITS = 24, TIMELINE_MAX = 0x7fff };

static const uint64_t hash_mask = (UINT64_C(1) << HASH_BITS) - 1;
static const uint64_t pending = UINT64_C(1) << 63;

/* The finalizer of splitmix64. */
static uint64_t hash_of(uint64_t number) {
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (number ^ (number >> 31)) & hash_mask;
}

uint64_t known_server_number(const struct server_run *run) {
    uint64_t timeline = run->timeline < TIMELINE_MAX ? run->timeline : TIMELINE_MAX;
    /* 0 is no server. */
    timeline = timeline > 0 ? timeline : 1;
    return timeline << (2 * HASH_BITS) | hash_of(run->cluster) << HASH_BITS |
           hash_of(run->started_us ^ run->cluster);
}

static uint64_t timeline_of(uint64_t number) {
    return number >> (2 * HASH_BITS);
}

static bool is_same_cluster(uint64_t one, uint64_t other) {
    return ((one ^ other) >> HASH_BITS & hash_mask) == 0;
}

enum known_server known_server_take(const struct shared_memory *memory, uint64_t number,
                                    int64_t now_ms) {
    _Atomic uint64_t *server = shared_memory_server(memory);
    enum known_server what = KNOWN_SERVER_SAME;
    uint64_t known = atomic_load(server);
    while (known != number) {
        uint64_t before = known & ~pending;
        bool is_same = before != 0 && is_same_cluster(number, before);
        if (is_same && timeline_of(number) < timeline_of(before)) {
            return KNOWN_SERVER_OLDER;
        }
        /* Before the first there are no pages. */
        uint64_t next = known == 0 ? number : number | pending;
        if (known != next && !atomic_compare_exchange_weak(server, &known, next)) {
            continue;
        }
        if (next != number) {
            versions_invalidate_all(shared_memory_versions(memory), now_ms);
            atomic_compare_exchange_strong(server, &next, number);
        }
        if (before != 0 && before != number) {
            bool is_restart = is_same && timeline_of(number) == timeline_of(before);
            what = is_restart ? KNOWN_SERVER_ANEW : KNOWN_SERVER_ANOTHER;
        }
        known = atomic_load(server);
    }
    return what;
}

bool known_server_is(const struct shared_memory *memory, uint64_t number) {
    return (atomic_load(shared_memory_server(memory)) & ~pending) == number;
}
