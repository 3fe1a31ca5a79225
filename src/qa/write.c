/* A request's write, on its way to the pool and back. */
#include "qa/write.h"

#include "db/pool.h"
#include "ops/memory.h"
#include "ops/number.h"
#include "pages/result_body.h"
#include "qa/app.h"
#include "qa/commit_wait.h"
#include "qa/keyed_writes.h"
#include "qa/outcome.h"
#include "qa/voter.h"
#include "qa/write_key.h"

#include <string.h>

/* Columns of what a statement returns; the last one only of one for keyed writes. */
enum { BODY = 3, STATUS, IS_REPLAYED };

bool write_read_id(struct http_request *request, const struct parameter *parameter, int64_t *id) {
    bool ok = parameters_parse(parameter, request->parameter, id);
    if (!ok) {
        http_respond_problem(request, 400, parameter->name, parameter->rule);
    }
    return ok;
}

/* The path's id; 0: it has none. */
static int64_t id_in_path(const struct http_request *request) {
    uint64_t id;
    const struct http_text text = request->parameter;
    return number_parse(text.data, text.length, 1, INT64_MAX, &id) ? (int64_t)id : 0;
}

/* What a request says besides the write itself. */
struct marks {
    struct write_key key;
    struct voter voter;
};

/* False: the response is made. */
static bool read_marks(struct http_request *request, const struct write_kind *kind,
                       const char *content, struct marks *marks) {
    marks->voter = (struct voter){{0}};
    if (kind->voter != WRITE_OF_ANYBODY && !voter_read(request, &marks->voter)) {
        return false;
    }
    if (kind->voter == WRITE_NEEDS_VOTER && !voter_is_given(&marks->voter)) {
        voter_respond_missing(request);
        return false;
    }
    const char *const said[] = {content, marks->voter.digest};
    return write_key_read(request, id_in_path(request), said, sizeof said / sizeof *said,
                          &marks->key);
}

/* A uuid of an array, or that there is none. */
static void add_digest(struct call *call, const char *digest) {
    call_add_text(call, memory_strdup(*digest ? digest : "NULL"));
}

static void submit(struct http_request *request, const struct write_kind *kind, struct call *call,
                   const struct marks *marks) {
    const struct app *app = request->app;
    bool is_keyed = write_key_is_given(&marks->key);
    call->owner = request;
    call->told = &request->timing.query;
    if (!is_keyed && !voter_is_given(&marks->voter)) {
        call->form = &kind->usual;
        pool_submit(app->pool, LANE_WRITES, call);
        return;
    }
    call->form = is_keyed ? &kind->keyed : &kind->of_voter;
    add_digest(call, marks->key.key);
    add_digest(call, marks->key.request);
    if (kind->voter != WRITE_OF_ANYBODY) {
        add_digest(call, marks->voter.digest);
    }
    pool_submit(app->pool, LANE_WRITES, call);
}

void write_submit_id(struct http_request *request, const struct write_kind *kind, int64_t row,
                     call_on_done *on_done) {
    struct marks marks;
    if (read_marks(request, kind, "", &marks)) {
        struct call call = {.row = row, .on_done = on_done};
        call_add_int64(&call, row);
        submit(request, kind, &call, &marks);
    }
}

static char *text_of(const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT);
    memory_demand(text != NULL);
    return text;
}

void write_submit_json(struct http_request *request, const struct write_kind *kind, int64_t row,
                       json_t *json, json_t *rules, call_on_done *on_done) {
    char *text = text_of(json);
    struct marks marks;
    bool ok = read_marks(request, kind, text, &marks);
    if (ok && rules) {
        memory_demand(json_object_update(json, rules) == 0);
        free(text);
        text = text_of(json);
    }
    json_decref(rules);
    json_decref(json);
    if (!ok) {
        free(text);
        return;
    }
    struct call call = {.row = row, .on_done = on_done};
    call_add_text(&call, text);
    submit(request, kind, &call, &marks);
}

void write_submit_new(struct http_request *request, const struct write_kind *kind, int64_t row,
                      json_t *json, call_on_done *on_done) {
    const struct app *app = request->app;
    json_t *rules = app->premoderates_all ? json_pack("{s:b}", "waits", 1) : NULL;
    write_submit_json(request, kind, row, json, rules, on_done);
}

/* What the database says of a write that it has settled. */
struct told {
    unsigned status;
    bool is_recorded;
    bool is_replayed;
};

static struct told told_by(const PGresult *result, int row) {
    struct told told = {.status = row < 0 ? 404 : 204};
    if (row >= 0 && PQnfields(result) > STATUS) {
        told.status = (unsigned)strtoul(PQgetvalue(result, row, STATUS), NULL, 10);
    }
    if (row >= 0 && PQnfields(result) > IS_REPLAYED) {
        told.is_recorded = true;
        told.is_replayed = *PQgetvalue(result, row, IS_REPLAYED) == 't';
    }
    return told;
}

static struct MHD_Response *under_way_response(void) {
    struct MHD_Response *response = http_problem_response(
        409, write_key_header,
        "a request with this Idempotency-Key is under way; try again in a moment");
    http_add_header(response, "Retry-After", "1");
    return response;
}

static struct MHD_Response *response_of(const struct told *told, const PGresult *result, int row,
                                        const struct write_ending *ending) {
    switch (told->status) {
    case 201:
    case 202:
        return http_created_response(ending->location, result_body_copy(result, row, BODY));
    case 204:
        return http_no_content_response();
    case 409:
        return under_way_response();
    case 422:
        return http_problem_response(422, write_key_header,
                                     "this Idempotency-Key belongs to another request");
    default:
        return http_problem_response(told->status, ending->field, ending->unknown);
    }
}

void write_respond(struct http_request *request, enum query_outcome outcome, const PGresult *result,
                   int row, const struct write_ending *ending) {
    const struct app *app = request->app;
    if (outcome != QUERY_DONE || (row < 0 && !ending->unknown)) {
        outcome_respond_write_failure(request, outcome, result);
        return;
    }
    struct told told = told_by(result, row);
    struct MHD_Response *response = response_of(&told, result, row, ending);
    if (told.is_recorded) {
        keyed_writes_note(app->keyed_writes);
    }
    if (told.is_replayed && told.status != 409 && told.status != 422) {
        http_add_header(response, "Idempotency-Replayed", "true");
    }
    if (told.status < 300) {
        outcome_raise_versions(request, result, row);
        commit_wait_send(app->commit_wait, request, told.status, response);
    } else {
        http_send(request, told.status, response);
    }
}
