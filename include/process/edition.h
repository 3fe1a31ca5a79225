/* The edition of the pages that a worker makes (pages/shared_memory.h). */
#pragma once

#include "ops/config.h"

/* A number, never 0, that stands for this program, its database and the settings that decide what
 * a page shows and how long its lease lasts. No password is in it. */
uint64_t edition_of(const struct config *config);
