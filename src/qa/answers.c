/* Answers: a new one, with its photos. */
#include "qa/answers.h"

#include "qa/body.h"
#include "qa/write.h"

#include <inttypes.h>
#include <stdio.h>

static const struct write_kind additions = {
    .usual = {STATEMENT_ADD_ANSWERS, STATEMENT_COUNT, STATEMENT_UNLOCKED_PARENTS, 0},
    WRITE_ONCE(STATEMENT_ADD_ANSWERS_ONCE, STATEMENT_UNLOCKED_PARENTS)};

static void on_added(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    struct http_request *request = owner;
    char location[64];
    snprintf(location, sizeof location, "/qa/questions/%" PRId64 "/answers", request->subject);
    write_respond(request, outcome, result, row,
                  &(struct write_ending){.location = location,
                                         .field = "question_id",
                                         .unknown = "there is no question with this id"});
}

void answers_add(struct http_request *request) {
    struct body body;
    if (!write_read_id(request, &parameters_question_id, &request->subject) ||
        !body_read(request, &body)) {
        return;
    }
    json_t *photos = body_read_photos(request, &body);
    if (photos) {
        json_t *item = json_pack(
            "{s:I, s:O, s:O, s:O, s:o}", "question_id", (json_int_t)request->subject, "body",
            json_object_get(body.fields, "body"), "name", json_object_get(body.fields, "name"),
            "email", json_object_get(body.fields, "email"), "photos", photos);
        write_submit_new(request, &additions, request->subject, item, on_added);
    }
    body_free(&body);
}
