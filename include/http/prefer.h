/* Prefer (RFC 7240). */
#pragma once

#include "http/text.h"

#include <stdbool.h>

/* In bytes; NGINX passes no longer value on (deploy/nginx.conf). */
enum { PREFER_MAX = 200 };

/* Whether a header's value has the preference `name` with the value `wanted`. Of a preference that
 * is repeated the first counts. */
bool prefer_has(struct http_text prefer, const char *name, const char *wanted);
