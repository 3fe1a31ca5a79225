/* Which page a request means. */
#pragma once

#include <stdint.h>

/* Which page, by its effective parameters. Compared byte by byte; it has no padding. */
struct page_key {
    int64_t kind; /* which list */
    int64_t id;   /* of what */
    int64_t page;
    int64_t count;
};
