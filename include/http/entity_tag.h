/* Entity tags (RFC 9110, 8.8.3) and If-None-Match (13.1.2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { ENTITY_TAG_SIZE = 35 }; /* two quotes, 32 hexadecimal digits, NUL */

/* The strong tag of a body: its 128-bit XXH3 hash, the same on every worker and machine. */
void entity_tag_of(const void *body, size_t length, char tag[ENTITY_TAG_SIZE]);

/* True when an If-None-Match value names `tag`, compared weakly, or is `*`. NULL matches nothing.
 */
bool entity_tag_matches(const char *if_none_match, const char *tag);
