/* What pages and lists weigh: a table of hashes, in which the last one of a place wins. */
#include "pages/weights.h"

#include "ops/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <xxhash.h>

enum {
    MANY_SHOWN = 50,
    MANY_SKIPPED = 1000,
    PLACES = 32 * 1024 /* a power of two */
};

struct weight {
    uint64_t hash;  /* of what; 0: of nothing */
    uint64_t bytes; /* of a page, or of an element of a list */
};

struct weights {
    struct weight places[PLACES];
};

struct weights *weights_new(void) {
    return memory_calloc(1, sizeof(struct weights));
}

void weights_free(struct weights *weights) {
    free(weights);
}

static uint64_t hash_of(const struct page_key *key) {
    return XXH3_64bits(key, sizeof *key);
}

/* A list is hashed as a page that does not exist. */
static uint64_t hash_of_list(const struct page_key *key) {
    const struct page_key list = {.kind = key->kind, .id = key->id, .page = -1};
    return hash_of(&list);
}

/* NULL: nothing is known. */
static const struct weight *find(const struct weights *weights, uint64_t hash) {
    const struct weight *weight = &weights->places[hash & (PLACES - 1)];
    return weight->hash == hash ? weight : NULL;
}

static void put(struct weights *weights, uint64_t hash, uint64_t bytes) {
    weights->places[hash & (PLACES - 1)] = (struct weight){.hash = hash, .bytes = bytes};
}

static bool is_of_list(const struct page_key *key) {
    return key->count > 0;
}

static bool skips_many(const struct page_key *key) {
    return is_of_list(key) && key->page - 1 >= (MANY_SKIPPED + key->count - 1) / key->count;
}

bool weights_is_large(const struct weights *weights, const struct page_key *key) {
    if (skips_many(key)) {
        return true;
    }
    const struct weight *page = find(weights, hash_of(key));
    if (page) {
        return page->bytes >= WEIGHTS_LARGE_BYTES;
    }
    if (!is_of_list(key)) {
        return false;
    }
    const struct weight *list = find(weights, hash_of_list(key));
    if (list && list->bytes >= (uint64_t)(WEIGHTS_LARGE_BYTES / key->count)) {
        return true;
    }
    return key->count >= MANY_SHOWN;
}

/* What would not be taken for large anyway is not noted: there are too many such pages. */
void weights_note(struct weights *weights, const struct page_key *key, size_t bytes) {
    if (bytes >= WEIGHTS_LARGE_BYTES || weights_is_large(weights, key)) {
        put(weights, hash_of(key), bytes);
    }
    if (bytes >= WEIGHTS_LARGE_BYTES && is_of_list(key)) {
        uint64_t hash = hash_of_list(key);
        uint64_t bytes_of_element = bytes / (uint64_t)key->count;
        const struct weight *list = find(weights, hash);
        if (!list || list->bytes < bytes_of_element) {
            put(weights, hash, bytes_of_element);
        }
    }
}
