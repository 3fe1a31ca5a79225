/* A response to GET: plain or compressed, whole, 304 or for HEAD. */
#include "http/content.h"

#include "http/accept_encoding.h"
#include "http/unsent.h"
#include "ops/memory.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    COMPRESS_TO_BYTES = 256 * 1024, /* more holds up all other requests: NGINX does it bit by bit */
    COMPRESSION_LEVEL = 4,
    GZIP_WINDOW_BITS = 15 + 16, /* the largest window, in gzip's format */
    GZIP_MEMORY_LEVEL = 8       /* zlib's default */
};

/* What 200 and 304 have in common. The compressed form has the plain one's tag, but weak, as NGINX
 * makes it when it compresses: a strong one would name other bytes (RFC 9110, 8.8.3.3). */
static void add_headers(struct MHD_Response *response, const struct http_content *content) {
    char tag[2 + ENTITY_TAG_SIZE] = "W/";
    entity_tag_write(content->hash, tag + 2);
    http_add_header(response, MHD_HTTP_HEADER_ETAG, content->is_gzip ? tag : tag + 2);
    http_add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    http_add_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    for (const struct http_header *header = content->more; header && header->name; header++) {
        http_add_header(response, header->name, header->value);
    }
}

static void add_headers_of_200(struct MHD_Response *response, const struct http_content *content) {
    add_headers(response, content);
    http_add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content->type);
    if (content->is_gzip) {
        http_add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    }
}

void http_content_take_body(struct http_content *content, struct http_body body) {
    content->whole = http_body_response(body);
    add_headers_of_200(content->whole, content);
}

void http_content_release(struct http_content *content) {
    if (content->whole) {
        MHD_destroy_response(content->whole);
        content->whole = NULL;
    }
}

static bool takes_gzip(const struct http_request *request) {
    return accept_encoding_has_gzip(
        http_text_of(http_request_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING)));
}

bool http_content_wants_gzip(const struct http_request *request, size_t plain_length) {
    return plain_length >= ACCEPT_ENCODING_GZIP_FROM_BYTES && plain_length <= COMPRESS_TO_BYTES &&
           takes_gzip(request);
}

void *http_content_compress(const void *body, size_t length, size_t *compressed_length) {
    z_stream stream = {0};
    memory_demand(deflateInit2(&stream, COMPRESSION_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS,
                               GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    unsigned char *compressed = memory_allocate(length);
    stream.next_in = (unsigned char *)body;
    stream.avail_in = (uInt)length;
    stream.next_out = compressed;
    stream.avail_out = (uInt)length;
    bool is_shorter = deflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out > 0;
    *compressed_length = stream.total_out;
    deflateEnd(&stream);
    if (!is_shorter) {
        free(compressed);
        return NULL;
    }
    return memory_realloc(compressed, *compressed_length);
}

/* Of a response without a body. */
static ssize_t read_nothing(void *argument, uint64_t position, char *buffer, size_t size) {
    (void)argument, (void)position, (void)buffer, (void)size;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* A response whose Content-Length is that of a body which is not sent. */
static struct MHD_Response *new_response_without_body(uint64_t length) {
    struct MHD_Response *response =
        MHD_create_response_from_callback(length, 1, read_nothing, NULL, NULL);
    memory_demand(response != NULL);
    return response;
}

/* Whether NGINX would compress the 200 for this client, and so change its length. */
static bool is_compressed_later(const struct http_request *request,
                                const struct http_content *content) {
    return !content->is_gzip && content->length >= ACCEPT_ENCODING_GZIP_FROM_BYTES &&
           takes_gzip(request);
}

/* Content-Length may only be that of the 200 (RFC 9110, 8.6). Where that is not known there is
 * none; libmicrohttpd then closes the connection. */
static struct MHD_Response *new_304(const struct http_request *request,
                                    const struct http_content *content) {
    bool has_length = !is_compressed_later(request, content);
    struct MHD_Response *response =
        new_response_without_body(has_length ? content->length : MHD_SIZE_UNKNOWN);
    if (!has_length) {
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    }
    add_headers(response, content);
    return response;
}

bool http_content_is_known(const struct http_request *request, const struct http_content *content) {
    const char *tags = http_request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (!tags) {
        return false;
    }
    char tag[ENTITY_TAG_SIZE];
    entity_tag_write(content->hash, tag);
    return entity_tag_matches(http_text_of(tags), tag);
}

bool http_respond_without_body(struct http_request *request, const struct http_content *content,
                               bool is_known) {
    if (is_known) {
        http_send(request, MHD_HTTP_NOT_MODIFIED, new_304(request, content));
        return true;
    }
    if (request->method == HTTP_HEAD) {
        struct MHD_Response *response = new_response_without_body(content->length);
        add_headers_of_200(response, content);
        http_send(request, MHD_HTTP_OK, response);
        return true;
    }
    return false;
}

void http_respond_whole(struct http_request *request, const struct http_content *content) {
    http_send_shared(request, MHD_HTTP_OK, content->whole);
}

void http_respond_copy(struct http_request *request, struct http_content content,
                       const void *body) {
    void *copy = memory_allocate(content.length);
    memcpy(copy, body, content.length);
    struct http_body own = {copy, content.length, free, copy};
    http_content_take_body(&content, unsent_hold(request, own));
    http_respond_whole(request, &content);
    http_content_release(&content);
}

void http_respond_content(struct http_request *request, const char *type, struct http_body body) {
    struct http_content content = {
        .type = type, .hash = entity_hash_of(body.data, body.length), .length = body.length};
    http_content_take_body(&content, body);
    if (!http_respond_without_body(request, &content, http_content_is_known(request, &content))) {
        http_respond_whole(request, &content);
    }
    http_content_release(&content);
}
