/* The lists, one question, and counts, by way of the pages. */
#include "qa/lists.h"

#include "http/prefer.h"
#include "http/response.h"
#include "qa/app.h"
#include "qa/document.h"
#include "qa/list_links.h"
#include "qa/list_request.h"
#include "qa/product_ids.h"
#include "rules/limits.h"
#include "rules/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool prefers_a_count(const struct http_request *request) {
    return prefer_has(http_text_of(http_request_header(request, "Prefer")), "count", "exact");
}

/* A text to search for, and room for the end. */
enum { SEARCH_SIZE = SEARCH_CHARACTERS_MAX * 4 + 1 };

/* Copies it, or makes a wish for the whole list of one for nothing. False when it is wrong. */
static bool take_search(struct http_text search, struct page_wish *wish, char text[SEARCH_SIZE]) {
    if (search.length == 0) {
        return true;
    }
    if (!text_is_search(search.data, search.length)) {
        return false;
    }
    if (text_is_blank(search.data, search.length)) {
        wish->key.shows_matches = 0;
        memset(wish->key.text, 0, sizeof wish->key.text);
        return true;
    }
    memcpy(text, search.data, search.length);
    text[search.length] = '\0';
    wish->text = text;
    return true;
}

/* Where a total is asked for, it is looked up first, and then the page. */
void lists_serve(struct http_request *request) {
    const struct app *app = request->app;
    const struct list_request list = list_request_read(&request->target, app->text_seed);
    const struct parameter *wrong = list.wrong;
    struct page_wish wish = {.key = list.key};
    char text[SEARCH_SIZE];
    if (list.kind == LIST_REQUEST_PAGE && !take_search(list.search, &wish, text)) {
        wrong = &list_request_search;
    }
    if (wrong) {
        http_respond_problem(request, 400, wrong->name, wrong->rule);
        return;
    }
    if (page_key_is_list(&wish.key) && !request->has_total && prefers_a_count(request)) {
        wish.key = page_key_of_total(&wish.key);
    }
    lookup_serve(app->lookup, request, &wish);
}

void lists_take_total(struct http_request *request, int64_t total) {
    request->has_total = true;
    request->total = total;
    lists_serve(request);
}

static void add(struct lookup_headers *headers, size_t *count, const char *name,
                const char *value) {
    headers->all[(*count)++] = (struct http_header){name, value};
    headers->all[*count].name = NULL;
}

void lists_describe(const struct http_request *request, const struct page_key *key, bool has_more,
                    bool is_not_modified, struct lookup_headers *headers) {
    size_t count = 0;
    if (key->kind == PAGE_DOCUMENT) {
        for (const struct http_header *header = document_headers; header->name; header++) {
            add(headers, &count, header->name, header->value);
        }
    }
    if (list_links_write(&request->target, key, has_more, is_not_modified, headers->links) > 0) {
        add(headers, &count, "Link", headers->links);
    }
    if (request->has_total) {
        snprintf(headers->total, sizeof headers->total, "%" PRId64, request->total);
        add(headers, &count, "Total-Count", headers->total);
        add(headers, &count, "Preference-Applied", "count=exact");
        add(headers, &count, "Vary", "Prefer");
    }
}

_Static_assert((int)LIST_LINKS_SIZE <= (int)LOOKUP_LINKS_SIZE, "links fit");

void lists_serve_counts(struct http_request *request) {
    const struct app *app = request->app;
    char products[PRODUCT_IDS_SIZE];
    if (!product_ids_read(&request->target, products)) {
        http_respond_problem(request, 400, PRODUCT_IDS_NAME, PRODUCT_IDS_RULE);
        return;
    }
    struct page_wish wish = {.key = {.kind = PAGE_COUNTS}, .text = products};
    page_key_set_text(&wish.key, http_text_of(products), app->text_seed);
    lookup_serve(app->lookup, request, &wish);
}

void lists_respond_missing(struct http_request *request, const struct page_key *key) {
    if (key->kind == PAGE_DOCUMENT) {
        document_respond_missing(request);
        return;
    }
    http_respond_problem(request, 404, "question_id", "there is no question with this id");
}
