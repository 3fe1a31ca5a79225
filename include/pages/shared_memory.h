/*
 * The shared memory: what all processes of a host that serve, read or change pages map. It is a
 * file without a name, sealed so that its size never changes, which holds a header, the versions
 * (pages/versions.h) and the ring (pages/ring.h). Its holder hands it out (pages/handout.h).
 *
 * The header says whether pages of the ring may be served by somebody who is not a worker:
 *
 *   - the time at which the holder last vouched that it looks after the memory;
 *   - the edition of the pages that all services serve now. An edition is a number that stands for
 * all that decides what a page shows besides the data: program and settings.
 *
 * And it says which server's data the pages show (pages/known_server.h).
 *
 * Where several hosts have one database, pages count only under a lease, which a validator renews
 * (pages/rounds.h). The order matters: who reads reads until when the lease lasts, then notes the
 * version, then reads the clock.
 *
 * Nothing here waits, allocates or logs: it is used inside NGINX as well. Times are of clock_ms()
 * or, where they are in microseconds, of clock_us().
 */
#pragma once

#include "pages/ring.h"
#include "pages/versions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHARED_MEMORY_VOUCHED_FOR_MS = 2000 }; /* nobody reads after so long */

/* A mapping, or all zeros. */
struct shared_memory {
    void *at;
    size_t bytes;
    int descriptor; /* the caller's, open while it is mapped */
    bool is_writable;
};

enum shared_memory_access { SHARED_MEMORY_READ, SHARED_MEMORY_WRITE };

/* Makes a memory whose ring has so many megabytes; 0: it has none. Versions and the ring's table
 * are taken from the system at once, the rest as pages are stored. Only this user may open it anew.
 * Its descriptor, closed on exec, or -1 with errno. */
__attribute__((warn_unused_result)) int shared_memory_create(size_t ring_megabytes);

/* Maps it. False with errno, and all zeros: EPROTO where it is no sealed memory of this layout. */
__attribute__((warn_unused_result)) bool
shared_memory_map(struct shared_memory *memory, int descriptor, enum shared_memory_access access);

/* Of all zeros, nothing. */
void shared_memory_unmap(struct shared_memory *memory);

/* A descriptor of the same memory that cannot be written or mapped writably, closed on exec; or -1
 * with errno. */
__attribute__((warn_unused_result)) int shared_memory_open_read_only(int descriptor);

/* Whether two descriptors are of one memory. */
bool shared_memory_is_same(int one, int other);

/* Only to be read where that is how the memory was mapped. */
struct versions *shared_memory_versions(const struct shared_memory *memory);

size_t shared_memory_ring_megabytes(const struct shared_memory *memory);

/* A random number, the same as long as the memory is: for hashes that no client can foresee. */
uint64_t shared_memory_seed(const struct shared_memory *memory);

/* The ring, for reading only where that is how the memory was mapped. Its edition is the caller's
 * to set. False where there is none. */
__attribute__((warn_unused_result)) bool shared_memory_ring(const struct shared_memory *memory,
                                                            struct ring *ring);

/* The bit of an edition that says that its pages need a lease. */
enum { SHARED_MEMORY_LEASED = 1 };

static inline bool shared_memory_needs_lease(uint64_t edition) {
    return (edition & SHARED_MEMORY_LEASED) != 0;
}

/* The edition of the pages that may be served now; 0: none. */
uint64_t shared_memory_edition(const struct shared_memory *memory);
void shared_memory_set_edition(const struct shared_memory *memory, uint64_t edition);

/* When the holder last vouched; 0: it has withdrawn. */
int64_t shared_memory_vouched_ms(const struct shared_memory *memory);

/* Whether it has not withdrawn, and vouched not too long ago: nobody reads else. */
bool shared_memory_is_vouched_for(const struct shared_memory *memory, int64_t now_ms);

/* For the holder: at least twice in SHARED_MEMORY_VOUCHED_FOR_MS; 0 withdraws. */
void shared_memory_vouch(const struct shared_memory *memory, int64_t now_ms);

/* Until when pages that need a lease count; 0: there has been none. */
int64_t shared_memory_leased_until_us(const struct shared_memory *memory);

/* When the last completed round of a validator began; 0: there has been none. */
int64_t shared_memory_round_us(const struct shared_memory *memory);

/* For a validator: a round that began then is complete, and the versions of all that it has found
 * are raised. No other validator's lease gets shorter. */
void shared_memory_extend_lease(const struct shared_memory *memory, int64_t round_us,
                                int64_t lease_us);

/* When somebody last asked for a page that needs a lease: validators ask less often when nobody
 * does. */
int64_t shared_memory_asked_ms(const struct shared_memory *memory);
void shared_memory_note_asked(const struct shared_memory *memory, int64_t now_ms);

/* For pages/known_server.h. */
_Atomic uint64_t *shared_memory_server(const struct shared_memory *memory);
