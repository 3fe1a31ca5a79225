/* Entity tags: made from a hash of the body, compared weakly. */
#include "http/entity_tag.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

void entity_tag_of(const void *body, size_t length, char tag[ENTITY_TAG_SIZE]) {
    XXH128_hash_t hash = XXH3_128bits(body, length);
    snprintf(tag, ENTITY_TAG_SIZE, "\"%016llx%016llx\"", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

bool entity_tag_matches(const char *if_none_match, const char *tag) {
    if (!if_none_match) {
        return false;
    }
    const char *rest = if_none_match + strspn(if_none_match, " \t");
    if (*rest == '*') {
        return rest[1 + strspn(rest + 1, " \t")] == '\0';
    }
    size_t tag_length = strlen(tag);
    while (*(rest += strspn(rest, " \t,"))) {
        if (strncmp(rest, "W/", 2) == 0) {
            rest += 2;
        }
        /* An opaque tag may hold commas, but no quote. */
        const char *end = *rest == '"' ? strchr(rest + 1, '"') : NULL;
        if (!end) {
            return false;
        }
        if ((size_t)(end + 1 - rest) == tag_length && memcmp(rest, tag, tag_length) == 0) {
            return true;
        }
        rest = end + 1;
    }
    return false;
}
