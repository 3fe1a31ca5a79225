/* The module of NGINX (nginx/), from a request to its response. NGINX's own functions are replaced.
 */
#include "sides.h"

#include "configuration.h"
#include "handler.h"

#include "ops/clock.h"
#include "pages/shared_memory.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 8, ALLOCATIONS_MAX = 16 };

static struct qa_pages_main module;
static struct qa_pages_location location = {.is_on = 1};

/* What becomes of a request. */
static void *allocations[ALLOCATIONS_MAX]; /* of its pool */
static size_t allocation_count;
static ngx_table_elt_t headers[HEADERS_MAX];
static size_t header_count;
static struct response response;
static bool is_finalized;

ngx_module_t ngx_http_qa_pages_module;

void *ngx_pnalloc(ngx_pool_t *pool, size_t size) {
    (void)pool;
    return allocation_count < ALLOCATIONS_MAX ? allocations[allocation_count++] = malloc(size)
                                              : NULL;
}

void *ngx_palloc(ngx_pool_t *pool, size_t size) {
    return ngx_pnalloc(pool, size);
}

ngx_buf_t *ngx_create_temp_buf(ngx_pool_t *pool, size_t size) {
    ngx_buf_t *buffer = ngx_palloc(pool, sizeof *buffer);
    memset(buffer, 0, sizeof *buffer);
    buffer->start = buffer->pos = buffer->last = ngx_palloc(pool, size);
    buffer->end = buffer->start + size;
    return buffer;
}

void *ngx_list_push(ngx_list_t *list) {
    (void)list;
    return header_count < HEADERS_MAX ? &headers[header_count++] : NULL;
}

static void note_header(enum response_header header, ngx_str_t value) {
    memcpy(response.headers[header], value.data, value.len);
    response.headers[header][value.len] = '\0';
}

ngx_int_t ngx_http_send_header(ngx_http_request_t *request) {
    response.status = (unsigned)request->headers_out.status;
    response.content_length = request->headers_out.content_length_n;
    if (request->headers_out.content_type.len > 0) {
        note_header(CONTENT_TYPE, request->headers_out.content_type);
    }
    for (size_t i = 0; i < header_count; i++) {
        for (enum response_header name = 0; headers[i].hash && name < RESPONSE_HEADERS; name++) {
            if (strlen(response_header_names[name]) == headers[i].key.len &&
                memcmp(response_header_names[name], headers[i].key.data, headers[i].key.len) == 0) {
                note_header(name, headers[i].value);
            }
        }
    }
    request->header_only =
        request->method == NGX_HTTP_HEAD || response.status == NGX_HTTP_NOT_MODIFIED;
    return NGX_OK;
}

ngx_int_t ngx_http_output_filter(ngx_http_request_t *request, ngx_chain_t *chain) {
    (void)request;
    const ngx_buf_t *buffer = chain->buf;
    response.body_length = (size_t)(buffer->last - buffer->pos);
    response.body = malloc(response.body_length + 1);
    memcpy(response.body, buffer->pos, response.body_length);
    return buffer->last_buf && !chain->next ? NGX_OK : NGX_ERROR;
}

void ngx_http_finalize_request(ngx_http_request_t *request, ngx_int_t result) {
    (void)request;
    is_finalized = result == NGX_OK;
}

bool qa_pages_memory_is_handed_out(const struct qa_pages_memory *memory) {
    return memory->is_mapped;
}

void qa_pages_memory_count(struct qa_pages_memory *memory, unsigned count) {
    (void)memory, (void)count;
}

void nginx_side_begin(const struct pages *pages) {
    module.memory.is_mapped = module.memory.has_ring = true;
    module.memory.shared = *pages->shared;
    module.memory.ring = *pages->ring;
}

static ngx_uint_t method_of(struct http_text name) {
    if (name.length == 3 && memcmp(name.data, "GET", 3) == 0) {
        return NGX_HTTP_GET;
    }
    return name.length == 4 && memcmp(name.data, "HEAD", 4) == 0 ? NGX_HTTP_HEAD : NGX_HTTP_POST;
}

static ngx_table_elt_t *header_of(struct http_text value, ngx_table_elt_t *header) {
    *header = (ngx_table_elt_t){.hash = 1, .value = {value.length, (u_char *)value.data}};
    return value.data ? header : NULL;
}

struct response nginx_side_respond(const struct given *given) {
    void *module_of_main[] = {&module}, *module_of_location[] = {&location};
    ngx_http_variable_value_t variable = {0};
    ngx_table_elt_t accept_encoding, if_none_match;
    ngx_http_request_t request = {
        .method = method_of(given->method),
        .unparsed_uri = {given->target.length, (u_char *)given->target.data},
        .valid_unparsed_uri = 1,
        .main_conf = module_of_main,
        .loc_conf = module_of_location,
        .variables = &variable,
        .headers_in = {.accept_encoding = header_of(given->accept_encoding, &accept_encoding),
                       .if_none_match = header_of(given->if_none_match, &if_none_match),
                       .content_length_n = -1},
        .headers_out = {.content_length_n = -1},
    };
    request.main = &request;
    response = (struct response){0};
    header_count = 0;
    is_finalized = false;
    ngx_int_t result = qa_pages_handle(&request);
    if (result == NGX_DECLINED ? response.status != 0 || is_finalized
                               : result != NGX_DONE || response.status == 0 || !is_finalized) {
        abort();
    }
    while (allocation_count > 0) {
        free(allocations[--allocation_count]);
    }
    return response;
}
