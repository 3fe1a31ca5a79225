/*
 * Whether another host of the connection string takes writes as well: an old primary goes on
 * where nobody has told it that a standby was promoted, and no session with it need break. So every
 * few seconds the hosts that are not in use are tried.
 */
#pragma once

#include "db/attempts.h"

/* Told that one does; which of both is right is to be found out by a session with it. */
typedef void rivals_on_found(void *owner, const struct endpoint *endpoint);

struct rivals;

/* The arguments must outlive it. It begins to look at rivals_resume(). */
struct rivals *rivals_new(struct event_base *base, struct resolver *resolver,
                          struct server_address *address, rivals_on_found *on_found, void *owner);

/* Leaves no session open. */
void rivals_pause(struct rivals *rivals);
void rivals_resume(struct rivals *rivals);

void rivals_free(struct rivals *rivals);
