/*
 * Fuzzes what a request means. The input is a raw request: `METHOD target`, then headers, a line
 * each. Both that may respond to it get it (sides.h), with every page that it can mean in the ring.
 *
 * Promises checked: what NGINX responds is what a worker would, in status, headers and body; it
 * passes on only what it must; of a parameter the first counts, and unknown ones do not; the
 * canonical target of a page means that page.
 */
#include "sides.h"

#include "http/accept_encoding.h"
#include "ops/clock.h"
#include "qa/list_request.h"
#include "rules/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    RING_MEGABYTES = 8,
    EDITION = 6,         /* of pages that need no lease */
    TARGET_TAKEN = 1024, /* NGINX may pass on what is longer */
    BODY_TAKEN = 128 * 1024,
    BODY_MOST = 300 * 1024,
    GZIP_FROM = 1024, /* what workers compress */
    GZIP_TO = 256 * 1024
};

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s\n", #condition);                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

const char *const response_header_names[RESPONSE_HEADERS] = {
    "ETag", "Cache-Control", "Vary", "Content-Type", "Content-Encoding", "Link"};

static struct shared_memory shared;
static struct ring ring;
static struct pages pages = {.shared = &shared, .ring = &ring};

/* A copy that lives for some calls more, as what is searched for lies where a target is decoded. */
static struct http_text keep(struct http_text text) {
    enum { COPIES = 8, COPY_MOST = 8 * 1024 };
    static char copies[COPIES][COPY_MOST];
    static unsigned next;
    char *copy = copies[next++ % COPIES];
    REQUIRE(text.length <= COPY_MOST);
    if (text.length > 0) {
        memcpy(copy, text.data, text.length);
    }
    return (struct http_text){copy, text.length};
}

static struct list_request read_target(struct http_text text) {
    struct http_target target;
    char *buffer = malloc(text.length + (text.length == 0));
    http_target_parse(&target, text, buffer);
    struct list_request list = list_request_read(&target, shared_memory_seed(&shared));
    list.search = keep(list.search);
    free(buffer);
    return list;
}

static bool is_same_list(const struct list_request *a, const struct list_request *b) {
    return a->kind == b->kind && a->wrong == b->wrong &&
           memcmp(&a->key, &b->key, sizeof a->key) == 0;
}

static void require_canonical(const struct list_request *list) {
    static const char *const orders[] = {"helpful", "newest", "oldest"};
    static const char *const choices[] = {"", "true", "false"};
    const struct page_key *key = &list->key;
    char text[200 + 3 * 8 * 1024];
    bool is_product = key->kind == PAGE_QUESTIONS;
    REQUIRE(is_product || key->choice == PAGE_ALL);
    int length = snprintf(text, sizeof text,
                          key->kind == PAGE_QUESTION ? "/qa/questions/%" PRId64
                          : is_product ? "/qa/questions?product_id=%" PRId64 "&page=%" PRId64
                                         "&count=%" PRId64 "&sort=%s&answered=%s"
                                       : "/qa/questions/%" PRId64 "/answers?page=%" PRId64
                                         "&count=%" PRId64 "&sort=%s&answered=%s",
                          key->id, key->page, key->count, orders[key->order], choices[key->choice]);
    for (size_t i = 0; i < list->search.length; i++) {
        length += sprintf(text + length, "%s%%%02x", i == 0 ? "&q=" : "",
                          (unsigned char)list->search.data[i]);
    }
    if (list->search.length > 0) {
        sprintf(text + length, "&highlight=%s", key->shows_matches ? "true" : "false");
    }
    const struct list_request again = read_target(http_text_of(text));
    REQUIRE(is_same_list(list, &again));
}

/* The same with an unknown parameter before all others, and all once more behind them. */
static void require_same_with_more(struct http_text target, const struct list_request *list) {
    size_t path_length = http_text_until(target, '?');
    struct http_text query = http_text_after(target, path_length);
    query = http_text_after(query, query.length > 0);
    char *more = NULL;
    int length = asprintf(&more, "%.*s?x=%%zz&%.*s&%.*s", (int)path_length, target.data,
                          (int)query.length, query.data, (int)query.length, query.data);
    REQUIRE(length > 0);
    const struct list_request again = read_target((struct http_text){more, (size_t)length});
    REQUIRE(is_same_list(list, &again));
    free(more);
}

static size_t length_of_page(const struct page_key *key) {
    static const size_t lengths[] = {900,        3000, 40,   1023,           1024,       5000,
                                     BODY_TAKEN, 900,  3000, BODY_TAKEN + 1, 200 * 1024, BODY_MOST};
    return lengths[((uint64_t)key->id + (uint64_t)key->page + (uint64_t)key->count) %
                   (sizeof lengths / sizeof *lengths)];
}

/* Stores the page, whose body tells its key. It may lack the gzip form. */
static struct ring_page store(const struct page_key *key) {
    static char body[BODY_MOST], gzip[] = "the gzip form, which nobody looks into";
    struct ring_page page = {.length = {length_of_page(key)}, .expires_ms = INT64_MAX};
    memset(body, 'a' + (int)(key->id % 26), page.length[RING_PLAIN]);
    memcpy(body, key, sizeof *key);
    page.hash = entity_hash_of(body, page.length[RING_PLAIN]);
    bool has_gzip = key->page % 3 == 0 && page.length[RING_PLAIN] <= GZIP_TO;
    page.length[RING_GZIP] = has_gzip ? sizeof gzip : 0;
    page.gzip_is_no_shorter = key->page % 3 == 1;
    page.has_more = key->count % 2 == 1;
    struct version version =
        versions_note(pages.versions, versions_slot(page_key_subject(key), key->id));
    ring_store(&ring, key, version, &page, (const void *const[]){body, gzip});
    return page;
}

/* Whether a worker makes such a page: it refuses some searches, and takes a blank one for none. */
static bool is_made(const struct list_request *list) {
    const struct http_text search = list->search;
    return list->kind == LIST_REQUEST_PAGE &&
           (search.length == 0 || (text_is_search(search.data, search.length) &&
                                   !text_is_blank(search.data, search.length)));
}

/* Whether NGINX has all that it needs to respond. */
static bool must_be_taken(const struct given *given, const struct list_request *list,
                          const struct ring_page *page) {
    const struct http_text method = given->method;
    bool is_read = (method.length == 3 && memcmp(method.data, "GET", 3) == 0) ||
                   (method.length == 4 && memcmp(method.data, "HEAD", 4) == 0);
    bool lacks_gzip = page->length[RING_GZIP] == 0 && !page->gzip_is_no_shorter &&
                      page->length[RING_PLAIN] >= GZIP_FROM &&
                      accept_encoding_has_gzip(given->accept_encoding);
    return is_read && is_made(list) && given->target.length <= TARGET_TAKEN && !lacks_gzip &&
           page->length[RING_PLAIN] <= BODY_TAKEN;
}

static void require_same_response(const struct response *a, const struct response *b) {
    REQUIRE(a->status == b->status);
    for (size_t i = 0; i < RESPONSE_HEADERS; i++) {
        REQUIRE(strcmp(a->headers[i], b->headers[i]) == 0);
    }
    REQUIRE(a->content_length == b->content_length);
    REQUIRE((a->body != NULL) == (b->body != NULL) && a->body_length == b->body_length);
    REQUIRE(!a->body || memcmp(a->body, b->body, a->body_length) == 0);
}

static void compare(const struct given *given) {
    const struct list_request list = read_target(given->target);
    struct ring_page page = {0};
    require_same_with_more(given->target, &list);
    if (list.kind == LIST_REQUEST_PAGE) {
        require_canonical(&list);
    }
    if (is_made(&list)) {
        page = store(&list.key);
    }
    struct response by_nginx = nginx_side_respond(given);
    struct response by_worker = worker_side_respond(given);
    if (by_nginx.status != 0) {
        require_same_response(&by_nginx, &by_worker);
    } else {
        REQUIRE(!must_be_taken(given, &list, &page));
    }
    free(by_nginx.body);
    free(by_worker.body);
}

/* ---- The input ---- */

/* Of exactly the size that is needed, so that a byte more is found out. */
static struct http_text copy_of(struct http_text text) {
    if (!text.data) {
        return text;
    }
    char *copy = malloc(text.length + (text.length == 0));
    if (text.length > 0) {
        memcpy(copy, text.data, text.length);
    }
    return (struct http_text){copy, text.length};
}

static struct http_text take_line(struct http_text *rest) {
    struct http_text line = {rest->data, http_text_until(*rest, '\n')};
    *rest = http_text_after(*rest, line.length);
    *rest = http_text_after(*rest, rest->length > 0);
    return line;
}

/* What NGINX takes for a header of that name: blanks around the value are no part of it. */
static bool take_header(struct http_text line, const char *name, struct http_text *value) {
    size_t length = strlen(name);
    if (line.length <= length || strncasecmp(line.data, name, length) != 0 ||
        line.data[length] != ':') {
        return false;
    }
    line = http_text_after(line, length + 1);
    line = http_text_after(line, http_text_span(line, " ", true));
    while (line.length > 0 && line.data[line.length - 1] == ' ') {
        line.length--;
    }
    *value = line;
    return true;
}

/* False for what NGINX refuses itself. */
static bool take_request(struct http_text input, struct given *given) {
    struct http_text line = take_line(&input), value;
    size_t method_length = http_text_until(line, ' ');
    if (memchr(input.data, '\0', input.length) || memchr(input.data, '\r', input.length) ||
        method_length == line.length) {
        return false;
    }
    *given = (struct given){.method = {line.data, method_length},
                            .target = http_text_after(line, method_length + 1)};
    for (size_t i = 0; i < given->target.length; i++) {
        unsigned char byte = (unsigned char)given->target.data[i];
        if (byte <= ' ' || byte == 0x7f) {
            return false;
        }
    }
    while (input.length > 0) {
        line = take_line(&input);
        if (take_header(line, "Accept-Encoding", &value) && !given->accept_encoding.data) {
            given->accept_encoding = value;
        } else if (take_header(line, "If-None-Match", &value)) {
            if (given->if_none_match.data) {
                return false;
            }
            given->if_none_match = value;
        }
    }
    return !memchr(given->method.data, '\0', method_length);
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    int descriptor = shared_memory_create(RING_MEGABYTES);
    REQUIRE(descriptor >= 0 && shared_memory_map(&shared, descriptor, SHARED_MEMORY_WRITE));
    REQUIRE(shared_memory_ring(&shared, &ring));
    ring.edition = EDITION;
    shared_memory_set_edition(&shared, EDITION);
    pages.versions = shared_memory_versions(&shared);
    worker_side_begin(&pages);
    nginx_side_begin(&pages);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct given taken;
    if (!take_request((struct http_text){(const char *)data, size}, &taken)) {
        return 0;
    }
    const struct given given = {.method = copy_of(taken.method),
                                .target = copy_of(taken.target),
                                .accept_encoding = copy_of(taken.accept_encoding),
                                .if_none_match = copy_of(taken.if_none_match)};
    shared_memory_vouch(&shared, clock_ms());
    compare(&given);
    free((void *)given.method.data);
    free((void *)given.target.data);
    free((void *)given.accept_encoding.data);
    free((void *)given.if_none_match.data);
    return 0;
}
