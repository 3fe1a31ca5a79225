/* What the holder of the shared memory does: it accepts connections, hands the memory out
 * (pages/handout.h), and adds what readers count to the metrics. */
#pragma once

#include "ops/metrics_memory.h"
#include "ops/watch.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct holder_client;

struct holder {
    struct event_base *base;
    const struct metrics_memory *metrics;
    void (*on_join)(void *owner);  /* a service has received the memory */
    void (*on_asked)(void *owner); /* readers were asked for pages */
    void *owner;
    int listening; /* the caller's, as is `memory`; -1: not the holder */
    int memory;
    bool refuses_readers;
    struct watch arrival;
    TAILQ_HEAD(, holder_client) clients;
    unsigned client_count;
};

/* `base` and `metrics` must outlive it. */
void holder_init(struct holder *holder, struct event_base *base,
                 const struct metrics_memory *metrics, void (*on_join)(void *owner),
                 void (*on_asked)(void *owner), void *owner);

/* Hands `memory` out to who connects to `listening`, beside those who are connected. False with
 * errno. */
__attribute__((warn_unused_result)) bool holder_begin(struct holder *holder, int listening,
                                                      int memory);

/* Accepts nobody until holder_begin(): before the socket is closed or changed. */
void holder_pause(struct holder *holder);

/* Closes all connections. on_join may call it. */
void holder_end(struct holder *holder);

/* From now on nobody gets the memory for reading, and who has, loses the connection. */
void holder_refuse_readers(struct holder *holder);

/* Whether other services are connected. */
bool holder_has_members(const struct holder *holder);

/* To be called now and then: closes the connections of those who ask nothing. */
void holder_look(struct holder *holder);
