/* What becomes of a page that a query has made. */
#include "pages/made_page.h"

#include "http/unsent.h"
#include "ops/clock.h"
#include "pages/page_response.h"
#include "pages/result_body.h"

#include <stdlib.h>

/* What a list's statement says of elements after the page. */
static bool has_more(const PGresult *result, int row) {
    int column = PQfnumber(result, "has_more");
    return column >= 0 && *PQgetvalue(result, row, column) == 't';
}

struct made_page made_page_of(const struct page_key *key, const PGresult *result, int row) {
    struct http_body body = result_body_copy(result, row, 0);
    return (struct made_page){.key = key,
                              .page = {.hash = entity_hash_of(body.data, body.length),
                                       .length = {body.length},
                                       .has_more = has_more(result, row)},
                              .bodies = {body.owner}};
}

void made_page_keep(struct made_page *made, const struct lookup_settings *settings,
                    struct version version, int64_t max_age_ms,
                    const struct http_request_queue *requests) {
    const struct http_request *request;
    TAILQ_FOREACH(request, requests, queue) {
        if (page_response_lacks_gzip(request, &made->page)) {
            page_response_make_gzip(&made->page, made->bodies);
        }
    }
    int64_t lifetime_ms = settings->lifetime_ms;
    made->page.expires_ms = clock_ms() + (max_age_ms < lifetime_ms ? max_age_ms : lifetime_ms);
    ring_store(settings->ring, made->key, version, &made->page, (const void *const *)made->bodies);
}

/* One form of the page: its body, and once somebody shares it, the response. */
struct made_form {
    struct http_content content;
    void *body;
};

static struct http_body hand_over(const struct made_form *form,
                                  const struct http_request *request) {
    struct http_body body = {form->body, form->content.length, free, form->body};
    return unsent_hold(request, body);
}

/* Responds to one. One response does for all that have no headers of their own. */
static void respond(const struct made_page *made, const struct lookup_settings *settings,
                    struct http_request *request, bool is_last, struct made_form *form) {
    struct http_content content = form->content;
    struct lookup_headers headers;
    if (page_response_without_body(settings, request, made->key, &made->page, &content, &headers)) {
        return;
    }
    bool is_held = form->content.whole && !content.more;
    if (!is_held && !unsent_admits(request, content.length)) {
        return;
    }
    if (content.more && is_last && !form->content.whole) {
        http_content_take_body(&content, hand_over(form, request));
        form->body = NULL;
        http_respond_whole(request, &content);
        http_content_release(&content);
    } else if (content.more) {
        http_respond_copy(request, content, form->body);
    } else {
        if (!form->content.whole) {
            http_content_take_body(&form->content, hand_over(form, request));
        }
        http_respond_whole(request, &form->content);
    }
}

static void respond_to_all(const struct made_page *made, const struct lookup_settings *settings,
                           struct http_request_queue *requests) {
    struct made_form forms[RING_FORMS];
    struct http_request *request;
    for (enum ring_form form = RING_PLAIN; form < RING_FORMS; form++) {
        forms[form] = (struct made_form){page_response_content(made->key, &made->page, form),
                                         made->bodies[form]};
    }
    while ((request = http_request_take(requests))) {
        enum ring_form form = page_response_form(request, &made->page);
        respond(made, settings, request, TAILQ_EMPTY(requests), &forms[form]);
    }
    for (enum ring_form form = RING_PLAIN; form < RING_FORMS; form++) {
        if (forms[form].content.whole) {
            http_content_release(&forms[form].content);
        } else {
            free(forms[form].body);
        }
    }
}

static void tell_total_to_all(const struct made_page *made, const struct lookup_settings *settings,
                              struct http_request_queue *requests) {
    int64_t total = strtoll(made->bodies[RING_PLAIN], NULL, 10);
    struct http_request *request;
    while ((request = http_request_take(requests))) {
        settings->on_total(request, total);
    }
    free(made->bodies[RING_PLAIN]);
}

void made_page_respond(const struct made_page *made, const struct lookup_settings *settings,
                       struct http_request_queue *requests) {
    if (page_key_is_total(made->key)) {
        tell_total_to_all(made, settings, requests);
    } else {
        respond_to_all(made, settings, requests);
    }
}
