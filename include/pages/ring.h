/*
 * The ring: pages in memory of a fixed size that processes share, without locks. Workers store
 * pages and find them, NGINX finds them. A process that is killed at any instruction neither blocks
 * the others nor leaves a damaged page.
 *
 *   - Pages are written one after the other, round and round: the oldest leaves first. A page that
 *     is made again takes its predecessor's place if that is still there and large enough.
 *   - The record of a page is a header, the plain body and perhaps the gzip form. The header has a
 *     checksum, and those of the bodies. A reader copies, and then checks: while another process
 *     writes there, or after one died there, it finds nothing.
 *   - A table says where the page of a key may be. Its word is written last. Two keys may share a
 *     word; then one page is made again.
 *
 * A page is found under its version and edition only. Times are of clock_ms(). Nothing here
 * allocates, logs or waits; reading touches nothing outside the ring's region of memory, whatever
 * that holds.
 */
#pragma once

#include "http/entity_tag.h"
#include "pages/page_key.h"
#include "pages/versions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A ring in the memory of this process. A plain value: nothing is to be released. */
struct ring {
    void *region;
    size_t set_count;  /* of the table; a power of two */
    size_t unit_count; /* of what pages are written to */
    int descriptor;    /* of the memory, to store by; -1: for reading only */
    off_t offset;      /* of the region in it */
    uint64_t edition;  /* the caller's, who may change it: with which settings pages are made */
};

/* The bytes of a region for pages of so many megabytes. */
size_t ring_bytes(size_t megabytes);

/* How many of them, at the beginning, are touched as memory: whoever makes the region has the
 * system reserve them (fallocate), as a lack of memory is SIGBUS there. The rest is taken as pages
 * are stored. */
size_t ring_head_bytes(size_t megabytes);

/* How much pages may take of it, and what they have taken in all rounds. */
uint64_t ring_size_bytes(const struct ring *ring);
uint64_t ring_written_bytes(const struct ring *ring);

/* A region that is mapped at `at`, which is aligned to 64 bytes, and of which all was zeros once: a
 * region of zeros is an empty ring. Where the ring is only read, the mapping may be read-only and
 * `descriptor` is -1. False when the region is too small for a ring. */
__attribute__((warn_unused_result)) bool ring_attach(struct ring *ring, void *at, size_t bytes,
                                                     int descriptor, off_t offset);

enum ring_form { RING_PLAIN, RING_GZIP, RING_FORMS };

/* What is known of a page without its body. */
struct ring_page {
    struct entity_hash hash;   /* of the plain body */
    size_t length[RING_FORMS]; /* gzip: 0: there is no such form */
    bool gzip_is_no_shorter;   /* so there never will be */
    bool has_more;             /* of a list: elements after this page */
    int64_t expires_ms;
    /* The ring's own: where the page is, and the checksum of its gzip form. */
    uint64_t position;
    uint64_t gzip_checksum;
};

/* False when there is no such page. */
bool ring_find(const struct ring *ring, const struct page_key *key, struct version version,
               int64_t now_ms, struct ring_page *found);

/* Copies a form of what was found, whose length is not 0, to where there is room for it. False when
 * another process has written over it since. */
__attribute__((warn_unused_result)) bool
ring_copy(const struct ring *ring, const struct ring_page *found, enum ring_form form, void *to);

/* Keeps a copy of a page with its bodies, in the forms that have a length, in place of what is kept
 * under its key, unless that has a newer version. Not kept is what is larger than a 16th of the
 * ring, or when the system has no memory left. */
void ring_store(struct ring *ring, const struct page_key *key, struct version version,
                const struct ring_page *page, const void *const bodies[RING_FORMS]);
