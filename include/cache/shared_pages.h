/*
 * Pages that the workers of one service share: what one has made, the others need not ask
 * PostgreSQL for.
 *
 * Behind each worker's own cache (cache/page_cache.h), in memory of a fixed size without locks: a
 * worker that is killed at any instruction neither holds the others up nor leaves a page that they
 * would take for whole.
 *
 *   - Pages are written one after the other, round and round: the oldest leaves first. One that is
 *     made anew takes its predecessor's place if that is there and large enough.
 *   - Each carries its key, generation, expiry, and a checksum of all that and of its bytes. It is
 *     copied out, and then counts only if the checksum is right: where another process writes at
 *     the same moment, or was killed while it did, nothing is found.
 *   - A table says where the page of a key may be. A word of it is written once the page is whole;
 *     of two that write the same word one page is not found again, and made anew.
 *
 * As in cache/page_cache.h a page is found under its generation only. One of an older generation
 * that comes late may take the place of a newer one, which is then made anew. Times are of
 * clock_ms().
 */
#pragma once

#include "cache/page_cache.h"

#include <stdbool.h>

struct shared_pages;

/* Makes the memory, and a 64th more for the table, which is taken from the system at once; the
 * rest is taken as pages are stored. Its descriptor, closed on exec, or -1 with errno set. */
int shared_pages_create(size_t megabytes);

/* Maps what shared_pages_create() made, in another process. The descriptor stays the caller's, and
 * open as long as the pages are mapped. NULL with errno set. */
struct shared_pages *shared_pages_map(int descriptor);

void shared_pages_unmap(struct shared_pages *pages);

/* A page that was found. */
struct shared_page {
    void *body; /* the caller's, to be released with free() */
    size_t length;
    int64_t expires_ms;
};

/* False when there is no such page, or memory is out. */
bool shared_pages_find(const struct shared_pages *pages, const struct page_key *key,
                       struct generation generation, int64_t now_ms, struct shared_page *found);

/* Keeps a copy of a page, unless it is larger than a 16th of the memory, or the system has no
 * memory left. */
void shared_pages_store(struct shared_pages *pages, const struct page_key *key,
                        struct generation generation, const void *body, size_t length,
                        int64_t expires_ms);
