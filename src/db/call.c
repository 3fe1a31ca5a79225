/* A call: parameters, and the end. */
#include "db/call.h"

#include <assert.h>
#include <stdlib.h>

static struct call_parameter *add(struct call *call) {
    assert(call->parameter_count < CALL_PARAMETERS_MAX);
    return &call->parameters[call->parameter_count++];
}

void call_add_int64(struct call *call, int64_t number) {
    add(call)->number = number;
}

void call_add_text(struct call *call, char *text) {
    add(call)->text = text;
}

void call_complete(struct call *call, enum query_outcome outcome, const PGresult *result, int row) {
    bool has_result = outcome == QUERY_DONE || outcome == QUERY_FAILED;
    call->state = CALL_COMPLETED;
    call->on_done(call->owner, outcome, has_result ? result : NULL, row);
    for (int i = 0; i < call->parameter_count; i++) {
        free(call->parameters[i].text);
    }
}
