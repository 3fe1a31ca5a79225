/* Entity tags: made from a hash of the body, compared weakly. */
#include "http/entity_tag.h"

#include <string.h>
#include <xxhash.h>

struct entity_hash entity_hash_of(const void *body, size_t length) {
    XXH128_hash_t hash = XXH3_128bits(body, length);
    return (struct entity_hash){hash.high64, hash.low64};
}

static char *write_digits(char *to, uint64_t number) {
    for (int shift = 60; shift >= 0; shift -= 4) {
        *to++ = "0123456789abcdef"[number >> shift & 15];
    }
    return to;
}

void entity_tag_write(struct entity_hash hash, char tag[ENTITY_TAG_SIZE]) {
    *tag = '"';
    memcpy(write_digits(write_digits(tag + 1, hash.high), hash.low), "\"", 2);
}

static struct http_text skip(struct http_text text, const char *set) {
    return http_text_after(text, http_text_span(text, set, true));
}

/* The length of the opaque tag at the start, which may hold commas, but no quote; 0: there is none.
 */
static size_t opaque_tag_length(struct http_text text) {
    if (text.length == 0 || *text.data != '"') {
        return 0;
    }
    const char *end = memchr(text.data + 1, '"', text.length - 1);
    return end ? (size_t)(end + 1 - text.data) : 0;
}

bool entity_tag_matches(struct http_text if_none_match, const char *tag) {
    if (if_none_match.length > ENTITY_TAG_IF_NONE_MATCH_MAX) {
        return false;
    }
    struct http_text rest = skip(if_none_match, " \t");
    if (rest.length > 0 && *rest.data == '*') {
        return skip(http_text_after(rest, 1), " \t").length == 0;
    }
    const size_t tag_length = strlen(tag);
    while ((rest = skip(rest, " \t,")).length > 0) {
        if (rest.length > 2 && memcmp(rest.data, "W/", 2) == 0) {
            rest = http_text_after(rest, 2);
        }
        size_t length = opaque_tag_length(rest);
        if (length == 0) {
            return false;
        }
        if (length == tag_length && memcmp(rest.data, tag, tag_length) == 0) {
            return true;
        }
        rest = http_text_after(rest, length);
    }
    return false;
}
