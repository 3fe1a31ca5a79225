/* A request's write, on its way to the pool and back. */
#include "qa/write.h"

#include "db/pool.h"
#include "http/response.h"
#include "ops/memory.h"
#include "qa/app.h"
#include "qa/commit_wait.h"
#include "qa/outcome.h"

bool write_read_id(struct http_request *request, const struct parameter *parameter, int64_t *id) {
    bool ok = parameters_parse(parameter, request->parameter, id);
    if (!ok) {
        http_respond_problem(request, 400, parameter->name, parameter->rule);
    }
    return ok;
}

static struct call call_of(struct http_request *request, const struct write_form *form, int64_t row,
                           call_on_done *on_done) {
    return (struct call){.form = form,
                         .row = row,
                         .on_done = on_done,
                         .owner = request,
                         .told = &request->timing.query};
}

void write_submit_id(struct http_request *request, const struct write_form *form, int64_t row,
                     call_on_done *on_done) {
    const struct app *app = request->app;
    struct call call = call_of(request, form, row, on_done);
    call_add_int64(&call, row);
    pool_submit(app->pool, LANE_WRITES, &call);
}

void write_submit_json(struct http_request *request, const struct write_form *form, int64_t row,
                       json_t *json, call_on_done *on_done) {
    const struct app *app = request->app;
    struct call call = call_of(request, form, row, on_done);
    char *text = json_dumps(json, JSON_COMPACT);
    memory_demand(text != NULL);
    json_decref(json);
    call_add_text(&call, text);
    pool_submit(app->pool, LANE_WRITES, &call);
}

void write_respond(struct http_request *request, const PGresult *result, int row, unsigned status,
                   struct MHD_Response *response) {
    const struct app *app = request->app;
    outcome_raise_versions(request, result, row);
    commit_wait_send(app->commit_wait, request, status, response);
}
