/*
 * The module for NGINX: responds with pages of the ring (pages/ring.h), by the protocol of the
 * workers (docs/architecture.md, "Why no page is stale"), and leaves all that is no hit to them.
 *
 *     qa_pages "/run/qa/versions.4";   in a location; the value is the service's QA_SHARED_FILE
 *     $qa_page                         hit, miss, or "" where no page was looked for
 *     $logged_method, $logged_path,    what the access log has of a request (deploy/log-maps.conf)
 *     $logged_product, $logged_page, $logged_count
 *
 * What begins with ngx_ is NGINX's own.
 */
#pragma once

#include "memory.h"

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

extern ngx_module_t ngx_http_qa_pages_module;

/* Of all of http{}. */
struct qa_pages_main {
    const char *shared_file; /* NULL where no location has the directive */
    ngx_uint_t variable;     /* the index of $qa_page */
    struct qa_pages_memory memory;
};

/* Of a location. */
struct qa_pages_location {
    ngx_flag_t is_on;
};
