/* The commit-wait of responses to writes. */
#include "qa/commit_wait.h"

#include "ops/delay.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "pages/lease_wait.h"

#include <stdlib.h>

struct commit_wait {
    struct delay delay;
    struct metrics *metrics;
};

struct waiting {
    struct delayed delayed; /* first: an item is cast to what it is of */
    struct http_request *request;
    struct MHD_Response *response;
    unsigned status;
};

static void on_due(void *owner, struct delayed *item) {
    struct commit_wait *wait = owner;
    struct waiting *waiting = (struct waiting *)(void *)item;
    metrics_subtract(&wait->metrics->gauges.commit_waits, 1);
    http_send(waiting->request, waiting->status, waiting->response);
    free(waiting);
}

struct commit_wait *commit_wait_new(struct event_base *base, int64_t lease_ms,
                                    struct metrics *metrics) {
    struct commit_wait *wait = memory_calloc(1, sizeof *wait);
    wait->metrics = metrics;
    delay_init(&wait->delay, base, lease_wait_us(lease_ms), on_due, wait);
    return wait;
}

void commit_wait_send(struct commit_wait *wait, struct http_request *request, unsigned status,
                      struct MHD_Response *response) {
    if (wait->delay.time_us == 0) {
        http_send(request, status, response);
        return;
    }
    struct waiting *waiting = memory_calloc(1, sizeof *waiting);
    waiting->request = request;
    waiting->status = status;
    waiting->response = response;
    metrics_add(&wait->metrics->gauges.commit_waits, 1);
    delay_add(&wait->delay, &waiting->delayed);
}

void commit_wait_free(struct commit_wait *wait) {
    if (wait) {
        delay_finish(&wait->delay);
        free(wait);
    }
}
