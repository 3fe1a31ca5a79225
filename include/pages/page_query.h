/* The query that makes a page. */
#pragma once

#include "db/call.h"
#include "pages/page_key.h"

struct page_query {
    const struct page_key *key;
    const char *text; /* of the page (pages/lookup.h); NULL: none */
    int64_t answers_per_question;
    bool is_for_standby; /* which has no ready-made pages */
};

/* Gives a call the statement, and what it takes: all of that is in the query. */
void page_query_put(const struct page_query *query, struct call *call);
