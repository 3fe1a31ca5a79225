/* What the responses with pages have in common, wherever the page is from: forms and headers. */
#pragma once

#include "http/content.h"
#include "pages/lookup_settings.h"

/* The form that a request gets of those that the page has. */
enum ring_form page_response_form(const struct http_request *request, const struct ring_page *page);

/* Whether it would get the gzip form, which nobody has tried to make yet. */
bool page_response_lacks_gzip(const struct http_request *request, const struct ring_page *page);

/* Makes that form of the plain body, to be released with free(). Where it would be no shorter there
 * is none, and the page says so. */
void page_response_make_gzip(struct ring_page *page, void *bodies[RING_FORMS]);

/* One form of a page, as yet without its body. */
struct http_content page_response_content(const struct page_key *key, const struct ring_page *page,
                                          enum ring_form form);

/* Responds where no body is needed: the client has the page already, or asks by HEAD. Else false,
 * and the content has the headers that are this request's own, which are kept in `headers`; where
 * it has none, `more` is NULL. */
__attribute__((warn_unused_result)) bool
page_response_without_body(const struct lookup_settings *settings, struct http_request *request,
                           const struct page_key *key, const struct ring_page *page,
                           struct http_content *content, struct lookup_headers *headers);
