/*
 * A request target (RFC 9112, 3.2) taken apart: the segments of its path, the parameters of its
 * query string.
 *
 * Nothing is allocated, logged or taken from libmicrohttpd: worker and NGINX read targets with it.
 */
#pragma once

#include "http/text.h"

#include <stdbool.h>

enum { HTTP_SEGMENTS_MAX = 8 };

struct http_target {
    struct http_text segments[HTTP_SEGMENTS_MAX]; /* percent-decoded; a malformed one as it came */
    size_t segment_count;   /* HTTP_SEGMENTS_MAX + 1 when there are more; 0: it is no path */
    struct http_text query; /* after the first `?`, as it came */
    char *scratch;          /* the caller's; where the query's names and values are decoded */
};

/* Takes `text` apart. `buffer` has room for as many bytes as the text has; both must outlive the
 * target. */
void http_target_parse(struct http_target *target, struct http_text text, char *buffer);

/*
 * Whether the path is that of a pattern: a path in which one segment may be a `:name`, which
 * matches any text but the empty one. One trailing slash of the path is ignored. `parameter` is
 * that segment, or empty.
 */
bool http_target_matches(const struct http_target *target, const char *pattern,
                         struct http_text *parameter);

enum http_query_result { HTTP_QUERY_ABSENT, HTTP_QUERY_FOUND, HTTP_QUERY_MALFORMED };

/* Takes the first pair of a name and a value off what is left of a query string, which is not
 * empty. */
struct http_text http_target_take_pair(struct http_text *rest);

/* Whether that is the name of a pair, percent-decoded. */
bool http_target_has_name(const struct http_target *target, struct http_text pair,
                          const char *name);

/*
 * The first occurrence of a query parameter, percent-decoded (WHATWG URL,
 * application/x-www-form-urlencoded: `+` is a blank). MALFORMED: a `%` without two hexadecimal
 * digits. `value` is valid until the next call for the same target.
 */
enum http_query_result http_target_query(const struct http_target *target, const char *name,
                                         struct http_text *value);
