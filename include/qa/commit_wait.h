/*
 * The commit-wait: the response to a write leaves so long after its commit that no host shows the
 * state before it any more (docs/decisions/066-lease-and-commit-wait.md). The write's connection to
 * the database is free meanwhile. As many responses wait as there are clients at most.
 */
#pragma once

#include "http/response.h"

#include <stdint.h>

struct commit_wait;
struct event_base;
struct metrics;

/* `lease_ms`: QA_LEASE_MS, -1 or 0 for responses that leave at once. `metrics` must outlive it. */
struct commit_wait *commit_wait_new(struct event_base *base, int64_t lease_ms,
                                    struct metrics *metrics);

/* Responds to a suspended request whose write has been learnt to be committed, as http_send(), but
 * later. Versions have been raised. */
void commit_wait_send(struct commit_wait *wait, struct http_request *request, unsigned status,
                      struct MHD_Response *response);

/* All have been sent when it returns, which blocks for a lease at most. NULL is allowed. */
void commit_wait_free(struct commit_wait *wait);
