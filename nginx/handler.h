/* The handler: responds to a request with a page, or leaves it to a worker. */
#pragma once

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* In the phase before the content's. NGX_DECLINED, and nothing has happened, or NGX_DONE. */
ngx_int_t qa_pages_handle(ngx_http_request_t *request);
