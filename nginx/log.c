/*
 * The variables of the access log. deploy/log-maps.conf says what they are, by regular expressions,
 * which cost a fifth of a hit; here they are slices of the request, found without. The values are
 * the same for every request.
 */
#include "log.h"

#include <stdbool.h>

static ngx_int_t set_slice(ngx_http_variable_value_t *value, u_char *data, size_t length) {
    value->data = length > 0 ? data : (u_char *)"";
    value->len = length & 0xfffffff; /* as wide as the field is */
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
    return NGX_OK;
}

/* Up to `end`, or to the first byte that is no ASCII. */
static ngx_int_t set_ascii_before(ngx_http_variable_value_t *value, const ngx_str_t *text,
                                  u_char end) {
    size_t length = 0;
    while (length < text->len && text->data[length] != end && text->data[length] < 0x80) {
        length++;
    }
    return set_slice(value, text->data, length);
}

static ngx_int_t method(ngx_http_request_t *request, ngx_http_variable_value_t *value,
                        uintptr_t unused) {
    (void)unused;
    const ngx_str_t *line = &request->request_line;
    size_t length = 0;
    while (length < line->len && line->data[length] >= 'A' && line->data[length] <= 'Z') {
        length++;
    }
    bool is_method = length < line->len && line->data[length] == ' ';
    return set_slice(value, line->data, is_method ? length : 0);
}

static ngx_int_t path(ngx_http_request_t *request, ngx_http_variable_value_t *value,
                      uintptr_t unused) {
    (void)unused;
    return set_ascii_before(value, &request->unparsed_uri, '?');
}

enum { PRODUCT, PAGE, COUNT };

static ngx_str_t parameters[] = {
    [PRODUCT] = ngx_string("product_id"),
    [PAGE] = ngx_string("page"),
    [COUNT] = ngx_string("count"),
};

/* The first parameter with that name, as $arg_… has it. */
static ngx_int_t parameter(ngx_http_request_t *request, ngx_http_variable_value_t *value,
                           uintptr_t which) {
    ngx_str_t found = ngx_null_string;
    (void)ngx_http_arg(request, parameters[which].data, parameters[which].len, &found);
    return set_ascii_before(value, &found, '&');
}

ngx_int_t qa_pages_log_add_variables(ngx_conf_t *configuration) {
    static struct {
        ngx_str_t name;
        ngx_http_get_variable_pt get;
        uintptr_t data;
    } variables[] = {
        {ngx_string("logged_method"), method, 0},
        {ngx_string("logged_path"), path, 0},
        {ngx_string("logged_product"), parameter, PRODUCT},
        {ngx_string("logged_page"), parameter, PAGE},
        {ngx_string("logged_count"), parameter, COUNT},
    };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        ngx_http_variable_t *variable = ngx_http_add_variable(configuration, &variables[i].name, 0);
        if (!variable) {
            return NGX_ERROR;
        }
        variable->get_handler = variables[i].get;
        variable->data = variables[i].data;
    }
    return NGX_OK;
}
