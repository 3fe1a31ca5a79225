/*
 * The overview of the service (admin/view.h) in memory that the supervisor shares with the admin
 * process. The supervisor alone writes; a reader that meets it writing reads again.
 */
#pragma once

#include "admin/view.h"

struct overview;

/* Makes the memory; its descriptor is closed on exec. NULL with errno set. */
struct overview *overview_create(int *descriptor);

/* Maps what overview_create() made in another process, to read. NULL with errno set. */
const struct overview *overview_map(int descriptor);

void overview_write(struct overview *overview, const struct service_view *view);

/* A copy of the last view that was written. */
void overview_read(const struct overview *overview, struct service_view *view);
