/* The body of a report. */
#include "qa/report_body.h"

#include "ops/memory.h"
#include "qa/body.h"
#include "rules/limits.h"
#include "rules/reason.h"
#include "rules/text.h"

/* NULL where there is nothing that could be read. */
static json_t *parse(struct http_request *request) {
    struct http_text coding;
    json_error_t error;
    return request->body && !request->body_too_large && body_is_json(request) &&
                   !body_is_coded(request, &coding)
               ? body_parse(request, &error)
               : NULL;
}

json_t *report_body_read(struct http_request *request) {
    json_t *given = parse(request), *kept = json_object();
    size_t length;
    memory_demand(kept != NULL);
    const char *reason = body_string(given, "reason", &length);
    if (reason && reason_is_known(reason)) {
        json_object_set(kept, "reason", json_object_get(given, "reason"));
    }
    const char *note = body_string(given, "note", &length);
    if (note && text_is_filled(note, length, BODY_CHARACTERS_MAX)) {
        json_object_set(kept, "note", json_object_get(given, "note"));
    }
    json_decref(given);
    return kept;
}
