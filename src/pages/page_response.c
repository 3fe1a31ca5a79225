/* Forms and headers of the responses with pages. */
#include "pages/page_response.h"

enum ring_form page_response_form(const struct http_request *request,
                                  const struct ring_page *page) {
    return page->length[RING_GZIP] > 0 && http_content_wants_gzip(request, page->length[RING_PLAIN])
               ? RING_GZIP
               : RING_PLAIN;
}

bool page_response_lacks_gzip(const struct http_request *request, const struct ring_page *page) {
    return page->length[RING_GZIP] == 0 && !page->gzip_is_no_shorter &&
           http_content_wants_gzip(request, page->length[RING_PLAIN]);
}

void page_response_make_gzip(struct ring_page *page, void *bodies[RING_FORMS]) {
    bodies[RING_GZIP] = http_content_compress(bodies[RING_PLAIN], page->length[RING_PLAIN],
                                              &page->length[RING_GZIP]);
    if (!bodies[RING_GZIP]) {
        page->length[RING_GZIP] = 0;
        page->gzip_is_no_shorter = true;
    }
}

struct http_content page_response_content(const struct page_key *key, const struct ring_page *page,
                                          enum ring_form form) {
    return (struct http_content){.type =
                                     key->kind == PAGE_DOCUMENT ? HTTP_HTML : "application/json",
                                 .hash = page->hash,
                                 .length = page->length[form],
                                 .is_gzip = form == RING_GZIP};
}

bool page_response_without_body(const struct lookup_settings *settings,
                                struct http_request *request, const struct page_key *key,
                                const struct ring_page *page, struct http_content *content,
                                struct lookup_headers *headers) {
    bool is_known = http_content_is_known(request, content);
    headers->all[0].name = NULL;
    settings->on_respond(request, key, page->has_more, is_known, headers);
    content->more = headers->all[0].name ? headers->all : NULL;
    return http_respond_without_body(request, content, is_known);
}
