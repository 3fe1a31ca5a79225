/*
 * Requests for lists, and for one question: which page a GET or HEAD of a target asks for. Worker
 * and NGINX both ask this; it uses nothing of libmicrohttpd, allocates nothing and logs nothing.
 */
#pragma once

#include "http/target.h"
#include "pages/page_key.h"
#include "qa/parameters.h"

/* The parameter that has the text to search for. */
extern const struct parameter list_request_search;

/* The patterns (http/target.h) of their paths. */
#define LIST_REQUEST_QUESTIONS "/qa/questions"
#define LIST_REQUEST_QUESTION "/qa/questions/:question_id"
#define LIST_REQUEST_ANSWERS "/qa/questions/:question_id/answers"

enum list_request_kind {
    LIST_REQUEST_NONE,  /* another path */
    LIST_REQUEST_WRONG, /* a parameter is missing, or breaks its rule: 400 */
    LIST_REQUEST_PAGE
};

struct list_request {
    enum list_request_kind kind;
    struct page_key key;           /* of LIST_REQUEST_PAGE */
    struct http_text search;       /* likewise: what is searched for, which may be any bytes; it is
                                      valid as long as a value of http_target_query() */
    const struct parameter *wrong; /* of LIST_REQUEST_WRONG: the first to blame */
};

/* `seed` is that of page_key_set_text(). */
struct list_request list_request_read(const struct http_target *target, uint64_t seed);
