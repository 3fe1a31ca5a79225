/*
 * The local cache: the pages that one worker keeps, bounded in bytes, least recently used leave
 * first, entries expire. What a content grows by after it was handed out is counted at the next
 * call.
 *
 * An entry is found only under the version that was noted before its query was sent
 * (pages/versions.h); the expiry is for changes that nobody raised a version for.
 */
#pragma once

#include "http/content.h"
#include "pages/page_key.h"
#include "pages/versions.h"

struct local_cache;

/* What was looked for and found valid, or not. */
struct local_cache_counts {
    uint64_t hits;
    uint64_t misses;
};

struct local_cache *local_cache_new(size_t limit_bytes);

void local_cache_free(struct local_cache *cache);

/* The content of a page, or NULL. It stays the cache's, and is valid until the next call. */
struct http_content *local_cache_find(struct local_cache *cache, const struct page_key *key,
                                      struct version version, int64_t now_ms);

/* Keeps a page in place of what was there under its key, unless that is newer. The cache takes a
 * reference. */
void local_cache_store(struct local_cache *cache, const struct page_key *key,
                       struct version version, struct http_content *content, int64_t expires_ms);

/* Drops the half that was used longest ago, for others that need the memory. */
void local_cache_halve(struct local_cache *cache);

struct local_cache_counts local_cache_counts(const struct local_cache *cache);
