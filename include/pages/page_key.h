/* Which page a request means. */
#pragma once

#include <stdint.h>

/* Which page, by its effective parameters. Compared byte by byte; it has no padding. */
struct page_key {
    int64_t kind;  /* an enum subject (pages/versions.h): whose list */
    int64_t id;    /* of that product or question */
    int64_t page;  /* from 1 */
    int64_t count; /* of elements on a page, from 1 */
};
