/*
 * The version of a page: that of the product or question that covers all that the page shows. Of
 * counts, which are of several products, it is the sum of the products' counters. No counter falls,
 * so a sum that is equal to one that was noted before is that of equal counters.
 *
 * `text` is that of the page (pages/lookup.h); NULL: none.
 */
#pragma once

#include "pages/page_key.h"
#include "pages/versions.h"

struct version page_version_note(const struct versions *versions, const struct page_key *key,
                                 const char *text);

/* What a standby must have replayed of all that the page shows: versions_replay_needed(). */
uint64_t page_version_replay_needed(const struct versions *versions, const struct page_key *key,
                                    const char *text, int64_t round_us);
