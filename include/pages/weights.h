/*
 * Weights: which pages are large reads (db/pool.h), told before they are made.
 *
 * A page that was made weighs what it weighed then. Of another page of the same list each element
 * weighs what it did on the list's heaviest page: so not every page of a list of much has to be
 * made once among normal reads. A page of which nothing is known is large when it shows or skips
 * many elements. What is no page of a list is large when it was so the last time.
 */
#pragma once

#include "pages/page_key.h"

#include <stdbool.h>
#include <stddef.h>

enum { WEIGHTS_LARGE_BYTES = 128 * 1024 /* made in some milliseconds */ };

struct weights;

struct weights *weights_new(void);
void weights_free(struct weights *weights);

bool weights_is_large(const struct weights *weights, const struct page_key *key);

/* A page was made. What was slow to make counts as one of many bytes. */
void weights_note(struct weights *weights, const struct page_key *key, size_t bytes);
