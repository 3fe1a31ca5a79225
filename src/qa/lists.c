/* The lists, by way of the pages. */
#include "qa/lists.h"

#include "http/response.h"
#include "pages/lookup.h"
#include "qa/app.h"
#include "qa/list_request.h"

void lists_serve(struct http_request *request) {
    const struct app *app = request->app;
    const struct list_request list = list_request_read(&request->target);
    if (list.kind == LIST_REQUEST_PAGE) {
        lookup_serve(app->lookup, request, &list.key);
    } else {
        http_respond_problem(request, 400, list.wrong->name, list.wrong->rule);
    }
}
