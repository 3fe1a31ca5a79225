/* Which page a request means. */
#pragma once

#include <stdint.h>

/* The order of a list. Dates that are equal: by id, the same way. */
enum page_order { PAGE_HELPFUL, PAGE_NEWEST, PAGE_OLDEST };

/* Which questions of a list. */
enum page_choice { PAGE_ALL, PAGE_ANSWERED, PAGE_UNANSWERED };

/* Which page, by its effective parameters. Compared byte by byte; it has no padding. */
struct page_key {
    int32_t kind;   /* an enum subject (pages/versions.h): whose list */
    int16_t order;  /* an enum page_order */
    int16_t choice; /* an enum page_choice */
    int64_t id;     /* of that product or question */
    int64_t page;   /* from 1 */
    int64_t count;  /* of elements on a page, from 1 */
};
