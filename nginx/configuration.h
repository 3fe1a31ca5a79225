/*
 * The module for NGINX: answers hits from the pages that the workers share (pages/ring.h), by their
 * protocol (docs/architecture.md, "Why no page is stale"). Whatever is no hit is left to a worker.
 *
 *     qa_pages "/run/qa/versions.4";   in a location; the value is the service's QA_SHARED_FILE
 *     $qa_page                         hit, miss, or "" where no page was looked for
 *
 * What begins with ngx_ is NGINX's own.
 */
#pragma once

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

extern ngx_module_t ngx_http_qa_pages_module;

/* Of all of http{}. */
struct qa_pages_main {
    const char *shared_file; /* NULL where no location has the directive */
    ngx_uint_t variable;     /* the index of $qa_page */
};

/* Of a location. */
struct qa_pages_location {
    ngx_flag_t is_on;
};
