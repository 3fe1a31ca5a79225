/*
 * Pauses (ops/pause.h), as an operator begins and ends them, and one line of the log for the begin
 * and one for the end of each.
 */
#pragma once

#include "http/request.h"
#include "ops/log.h"
#include "ops/pause.h"
#include "ops/timer.h"

#include <jansson.h>

/* Zeros: there are no pauses, which pauses_stop() allows. */
struct pauses {
    struct pause *pause;
    const struct logger *logger;
    int64_t limit_ms; /* of a pause; 0: none may begin */
    struct timer end; /* of a pause, by itself */
};

/* Takes over the pause that is on, if one is. `pause` and `logger` must outlive the use. */
void pauses_init(struct pauses *pauses, struct event_base *base, struct pause *pause,
                 const struct logger *logger, int64_t limit_ms);

void pauses_stop(struct pauses *pauses);

/* How far a pause is, as GET /pause and the status tell it; the caller's, to be released. */
json_t *pauses_json(const struct pause_progress *progress, int64_t now_ms);

/* GET /pause: how far it is. POST /pause and POST /resume begin and end one, where nobody but this
 * user and root can ask, and show the same. */
void pauses_show(struct http_request *request);
void pauses_begin(struct http_request *request);
void pauses_end(struct http_request *request);
