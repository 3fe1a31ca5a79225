/* Large bodies that have not been sent. */
#include "http/unsent.h"

#include "ops/memory.h"
#include "ops/metrics.h"

#include <microhttpd.h>
#include <stdlib.h>

/* A body that counts. */
struct held {
    struct unsent *unsent;
    struct http_body body;
};

static void count(struct unsent *unsent, size_t bytes) {
    unsent->bytes = bytes;
    metrics_set(&unsent->metrics->gauges.unsent_bytes, bytes);
}

bool unsent_admits(struct http_request *request, size_t length) {
    const struct unsent *unsent = request->delivery->unsent;
    if (length < UNSENT_COUNTED_FROM_BYTES || unsent->bytes + length <= UNSENT_LIMIT_BYTES) {
        return true;
    }
    metrics_add(&unsent->metrics->unsent_rejections, 1);
    http_respond_problem(request, MHD_HTTP_SERVICE_UNAVAILABLE, NULL,
                         "too many clients read long pages slowly; try again in a moment");
    return false;
}

static void release(void *owner) {
    struct held *held = owner;
    count(held->unsent, held->unsent->bytes - held->body.length);
    held->body.release(held->body.owner);
    free(held);
}

struct http_body unsent_hold(const struct http_request *request, struct http_body body) {
    if (body.length < UNSENT_COUNTED_FROM_BYTES) {
        return body;
    }
    struct held *held = memory_allocate(sizeof *held);
    *held = (struct held){.unsent = request->delivery->unsent, .body = body};
    count(held->unsent, held->unsent->bytes + body.length);
    return (struct http_body){body.data, body.length, release, held};
}
