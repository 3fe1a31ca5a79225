/* A request's write, on its way into a batch. */
#pragma once

#include "db/batcher.h"
#include "http/request.h"

#include <jansson.h>

/* Adds a write to the next batch of its form; `row` is the id of the row that it locks, or 0, and
 * on_done's owner is the request. The item is released. */
void send_item(struct http_request *request, const struct batch_form *form, int64_t row,
               json_t *item, batch_on_done *on_done);
