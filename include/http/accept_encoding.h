/* Accept-Encoding (RFC 9110, 12.5.3). */
#pragma once

#include "http/text.h"

#include <stdbool.h>

/* In bytes; a longer value counts as none, and NGINX passes none on (deploy/nginx.conf). Of several
 * lines NGINX 1.22 passes on the first, later versions all. */
enum { ACCEPT_ENCODING_MAX = 200 };

/* A shorter body is not compressed; deploy/nginx.conf has the same number. */
enum { ACCEPT_ENCODING_GZIP_FROM_BYTES = 1024 };

/* True when a client that sends this value takes gzip. No header counts as no. */
bool accept_encoding_has_gzip(struct http_text accept_encoding);
