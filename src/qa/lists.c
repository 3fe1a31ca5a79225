/* The lists, one question, and counts, by way of the pages. */
#include "qa/lists.h"

#include "http/response.h"
#include "pages/lookup.h"
#include "qa/app.h"
#include "qa/list_request.h"
#include "qa/product_ids.h"

void lists_serve(struct http_request *request) {
    const struct app *app = request->app;
    const struct list_request list = list_request_read(&request->target);
    if (list.kind == LIST_REQUEST_PAGE) {
        lookup_serve(app->lookup, request, &(struct page_wish){.key = list.key});
    } else {
        http_respond_problem(request, 400, list.wrong->name, list.wrong->rule);
    }
}

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

void lists_respond_missing(struct http_request *request) {
    http_respond_problem(request, 404, "question_id", "there is no question with this id");
}
