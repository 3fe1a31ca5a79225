/* What the access log has of a request: $logged_method, $logged_path, $logged_product,
 * $logged_page, $logged_count. */
#pragma once

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

/* Before the configuration is read. NGX_ERROR when there are such variables already. */
ngx_int_t qa_pages_log_add_variables(ngx_conf_t *configuration);
