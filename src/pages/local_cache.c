/* The pages that one worker keeps: a hash table and a list by last use. */
#include "pages/local_cache.h"

#include "ops/memory.h"

#include <stdlib.h>
#include <sys/queue.h>

#define uthash_malloc(size) memory_allocate(size)
#include <uthash.h>

_Static_assert(sizeof(struct page_key) == 4 * sizeof(int64_t), "keys are compared byte by byte");

struct entry {
    struct page_key key;
    struct version version;
    struct http_content *content;
    int64_t expires_ms;
    size_t bytes; /* as counted in the cache's total */
    UT_hash_handle hh;
    TAILQ_ENTRY(entry) by_use;
};

struct local_cache {
    struct entry *table;
    TAILQ_HEAD(, entry) by_use; /* least recently used first */
    struct entry *handed_out;   /* by the last call; its content may have grown since */
    size_t bytes;
    size_t limit_bytes;
    struct local_cache_counts counts;
};

struct local_cache *local_cache_new(size_t limit_bytes) {
    struct local_cache *cache = memory_calloc(1, sizeof *cache);
    cache->limit_bytes = limit_bytes;
    TAILQ_INIT(&cache->by_use);
    return cache;
}

static void drop(struct local_cache *cache, struct entry *entry) {
    HASH_DEL(cache->table, entry);
    TAILQ_REMOVE(&cache->by_use, entry, by_use);
    cache->bytes -= entry->bytes;
    if (cache->handed_out == entry) {
        cache->handed_out = NULL;
    }
    http_content_release(entry->content);
    free(entry);
}

/* The content may have grown since: a compressed form is made when it is first asked for. */
static void count_bytes(struct local_cache *cache, struct entry *entry) {
    size_t bytes = sizeof *entry + http_content_bytes(entry->content);
    cache->bytes += bytes - entry->bytes;
    entry->bytes = bytes;
}

static void shrink_to(struct local_cache *cache, size_t bytes) {
    while (cache->bytes > bytes) {
        /* The analyzer does not see that TAILQ_REMOVE takes the first entry out. */
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
        drop(cache, TAILQ_FIRST(&cache->by_use));
    }
}

static void shrink(struct local_cache *cache) {
    shrink_to(cache, cache->limit_bytes);
}

static void count_growth(struct local_cache *cache) {
    if (cache->handed_out) {
        count_bytes(cache, cache->handed_out);
        cache->handed_out = NULL;
        shrink(cache);
    }
}

void local_cache_free(struct local_cache *cache) {
    shrink_to(cache, 0);
    free(cache);
}

static struct http_content *look_up(struct local_cache *cache, const struct page_key *key,
                                    struct version version, int64_t now_ms) {
    count_growth(cache);
    struct entry *entry;
    HASH_FIND(hh, cache->table, key, sizeof *key, entry);
    if (!entry) {
        return NULL;
    }
    if (!version_equal(entry->version, version) || now_ms >= entry->expires_ms) {
        drop(cache, entry);
        return NULL;
    }
    TAILQ_REMOVE(&cache->by_use, entry, by_use);
    TAILQ_INSERT_TAIL(&cache->by_use, entry, by_use);
    cache->handed_out = entry;
    return entry->content;
}

struct http_content *local_cache_find(struct local_cache *cache, const struct page_key *key,
                                      struct version version, int64_t now_ms) {
    struct http_content *content = look_up(cache, key, version, now_ms);
    *(content ? &cache->counts.hits : &cache->counts.misses) += 1;
    return content;
}

void local_cache_store(struct local_cache *cache, const struct page_key *key,
                       struct version version, struct http_content *content, int64_t expires_ms) {
    count_growth(cache);
    struct entry *entry;
    HASH_FIND(hh, cache->table, key, sizeof *key, entry);
    if (entry && version_is_newer(entry->version, version)) {
        return; /* this query was under way for long */
    }
    if (entry) {
        drop(cache, entry);
    }
    if (sizeof *entry + http_content_bytes(content) > cache->limit_bytes) {
        return; /* it would drive all others out, and then itself */
    }
    entry = memory_calloc(1, sizeof *entry);
    entry->key = *key;
    entry->version = version;
    entry->expires_ms = expires_ms;
    HASH_ADD(hh, cache->table, key, sizeof entry->key, entry);
    entry->content = http_content_retain(content);
    TAILQ_INSERT_TAIL(&cache->by_use, entry, by_use);
    count_bytes(cache, entry);
    cache->handed_out = entry;
    shrink(cache);
}

void local_cache_halve(struct local_cache *cache) {
    count_growth(cache);
    shrink_to(cache, cache->bytes / 2);
}

struct local_cache_counts local_cache_counts(const struct local_cache *cache) {
    return cache->counts;
}
