/* A question with its answers as a web page. */
#include "qa/document.h"

#include "http/response.h"
#include "pages/lookup.h"
#include "qa/app.h"
#include "qa/parameters.h"

const struct http_header document_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; img-src 'self' http: https:; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'; style-src 'sha256-QmiIufnh/UD5qagIYXD/2PnrmOYkNvwT0afhvqeGCSg='"},
    {"Referrer-Policy", "no-referrer"},
    {NULL, NULL},
};

void document_serve(struct http_request *request) {
    const struct app *app = request->app;
    struct page_wish wish = {.key = {.kind = PAGE_DOCUMENT}};
    if (parameters_parse(&parameters_question_id, request->parameter, &wish.key.id)) {
        lookup_serve(app->lookup, request, &wish);
    } else {
        document_respond_missing(request);
    }
}

void document_respond_missing(struct http_request *request) {
    static const char missing[] =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Not found</title>\n</head>\n<body>\n<main>\n<h1>Not found</h1>\n"
        "<p>There is no such question, or it is not shown any "
        "more.</p>\n</main>\n</body>\n</html>\n";
    http_respond_page(request, 404, HTTP_HTML, document_headers,
                      (struct http_body){missing, sizeof missing - 1, NULL, NULL});
}
