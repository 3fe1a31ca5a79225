/*
 * Links from a page of a list to its neighbours, as the header Link has them (RFC 8288): next where
 * there are more elements, prev from the second page on. Each is a query string alone, so it holds
 * at whatever address a proxy shows the list; it is the request's own with another `page`.
 *
 * For worker and NGINX alike: nothing is allocated or logged.
 */
#pragma once

#include "http/target.h"
#include "pages/page_key.h"

enum {
    LIST_LINKS_QUERY_MAX =
        2000, /* in bytes, escaped; of a longer query string there are no links */
    LIST_LINKS_SIZE = 2 * (LIST_LINKS_QUERY_MAX + 50)
};

/*
 * Writes them, and returns their length; 0: there are none.
 *
 * With 304 there always are some, rel="first" if need be: a client keeps the headers of its stored
 * response that a 304 lacks (RFC 9111, 4.3.4), and so a link to a page that is no more.
 */
size_t list_links_write(const struct http_target *target, const struct page_key *key, bool has_more,
                        bool is_not_modified, char links[LIST_LINKS_SIZE]);
