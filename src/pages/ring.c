/* Pages in memory that workers share: a ring of records, and a table of where they are. */
#include "pages/ring.h"

#include "ops/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xxhash.h>

/* A position counts the units ever written. In a word of the table it has 48 bits, enough for
 * centuries at a terabyte a second, and 16 bits of the key's hash, its tag, are beside it. A word
 * of zero is empty: positions begin with the second round. */
enum {
    UNIT_BYTES = 64, /* what processors read at once */
    POSITION_BITS = 48,
    WORDS_OF_SET = 8,     /* a key may be in any word of its set */
    BYTES_PER_WORD = 512, /* of the ring: a page is mostly larger, so few are driven out of a set */
    LARGEST_PART = 16     /* of the ring, for one page */
};

#define POSITION_MASK ((UINT64_C(1) << POSITION_BITS) - 1)

/* What the memory begins with; then the table, then the ring. */
struct ring_header {
    uint64_t set_count; /* a power of two */
    uint64_t unit_count;
    _Atomic uint64_t next; /* position of the next record */
    _Alignas(UNIT_BYTES) _Atomic uint64_t table[][WORDS_OF_SET];
};

struct ring_record {
    uint64_t checksum; /* of all that follows, and of the body */
    struct page_key key;
    struct version version;
    int64_t expires_ms;
    uint64_t length;
    unsigned char body[];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the table is shared between processes");
_Static_assert(sizeof(struct ring_header) % UNIT_BYTES == 0, "a set is in one unit");
_Static_assert(sizeof(struct ring_record) == 9 * sizeof(uint64_t),
               "no padding: it is in the checksum");

struct ring {
    int descriptor; /* the caller's */
    struct ring_header *header;
    unsigned char *units;
    size_t mapped_bytes;
};

static size_t table_bytes(uint64_t set_count) {
    return set_count * WORDS_OF_SET * sizeof(uint64_t);
}

int ring_create(size_t megabytes) {
    size_t ring_bytes = megabytes * 1024 * 1024;
    struct ring_header header = {.set_count = 1, .unit_count = ring_bytes / UNIT_BYTES};
    while (header.set_count * WORDS_OF_SET * BYTES_PER_WORD < ring_bytes) {
        header.set_count *= 2;
    }
    header.next = header.unit_count;
    size_t bytes = sizeof header + table_bytes(header.set_count) + ring_bytes;
    /* A look into the table touches it, so all of it is taken now. */
    off_t table_end = (off_t)(sizeof header + table_bytes(header.set_count));
    int descriptor = memfd_create("atelier-qa-pages", MFD_CLOEXEC);
    if (descriptor >= 0 &&
        (ftruncate(descriptor, (off_t)bytes) != 0 || fallocate(descriptor, 0, 0, table_end) != 0 ||
         write(descriptor, &header, sizeof header) != sizeof header)) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

struct ring *ring_map(int descriptor) {
    struct stat file;
    if (fstat(descriptor, &file) != 0) {
        return NULL;
    }
    struct ring *ring = memory_calloc(1, sizeof *ring);
    ring->descriptor = descriptor;
    ring->mapped_bytes = (size_t)file.st_size;
    ring->header =
        mmap(NULL, ring->mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (ring->header == MAP_FAILED) {
        free(ring);
        return NULL;
    }
    ring->units =
        (unsigned char *)ring->header + sizeof *ring->header + table_bytes(ring->header->set_count);
    return ring;
}

void ring_unmap(struct ring *ring) {
    munmap(ring->header, ring->mapped_bytes);
    free(ring);
}

/* Where a key may be: its set, and the tag that its words have. */
static _Atomic uint64_t *set_of(const struct ring *ring, const struct page_key *key,
                                uint64_t *tag) {
    uint64_t hash = XXH3_64bits(key, sizeof *key);
    *tag = hash >> POSITION_BITS << POSITION_BITS;
    return ring->header->table[hash & (ring->header->set_count - 1)];
}

static struct ring_record *record_at(const struct ring *ring, uint64_t position) {
    return (struct ring_record *)(ring->units + position % ring->header->unit_count * UNIT_BYTES);
}

static uint64_t checksum_of(const struct ring_record *record, const void *body) {
    const unsigned char *checked = (const unsigned char *)record + sizeof record->checksum;
    return XXH3_64bits_withSeed(body, record->length,
                                XXH3_64bits(checked, sizeof *record - sizeof record->checksum));
}

/* Copies the body at a position, if it is the one looked for. Nothing keeps others from writing
 * there meanwhile: so nothing is believed before the checksum, but that the copy ends in the ring.
 */
static bool copy_out(const struct ring *ring, uint64_t position, const struct page_key *key,
                     struct version version, int64_t now_ms, struct ring_page *found) {
    const struct ring_record *shared = record_at(ring, position);
    const unsigned char *ring_end = ring->units + ring->header->unit_count * UNIT_BYTES;
    struct ring_record record;
    memcpy(&record, shared, sizeof record);
    if (memcmp(&record.key, key, sizeof *key) != 0 || !version_equal(record.version, version) ||
        now_ms >= record.expires_ms || record.length > (size_t)(ring_end - shared->body)) {
        return false;
    }
    void *body = memory_allocate(record.length);
    memcpy(body, shared->body, record.length);
    if (checksum_of(&record, body) != record.checksum) {
        free(body);
        return false;
    }
    *found = (struct ring_page){body, record.length, record.expires_ms};
    return true;
}

static bool has_tag(uint64_t word, uint64_t tag) {
    return word != 0 && (word & ~POSITION_MASK) == tag;
}

bool ring_find(const struct ring *ring, const struct page_key *key, struct version version,
               int64_t now_ms, struct ring_page *found) {
    uint64_t tag;
    _Atomic uint64_t *set = set_of(ring, key, &tag);
    for (size_t i = 0; i < WORDS_OF_SET; i++) {
        uint64_t word = atomic_load(&set[i]);
        if (has_tag(word, tag) &&
            copy_out(ring, word & POSITION_MASK, key, version, now_ms, found)) {
            return true;
        }
    }
    return false;
}

/* The position of so many units in one piece, which are nobody else's until the next round. */
static uint64_t reserve(struct ring *ring, uint64_t units) {
    uint64_t unit_count = ring->header->unit_count;
    uint64_t next = atomic_load(&ring->header->next);
    uint64_t position;
    do {
        uint64_t to_the_end = unit_count - next % unit_count;
        position = units <= to_the_end ? next : next + to_the_end;
    } while (!atomic_compare_exchange_weak(&ring->header->next, &next, position + units));
    return position;
}

/* The word that has the key's tag, or else the one with the oldest record. */
static _Atomic uint64_t *word_for(_Atomic uint64_t *set, uint64_t tag) {
    _Atomic uint64_t *oldest = &set[0];
    uint64_t oldest_position = POSITION_MASK;
    for (size_t i = 0; i < WORDS_OF_SET; i++) {
        uint64_t word = atomic_load(&set[i]);
        if (has_tag(word, tag)) {
            return &set[i];
        }
        if ((word & POSITION_MASK) < oldest_position) {
            oldest = &set[i];
            oldest_position = word & POSITION_MASK;
        }
    }
    return oldest;
}

static uint64_t units_of(uint64_t length) {
    return (sizeof(struct ring_record) + length + UNIT_BYTES - 1) / UNIT_BYTES;
}

/* Whether the key's last record is where the word says, not yet written over, and has the room:
 * then the same ring, made anew again and again, do not need ever more memory. Its length may be
 * anything, as another process may be writing there: a neighbour that is written over is lost, but
 * nothing beyond the ring is. */
static bool fits_in_place(const struct ring *ring, uint64_t word, const struct page_key *key,
                          uint64_t units) {
    uint64_t unit_count = ring->header->unit_count;
    uint64_t position = word & POSITION_MASK;
    if (word == 0 || atomic_load(&ring->header->next) - position > unit_count ||
        units > unit_count - position % unit_count) {
        return false;
    }
    struct ring_record record;
    memcpy(&record, record_at(ring, position), sizeof record);
    return memcmp(&record.key, key, sizeof *key) == 0 && units <= units_of(record.length);
}

/* Writes a record by a system call: where the system has no memory left for it, that fails, but to
 * touch the mapped memory would end the process by SIGBUS. */
static bool write_record(const struct ring *ring, uint64_t position,
                         const struct ring_record *record, const void *body) {
    const unsigned char *place = (const unsigned char *)record_at(ring, position);
    off_t offset = place - (const unsigned char *)ring->header;
    const struct iovec parts[] = {{(void *)record, sizeof *record}, {(void *)body, record->length}};
    return pwritev(ring->descriptor, parts, 2, offset) ==
           (ssize_t)(sizeof *record + record->length);
}

void ring_store(struct ring *ring, const struct page_key *key, struct version version,
                const void *body, size_t length, int64_t expires_ms) {
    struct ring_record record = {
        .key = *key, .version = version, .expires_ms = expires_ms, .length = length};
    uint64_t units = units_of(length);
    if (units > ring->header->unit_count / LARGEST_PART) {
        return;
    }
    record.checksum = checksum_of(&record, body);
    uint64_t tag;
    _Atomic uint64_t *set = set_of(ring, key, &tag);
    _Atomic uint64_t *word = word_for(set, tag);
    uint64_t last = atomic_load(word);
    uint64_t position =
        fits_in_place(ring, last, key, units) ? last & POSITION_MASK : reserve(ring, units);
    if (write_record(ring, position, &record, body)) {
        atomic_store(word, tag | position);
    }
}
