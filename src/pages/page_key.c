/* The text of a page's key. */
#include "pages/page_key.h"

#include <xxhash.h>

void page_key_set_text(struct page_key *key, struct http_text text, uint64_t seed) {
    XXH128_hash_t hash = XXH3_128bits_withSeed(text.data, text.length, seed);
    key->text[0] = hash.low64;
    key->text[1] = hash.high64;
}
