/* UTF-8 (RFC 3629), as PostgreSQL accepts it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* True when all of it is UTF-8: no byte out of place, no longer form than needed, no surrogate,
 * nothing past U+10FFFF. U+0000 is UTF-8 too. */
__attribute__((warn_unused_result)) bool utf8_is_valid(const char *text, size_t length);
