/* A request's write, on its way into a batch. */
#include "qa/item.h"

#include "ops/memory.h"
#include "qa/app.h"

#include <stdlib.h>

void send_item(struct http_request *request, const struct batch_form *form, int64_t row,
               json_t *item, batch_on_done *on_done) {
    const struct app *app = request->app;
    char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
    memory_demand(text != NULL);
    json_decref(item);
    batcher_add(app->writes, form, row, text, on_done, request);
    free(text);
}
