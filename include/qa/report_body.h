/*
 * The body of PUT .../report: `{"reason": "spam", "note": "..."}`, all of it optional. What cannot
 * be used is as if it were not there: a report counts whatever its body is.
 */
#pragma once

#include "http/request.h"

#include <jansson.h>

/* An object with the reason and the note, as far as they can be used; a new reference. */
json_t *report_body_read(struct http_request *request);
