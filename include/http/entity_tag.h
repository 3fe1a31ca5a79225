/* Entity tags (RFC 9110, 8.8.3) and If-None-Match (13.1.2). */
#pragma once

#include "http/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENTITY_TAG_SIZE = 35, /* two quotes, 32 hexadecimal digits, NUL */
    /* Of If-None-Match in bytes; a longer one counts as none, and NGINX passes none on
     * (deploy/nginx.conf). Of several lines NGINX makes a 400. */
    ENTITY_TAG_IF_NONE_MATCH_MAX = 4000
};

/* The 128-bit XXH3 hash of a body, the same on every worker and machine. */
struct entity_hash {
    uint64_t high;
    uint64_t low;
};

struct entity_hash entity_hash_of(const void *body, size_t length);

/* The strong tag of a body with this hash. */
void entity_tag_write(struct entity_hash hash, char tag[ENTITY_TAG_SIZE]);

/* True when the value of If-None-Match names `tag`, compared weakly, or is `*`. */
bool entity_tag_matches(struct http_text if_none_match, const char *tag);
