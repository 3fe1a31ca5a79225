/* From a request to its page. */
#include "handler.h"

#include "configuration.h"

ngx_int_t qa_pages_handle(ngx_http_request_t *request) {
    (void)request;
    return NGX_DECLINED;
}
