/* The header traceparent (W3C Trace Context, 3.2): which trace a request is part of. */
#pragma once

#include <stdbool.h>

/* Whether the text is well formed: of version 00, or of a later one that goes on after it. */
bool traceparent_is_valid(const char *text);
