/*
 * The ring: pages that the workers of one service share, in memory of a fixed size, without locks.
 * A worker that is killed at any instruction neither blocks the others nor leaves a damaged page.
 *
 *   - Pages are written one after the other, round and round: the oldest leaves first. A page that
 * is made again takes its predecessor's place if that is still there and large enough.
 *   - Each carries key, version, expiry and a checksum of everything. A reader copies it out and
 *     checks: while another process writes there, or after one died there, it finds nothing.
 *   - A table says where the page of a key may be. Its word is written last. Two keys may share a
 *     word; then one page is made again.
 *
 * A page is found under its version only. Times are of clock_ms().
 */
#pragma once

#include "pages/page_key.h"
#include "pages/versions.h"

#include <stdbool.h>

struct ring;

/* Makes the memory, and a 64th more for the table, which is taken from the system at once; the
 * rest is taken as pages are stored. Its descriptor, closed on exec, or -1 with errno set. */
int ring_create(size_t megabytes);

/* Maps what ring_create() made, in another process. The descriptor stays the caller's, and
 * open as long as the pages are mapped. NULL with errno set. */
struct ring *ring_map(int descriptor);

void ring_unmap(struct ring *ring);

/* A page that was found. */
struct ring_page {
    void *body; /* the caller's, to be released with free() */
    size_t length;
    int64_t expires_ms;
};

/* False when there is no such page, or memory is out. */
bool ring_find(const struct ring *ring, const struct page_key *key, struct version version,
               int64_t now_ms, struct ring_page *found);

/* Keeps a copy of a page, unless it is larger than a 16th of the memory, or the system has no
 * memory left. */
void ring_store(struct ring *ring, const struct page_key *key, struct version version,
                const void *body, size_t length, int64_t expires_ms);
