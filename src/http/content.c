/* A ready response to GET: plain or compressed, whole or 304. */
#include "http/content.h"

#include "http/accept_encoding.h"
#include "http/entity_tag.h"
#include "ops/memory.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    COMPRESS_FROM_BYTES = 1024,
    COMPRESS_TO_BYTES = 256 * 1024, /* more holds up all other requests: NGINX does it bit by bit */
    COMPRESSION_LEVEL = 4,
    GZIP_WINDOW_BITS = 15 + 16,   /* the largest window, in gzip's format */
    GZIP_MEMORY_LEVEL = 8,        /* zlib's default */
    RESPONSE_OVERHEAD_BYTES = 800 /* of one of libmicrohttpd's responses with its headers */
};

/* One representation (RFC 9110, 3.2). The compressed one has the plain one's tag, but weak, as
 * NGINX makes it when it compresses: a strong one would name other bytes (8.8.3.3). */
struct form {
    struct MHD_Response *whole; /* owns the bytes; NULL: there is no such form, or not yet */
    struct MHD_Response *not_modified[2]; /* by `has_length`; NULL until it is needed */
    size_t length;
    char tag[2 + ENTITY_TAG_SIZE]; /* `W/` first where it is weak */
};

struct http_content {
    size_t references;
    const void *body; /* of the plain form */
    struct form plain;
    struct form gzip;
    bool offers_gzip;
    char content_type[];
};

/* False when memory is out. */
static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    memory_demand(MHD_add_response_header(response, name, value) == MHD_YES);
}

/* What 200 and 304 have in common. */
static void add_headers(struct MHD_Response *response, const struct form *form) {
    add_header(response, MHD_HTTP_HEADER_ETAG, form->tag);
    add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    add_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
}

struct http_content *http_content_new(const char *content_type, struct http_body body) {
    struct http_content *content = memory_calloc(1, sizeof *content + strlen(content_type) + 1);
    content->references = 1;
    content->body = body.data;
    memcpy(content->content_type, content_type, strlen(content_type) + 1);
    content->plain.length = body.length;
    entity_tag_of(body.data, body.length, content->plain.tag);
    content->plain.whole = http_body_response(body);
    add_headers(content->plain.whole, &content->plain);
    add_header(content->plain.whole, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    return content;
}

struct http_content *http_content_retain(struct http_content *content) {
    content->references++;
    return content;
}

static void destroy_response(struct MHD_Response *response) {
    if (response) {
        MHD_destroy_response(response);
    }
}

static void destroy_responses(const struct form *form) {
    destroy_response(form->whole);
    destroy_response(form->not_modified[false]);
    destroy_response(form->not_modified[true]);
}

void http_content_release(struct http_content *content) {
    if (--content->references == 0) {
        destroy_responses(&content->plain);
        destroy_responses(&content->gzip);
        free(content);
    }
}

static size_t form_bytes(const struct form *form) {
    return (form->whole ? form->length + RESPONSE_OVERHEAD_BYTES : 0) +
           (form->not_modified[false] ? RESPONSE_OVERHEAD_BYTES : 0) +
           (form->not_modified[true] ? RESPONSE_OVERHEAD_BYTES : 0);
}

size_t http_content_bytes(const struct http_content *content) {
    return sizeof *content + form_bytes(&content->plain) + form_bytes(&content->gzip);
}

void http_content_offer_gzip(struct http_content *content) {
    content->offers_gzip =
        content->plain.length >= COMPRESS_FROM_BYTES && content->plain.length <= COMPRESS_TO_BYTES;
}

/* The body compressed, to be released with free(); NULL where it would not be shorter. */
static void *compress_body(const struct http_content *content, size_t *compressed_length) {
    z_stream stream = {0};
    memory_demand(deflateInit2(&stream, COMPRESSION_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS,
                               GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    unsigned char *compressed = memory_allocate(content->plain.length);
    stream.next_in = (unsigned char *)content->body;
    stream.avail_in = (uInt)content->plain.length;
    stream.next_out = compressed;
    stream.avail_out = (uInt)content->plain.length;
    bool is_shorter = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    *compressed_length = stream.total_out;
    deflateEnd(&stream);
    if (!is_shorter) {
        free(compressed);
        return NULL;
    }
    return memory_realloc(compressed, *compressed_length);
}

static bool make_gzip(struct http_content *content) {
    struct form *gzip = &content->gzip;
    void *compressed = compress_body(content, &gzip->length);
    if (!compressed) {
        return false;
    }
    snprintf(gzip->tag, sizeof gzip->tag, "W/%.*s", ENTITY_TAG_SIZE - 1, content->plain.tag);
    struct MHD_Response *response =
        http_body_response((struct http_body){compressed, gzip->length, free, compressed});
    add_headers(response, gzip);
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content->content_type);
    add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    gzip->whole = response;
    return true;
}

static bool takes_gzip(const struct http_request *request) {
    return accept_encoding_has_gzip(
        http_text_of(http_request_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING)));
}

static struct form *choose_form(struct http_content *content, const struct http_request *request) {
    if (!content->offers_gzip || !takes_gzip(request)) {
        return &content->plain;
    }
    if (!content->gzip.whole && !make_gzip(content)) {
        content->offers_gzip = false;
        return &content->plain;
    }
    return &content->gzip;
}

/* A 304 has no body to read. */
static ssize_t read_nothing(void *argument, uint64_t position, char *buffer, size_t size) {
    (void)argument, (void)position, (void)buffer, (void)size;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/*
 * The 304 of a form. Content-Length may only be that of the 200 (RFC 9110,
 * 8.6), so the response has the form's length, which libmicrohttpd writes. Without `has_length`
 * there is none; libmicrohttpd then closes the connection.
 */
static struct MHD_Response *not_modified(struct form *form, bool has_length) {
    struct MHD_Response **response = &form->not_modified[has_length];
    if (!*response) {
        struct MHD_Response *made = MHD_create_response_from_callback(
            has_length ? form->length : MHD_SIZE_UNKNOWN, 1, read_nothing, NULL, NULL);
        memory_demand(made != NULL);
        add_headers(made, form);
        if (!has_length) {
            (void)MHD_set_response_options(made, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
        }
        *response = made;
    }
    return *response;
}

/* Whether NGINX would compress the form for this client, and so change its length. */
static bool is_compressed_later(const struct http_content *content, const struct form *form,
                                const struct http_request *request) {
    return form == &content->plain && form->length >= COMPRESS_FROM_BYTES && takes_gzip(request);
}

void http_respond_with(struct http_request *request, struct http_content *content) {
    struct form *form = choose_form(content, request);
    const char *if_none_match = http_request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (entity_tag_matches(http_text_of(if_none_match), content->plain.tag)) {
        bool has_length = !is_compressed_later(content, form, request);
        http_send_shared(request, MHD_HTTP_NOT_MODIFIED, not_modified(form, has_length));
    } else {
        http_send_shared(request, MHD_HTTP_OK, form->whole);
    }
}

void http_respond_content(struct http_request *request, const char *content_type,
                          struct http_body body) {
    struct http_content *content = http_content_new(content_type, body);
    http_respond_with(request, content);
    http_content_release(content);
}
