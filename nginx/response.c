/* Headers and body of a response with a page. */
#include "response.h"

/* The header; NULL when memory is out. */
static ngx_table_elt_t *add_header(ngx_http_request_t *request, const char *name,
                                   const char *value) {
    ngx_table_elt_t *header = ngx_list_push(&request->headers_out.headers);
    if (header) {
        *header = (ngx_table_elt_t){.hash = 1,
                                    .key = {ngx_strlen(name), (u_char *)name},
                                    .value = {ngx_strlen(value), (u_char *)value}};
    }
    return header;
}

/* Weak where the form is not the one that was hashed, as in src/http/content.c. */
static bool add_tag(ngx_http_request_t *request, const struct qa_pages_response *response) {
    enum { WEAK = 2 }; /* bytes of `W/` */
    char *tag = ngx_pnalloc(request->pool, WEAK + ENTITY_TAG_SIZE);
    if (!tag) {
        return false;
    }
    ngx_memcpy(tag, "W/", WEAK);
    entity_tag_write(response->hash, tag + WEAK);
    const char *value = response->form == RING_GZIP ? tag : tag + WEAK;
    request->headers_out.etag = add_header(request, "ETag", value);
    return request->headers_out.etag != NULL;
}

static bool add_content(ngx_http_request_t *request, const struct qa_pages_response *response) {
    ngx_http_headers_out_t *out = &request->headers_out;
    ngx_str_set(&out->content_type, "application/json");
    out->content_type_len = out->content_type.len;
    if (response->form == RING_GZIP) {
        out->content_encoding = add_header(request, "Content-Encoding", "gzip");
        return out->content_encoding != NULL;
    }
    return true;
}

/* Neighbours of the page. */
static bool add_links(ngx_http_request_t *request, struct http_text links) {
    if (links.length == 0) {
        return true;
    }
    ngx_table_elt_t *header = add_header(request, "Link", "");
    if (header) {
        header->value = (ngx_str_t){links.length, (u_char *)links.data};
    }
    return header != NULL;
}

static bool add_headers(ngx_http_request_t *request, const struct qa_pages_response *response) {
    ngx_http_headers_out_t *out = &request->headers_out;
    out->status = response->is_not_modified ? NGX_HTTP_NOT_MODIFIED : NGX_HTTP_OK;
    /* That of a 304 must be that of the 200 (RFC 9110, 8.6). */
    out->content_length_n =
        response->is_not_modified && response->length_may_change ? -1 : (off_t)response->length;
    request->disable_not_modified = 1; /* If-Modified-Since and the like, as with a worker */
    return add_tag(request, response) && add_header(request, "Cache-Control", "no-cache") &&
           add_header(request, "Vary", "Accept-Encoding") && add_links(request, response->links) &&
           (response->is_not_modified || add_content(request, response));
}

ngx_int_t qa_pages_respond(ngx_http_request_t *request, const struct qa_pages_response *response) {
    if (!add_headers(request, response)) {
        return NGX_ERROR;
    }
    ngx_int_t result = ngx_http_send_header(request);
    if (result == NGX_ERROR || result > NGX_OK || request->header_only) {
        return result; /* with NGX_AGAIN the header waits, and the body behind it */
    }
    response->body->last_buf = 1;
    return ngx_http_output_filter(request, &(ngx_chain_t){.buf = response->body});
}
