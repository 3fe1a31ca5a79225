/*
 * A worker's cache of answers: bounded in bytes, least recently used leave first, entries expire.
 * What a content grows by after it was handed out is counted at the next call.
 *
 * An entry is found only under the generation that was noted before its query was sent
 * (cache/generations.h); the expiry is for changes that nobody raised a generation for.
 */
#pragma once

#include "cache/generations.h"
#include "http/content.h"

/* Which page, by its effective parameters. Compared byte by byte; it has no padding. */
struct page_key {
    int64_t kind; /* which list */
    int64_t id;   /* of what */
    int64_t page;
    int64_t count;
};

struct page_cache;

/* What was looked for and found valid, or not. */
struct page_cache_counts {
    uint64_t hits;
    uint64_t misses;
};

/* NULL when out of memory. */
struct page_cache *page_cache_new(size_t limit_bytes);

void page_cache_free(struct page_cache *cache);

/* The content of a page, or NULL. It stays the cache's, and is valid until the next call. */
struct http_content *page_cache_find(struct page_cache *cache, const struct page_key *key,
                                     struct generation generation, int64_t now_ms);

/* Keeps a page in place of what was there under its key, unless that is newer. The cache takes a
 * reference. */
void page_cache_store(struct page_cache *cache, const struct page_key *key,
                      struct generation generation, struct http_content *content,
                      int64_t expires_ms);

struct page_cache_counts page_cache_counts(const struct page_cache *cache);
