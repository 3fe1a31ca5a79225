/* Pages in memory that processes share: a ring of records, and a table of where they are. */
#include "pages/ring.h"

#include <stdatomic.h>
#include <string.h>
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
#define NO_SHORTER UINT64_MAX /* in place of the gzip form's length */

/* What the region begins with; then the units. How large which part is follows from the region's
 * size, and is read from nowhere. */
struct ring_head {
    _Atomic uint64_t written; /* the position of the next record, less the first round */
    _Alignas(UNIT_BYTES) _Atomic uint64_t table[][WORDS_OF_SET];
};

/* A record's header. The bodies follow, plain and gzip. */
struct ring_record {
    uint64_t checksum; /* of all that follows in the header */
    struct page_key key;
    struct version version;
    uint64_t edition;
    int64_t expires_ms;
    struct entity_hash hash; /* of the plain body, whose checksum it is */
    uint64_t length[RING_FORMS];
    uint64_t gzip_checksum;
    uint64_t has_more;
    uint64_t units; /* that are this record's until the next round; it may fill fewer */
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the table is shared between processes");
_Static_assert(sizeof(struct ring_head) == UNIT_BYTES, "a set is in one unit");
_Static_assert(sizeof(struct ring_record) == 18 * sizeof(uint64_t),
               "no padding: it is in the checksum");

static size_t head_bytes(size_t set_count) {
    return sizeof(struct ring_head) + set_count * WORDS_OF_SET * sizeof(uint64_t);
}

/* Of the table for so many bytes of pages. */
static size_t set_count_for(size_t bytes) {
    size_t set_count = 1;
    while (set_count * WORDS_OF_SET * BYTES_PER_WORD < bytes) {
        set_count *= 2;
    }
    return set_count;
}

size_t ring_head_bytes(size_t megabytes) {
    return head_bytes(set_count_for(megabytes * 1024 * 1024));
}

size_t ring_bytes(size_t megabytes) {
    return ring_head_bytes(megabytes) + megabytes * 1024 * 1024;
}

uint64_t ring_size_bytes(const struct ring *ring) {
    return ring->unit_count * UNIT_BYTES;
}

bool ring_attach(struct ring *ring, void *at, size_t bytes, int descriptor, off_t offset) {
    *ring = (struct ring){.region = at, .set_count = 1, .descriptor = descriptor, .offset = offset};
    /* As ring_bytes() has it, the other way round. */
    while (head_bytes(ring->set_count) + ring->set_count * WORDS_OF_SET * BYTES_PER_WORD < bytes) {
        ring->set_count *= 2;
    }
    size_t head = head_bytes(ring->set_count);
    ring->unit_count = bytes > head ? (bytes - head) / UNIT_BYTES : 0;
    return ring->unit_count >= LARGEST_PART;
}

static struct ring_head *head_of(const struct ring *ring) {
    return ring->region;
}

uint64_t ring_written_bytes(const struct ring *ring) {
    return atomic_load(&head_of(ring)->written) * UNIT_BYTES;
}

/* Where a key may be: its set, and the tag that its words have. */
static _Atomic uint64_t *set_of(const struct ring *ring, const struct page_key *key,
                                uint64_t *tag) {
    uint64_t hash = XXH3_64bits_withSeed(key, sizeof *key, ring->edition);
    *tag = hash >> POSITION_BITS << POSITION_BITS;
    return head_of(ring)->table[hash & (ring->set_count - 1)];
}

static bool has_tag(uint64_t word, uint64_t tag) {
    return word != 0 && (word & ~POSITION_MASK) == tag;
}

static unsigned char *place_of(const struct ring *ring, uint64_t position) {
    return (unsigned char *)ring->region + head_bytes(ring->set_count) +
           position % ring->unit_count * UNIT_BYTES;
}

static size_t bytes_to_the_end(const struct ring *ring, uint64_t position) {
    return (ring->unit_count - position % ring->unit_count) * UNIT_BYTES;
}

static uint64_t checksum_of(const struct ring_record *record) {
    return XXH3_64bits(&record->key, sizeof *record - offsetof(struct ring_record, key));
}

static uint64_t gzip_length(const struct ring_record *record) {
    return record->length[RING_GZIP] == NO_SHORTER ? 0 : record->length[RING_GZIP];
}

/* Copies the header at a position. False, unless it is whole, and of that key. Nothing keeps others
 * from writing there meanwhile. */
static bool read_record(const struct ring *ring, uint64_t position, const struct page_key *key,
                        struct ring_record *record) {
    if (bytes_to_the_end(ring, position) < sizeof *record) {
        return false;
    }
    memcpy(record, place_of(ring, position), sizeof *record);
    return memcmp(&record->key, key, sizeof *key) == 0 && record->edition == ring->edition &&
           record->checksum == checksum_of(record);
}

static bool ends_in_ring(const struct ring *ring, uint64_t position,
                         const struct ring_record *record) {
    uint64_t rest = bytes_to_the_end(ring, position) - sizeof *record;
    return record->length[RING_PLAIN] <= rest &&
           gzip_length(record) <= rest - record->length[RING_PLAIN];
}

bool ring_find(const struct ring *ring, const struct page_key *key, struct version version,
               int64_t now_ms, struct ring_page *found) {
    uint64_t tag;
    _Atomic uint64_t *set = set_of(ring, key, &tag);
    for (size_t i = 0; i < WORDS_OF_SET; i++) {
        uint64_t word = atomic_load(&set[i]), position = word & POSITION_MASK;
        struct ring_record record;
        if (has_tag(word, tag) && read_record(ring, position, key, &record) &&
            version_equal(record.version, version) && now_ms < record.expires_ms &&
            ends_in_ring(ring, position, &record)) {
            *found = (struct ring_page){
                .hash = record.hash,
                .length = {record.length[RING_PLAIN], gzip_length(&record)},
                .gzip_is_no_shorter = record.length[RING_GZIP] == NO_SHORTER,
                .has_more = record.has_more != 0,
                .expires_ms = record.expires_ms,
                .position = position,
                .gzip_checksum = record.gzip_checksum,
            };
            return true;
        }
    }
    return false;
}

bool ring_copy(const struct ring *ring, const struct ring_page *found, enum ring_form form,
               void *to) {
    const unsigned char *body = place_of(ring, found->position) + sizeof(struct ring_record);
    if (form == RING_GZIP) {
        memcpy(to, body + found->length[RING_PLAIN], found->length[RING_GZIP]);
        return XXH3_64bits(to, found->length[RING_GZIP]) == found->gzip_checksum;
    }
    memcpy(to, body, found->length[RING_PLAIN]);
    struct entity_hash hash = entity_hash_of(to, found->length[RING_PLAIN]);
    return hash.high == found->hash.high && hash.low == found->hash.low;
}

/* The position that is written next. */
static uint64_t next_of(const struct ring *ring, uint64_t written) {
    return written + ring->unit_count;
}

/* The position of so many units in one piece, which are nobody else's until the next round. */
static uint64_t reserve(const struct ring *ring, uint64_t units) {
    _Atomic uint64_t *shared = &head_of(ring)->written;
    uint64_t written = atomic_load(shared);
    uint64_t begin;
    do {
        uint64_t to_the_end = ring->unit_count - written % ring->unit_count;
        begin = units <= to_the_end ? written : written + to_the_end;
    } while (!atomic_compare_exchange_weak(shared, &written, begin + units));
    return next_of(ring, begin);
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

/* Whether the record's units are not yet another's. Then a page that is made anew again and again
 * needs no more memory. Two processes may write there at once: then neither page is found, but no
 * other is lost. */
static bool is_its_own_yet(const struct ring *ring, uint64_t position) {
    uint64_t next = next_of(ring, atomic_load(&head_of(ring)->written));
    return next - position <= ring->unit_count;
}

/* Writes a record by system calls: where the system has no memory left for it, they fail, but to
 * touch the mapped memory would end the process by SIGBUS. The header comes last: where one is
 * whole, its bodies have been written, and so can be read. */
static bool write_record(const struct ring *ring, uint64_t position,
                         const struct ring_record *record, const void *const bodies[RING_FORMS]) {
    off_t at = ring->offset + (place_of(ring, position) - (unsigned char *)ring->region);
    const struct iovec parts[] = {{(void *)bodies[RING_PLAIN], record->length[RING_PLAIN]},
                                  {(void *)bodies[RING_GZIP], gzip_length(record)}};
    return pwritev(ring->descriptor, parts, 2, at + (off_t)sizeof *record) ==
               (ssize_t)(parts[0].iov_len + parts[1].iov_len) &&
           pwrite(ring->descriptor, record, sizeof *record, at) == sizeof *record;
}

static uint64_t units_of(uint64_t bodies_length) {
    return (sizeof(struct ring_record) + bodies_length + UNIT_BYTES - 1) / UNIT_BYTES;
}

void ring_store(struct ring *ring, const struct page_key *key, struct version version,
                const struct ring_page *page, const void *const bodies[RING_FORMS]) {
    uint64_t units = units_of(page->length[RING_PLAIN] + page->length[RING_GZIP]);
    if (units_of(page->length[RING_PLAIN]) > ring->unit_count / LARGEST_PART ||
        page->length[RING_GZIP] > page->length[RING_PLAIN]) {
        return;
    }
    uint64_t tag;
    _Atomic uint64_t *set = set_of(ring, key, &tag);
    _Atomic uint64_t *word = word_for(set, tag);
    uint64_t position = atomic_load(word) & POSITION_MASK;
    struct ring_record record;
    bool has_predecessor = position != 0 && read_record(ring, position, key, &record);
    if (has_predecessor && version_is_newer(record.version, version)) {
        return; /* this query was under way for long */
    }
    if (!has_predecessor || units > record.units || !is_its_own_yet(ring, position)) {
        position = reserve(ring, units);
        record.units = units;
    }
    record = (struct ring_record){
        .key = *key,
        .version = version,
        .edition = ring->edition,
        .expires_ms = page->expires_ms,
        .hash = page->hash,
        .length = {page->length[RING_PLAIN],
                   page->gzip_is_no_shorter ? NO_SHORTER : page->length[RING_GZIP]},
        .has_more = page->has_more,
        .gzip_checksum = XXH3_64bits(bodies[RING_GZIP], page->length[RING_GZIP]),
        .units = record.units,
    };
    record.checksum = checksum_of(&record);
    if (write_record(ring, position, &record, bodies)) {
        atomic_store(word, tag | position);
    }
}
