/* What machines ask: health, readiness, loader.io's verification. */
#include "qa/probes.h"

#include "db/pool.h"
#include "http/content.h"
#include "http/response.h"
#include "qa/app.h"

#include <string.h>

static const char loaderio_prefix[] = "loaderio-";
static const char loaderio_suffix[] = ".txt";

void show_health(struct http_request *request) {
    static const char alive[] = "{\"status\":\"alive\"}";
    http_respond_content(request, "application/json",
                         (struct http_body){alive, sizeof alive - 1, NULL, NULL});
}

void show_readiness(struct http_request *request) {
    static const char ready[] = "{\"status\":\"ready\"}";
    const struct app *app = request->app;
    if (pool_is_ready(app->pool)) {
        http_respond_content(request, "application/json",
                             (struct http_body){ready, sizeof ready - 1, NULL, NULL});
    } else {
        http_respond_problem(request, 503, NULL, "this worker has no live database connection");
    }
}

/* The path's segment is the text that loader.io wants to read, and `.txt`. */
static struct http_text loaderio_text(const struct http_request *request) {
    struct http_text text = request->parameter;
    text.length -= sizeof loaderio_suffix - 1;
    return text;
}

bool is_loaderio_token(const struct http_request *request) {
    const struct app *app = request->app;
    const struct http_text segment = request->parameter;
    size_t token_length = strlen(app->loaderio_token);
    const size_t prefix_length = sizeof loaderio_prefix - 1;
    return token_length > 0 &&
           segment.length == prefix_length + token_length + sizeof loaderio_suffix - 1 &&
           memcmp(segment.data, loaderio_prefix, prefix_length) == 0 &&
           memcmp(segment.data + prefix_length, app->loaderio_token, token_length) == 0 &&
           strcmp(segment.data + prefix_length + token_length, loaderio_suffix) == 0;
}

void show_loaderio_token(struct http_request *request) {
    const struct http_text text = loaderio_text(request);
    http_respond_content(request, "text/plain; charset=utf-8",
                         (struct http_body){text.data, text.length, NULL, NULL});
}
