/* Whether another host of the connection string takes writes as well. */
#include "db/rivals.h"

#include "ops/memory.h"
#include "ops/timer.h"

#include <stdlib.h>

enum { LOOK_EVERY_MS = 3000, LIMIT_MS = 2000 };

struct rivals {
    struct event_base *base;
    struct resolver *resolver;
    struct server_address *address;
    rivals_on_found *on_found;
    void *owner;
    struct attempts *attempts; /* NULL: none are under way */
    struct timer timer;
};

static void on_done(void *owner, const struct attempts_result *result) {
    struct rivals *rivals = owner;
    bool is_one = result->session != NULL &&
                  server_address_rank(rivals->address, &result->endpoint) == ENDPOINT_USUAL;
    rivals->attempts = NULL;
    PQfinish(result->session);
    timer_start(&rivals->timer, LOOK_EVERY_MS);
    if (is_one) {
        rivals->on_found(rivals->owner, &result->endpoint);
    }
}

static void on_timer(void *owner) {
    struct rivals *rivals = owner;
    const struct attempts_settings settings = {.application = "atelier-qa",
                                               .limit_ms = LIMIT_MS,
                                               .only_usual = true,
                                               .on_done = on_done,
                                               .owner = rivals};
    rivals->attempts = attempts_begin(rivals->base, rivals->resolver, rivals->address, &settings);
}

struct rivals *rivals_new(struct event_base *base, struct resolver *resolver,
                          struct server_address *address, rivals_on_found *on_found, void *owner) {
    struct rivals *rivals = memory_allocate(sizeof *rivals);
    *rivals = (struct rivals){.base = base,
                              .resolver = resolver,
                              .address = address,
                              .on_found = on_found,
                              .owner = owner};
    timer_init(&rivals->timer, base, on_timer, rivals);
    return rivals;
}

void rivals_pause(struct rivals *rivals) {
    timer_stop(&rivals->timer);
    if (rivals->attempts) {
        attempts_cancel(rivals->attempts);
        rivals->attempts = NULL;
    }
}

void rivals_resume(struct rivals *rivals) {
    if (server_address_seeks_primary(rivals->address) && !rivals->attempts) {
        timer_start(&rivals->timer, LOOK_EVERY_MS);
    }
}

void rivals_free(struct rivals *rivals) {
    rivals_pause(rivals);
    free(rivals);
}
