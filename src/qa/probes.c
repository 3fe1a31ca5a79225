/* What machines ask: health, readiness, loader.io's verification. */
#include "qa/probes.h"

#include "db/pool.h"
#include "http/content.h"
#include "http/response.h"
#include "qa/app.h"

#include <string.h>

static const char loaderio_prefix[] = "loaderio-";
static const char *const loaderio_endings[] = {"", ".txt", ".html"};

void probes_show_health(struct http_request *request) {
    static const char alive[] = "{\"status\":\"alive\"}";
    http_respond_content(request, "application/json",
                         (struct http_body){alive, sizeof alive - 1, NULL, NULL});
}

void probes_show_readiness(struct http_request *request) {
    static const char ready[] = "{\"status\":\"ready\"}";
    const struct app *app = request->app;
    if (atomic_load(app->is_stopping)) {
        http_respond_problem(request, 503, NULL, "the service is stopping");
    } else if (pool_is_ready(app->pool)) {
        http_respond_content(request, "application/json",
                             (struct http_body){ready, sizeof ready - 1, NULL, NULL});
    } else {
        http_respond_problem(request, 503, NULL, "this worker has no live database connection");
    }
}

/* Bytes of the text that loader.io wants to read, with which the path's segment begins. */
static size_t loaderio_length(const struct app *app) {
    return sizeof loaderio_prefix - 1 + strlen(app->loaderio_token);
}

bool probes_is_loaderio_token(const struct http_request *request) {
    const struct app *app = request->app;
    const struct http_text segment = request->parameter;
    const size_t prefix_length = sizeof loaderio_prefix - 1;
    size_t length = loaderio_length(app);
    if (length == prefix_length || segment.length < length ||
        memcmp(segment.data, loaderio_prefix, prefix_length) != 0 ||
        memcmp(segment.data + prefix_length, app->loaderio_token, length - prefix_length) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof loaderio_endings / sizeof *loaderio_endings; i++) {
        size_t ending_length = strlen(loaderio_endings[i]);
        if (segment.length == length + ending_length &&
            memcmp(segment.data + length, loaderio_endings[i], ending_length) == 0) {
            return true;
        }
    }
    return false;
}

void probes_show_loaderio_token(struct http_request *request) {
    http_respond_content(
        request, "text/plain; charset=utf-8",
        (struct http_body){request->parameter.data, loaderio_length(request->app), NULL, NULL});
}
