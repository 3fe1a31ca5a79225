/* A page of the ring, and the response with it. */
#include "pages/kept_page.h"

#include "http/unsent.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "pages/page_response.h"

#include <stdlib.h>

static bool find(const struct ring *ring, const struct page_key *key, struct version version,
                 struct ring_page *page) {
    return ring_find(ring, key, version, clock_ms(), page);
}

/* A copy of what was found, or NULL: it has been written over. */
static void *copy_out(const struct ring *ring, const struct ring_page *page, enum ring_form form) {
    void *body = memory_allocate(page->length[form]);
    if (!ring_copy(ring, page, form, body)) {
        free(body);
        return NULL;
    }
    return body;
}

/* Keeps a page that was found once more, now with its gzip form. False when it is gone. */
static bool add_gzip(struct ring *ring, const struct page_key *key, struct version version,
                     struct ring_page *page) {
    void *bodies[RING_FORMS] = {copy_out(ring, page, RING_PLAIN)};
    if (!bodies[RING_PLAIN]) {
        return false;
    }
    page_response_make_gzip(page, bodies);
    ring_store(ring, key, version, page, (const void *const *)bodies);
    free(bodies[RING_PLAIN]);
    free(bodies[RING_GZIP]);
    return find(ring, key, version, page);
}

/* A total that was found. False when it has been written over. */
static bool tell_total(const struct lookup_settings *settings, struct http_request *request,
                       const struct ring_page *page) {
    char digits[NUMBER_DIGITS + 1] = {0};
    bool is_there = page->length[RING_PLAIN] <= NUMBER_DIGITS &&
                    ring_copy(settings->ring, page, RING_PLAIN, digits);
    if (is_there) {
        settings->on_total(request, strtoll(digits, NULL, 10));
    }
    return is_there;
}

static bool respond(const struct lookup_settings *settings, struct http_request *request,
                    const struct page_key *key, const struct ring_page *page) {
    enum ring_form form = page_response_form(request, page);
    struct http_content content = page_response_content(key, page, form);
    struct lookup_headers headers;
    if (page_response_without_body(settings, request, key, page, &content, &headers)) {
        return true;
    }
    if (!unsent_admits(request, page->length[form])) {
        return true;
    }
    void *body = copy_out(settings->ring, page, form);
    if (body) {
        struct http_body own = {body, page->length[form], free, body};
        http_content_take_body(&content, unsent_hold(request, own));
        http_respond_whole(request, &content);
        http_content_release(&content);
    }
    return body != NULL;
}

bool kept_page_serve(const struct lookup_settings *settings, struct http_request *request,
                     const struct page_key *key, struct version version) {
    struct ring *ring = settings->ring;
    struct ring_page page;
    if (!find(ring, key, version, &page) ||
        (page_response_lacks_gzip(request, &page) && !add_gzip(ring, key, version, &page))) {
        return false;
    }
    return page_key_is_total(key) ? tell_total(settings, request, &page)
                                  : respond(settings, request, key, &page);
}
