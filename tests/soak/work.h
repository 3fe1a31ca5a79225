/* Which request a client makes next. */
#pragma once

#include "client.h"

/* Chooses it, notes it in the ledger, and writes it to the client's connection. */
void work_choose(struct client *client);

/* Whether the client is to go away, now that it has sent its request. */
bool work_is_cut(const struct client *client);
