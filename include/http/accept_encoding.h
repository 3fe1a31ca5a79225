/* Accept-Encoding (RFC 9110, 12.5.3). */
#pragma once

#include <stdbool.h>

/* True when a client that sends this value takes gzip. NULL, no header, counts as no. */
bool http_accepts_gzip(const char *accept_encoding);
