/* Pauses, as an operator begins and ends them. */
#include "admin/pauses.h"

#include "admin/app.h"
#include "admin/respond.h"
#include "http/response.h"
#include "ops/clock.h"

static struct pauses *pauses_of(const struct http_request *request) {
    const struct admin_door *door = request->app;
    return door->admin->pauses;
}

static void log_end(const struct pauses *pauses, const struct pause_progress *was, int64_t ended_ms,
                    enum log_level level, const char *reason) {
    log_write(pauses->logger, level, "the pause is over", "{s:s, s:I, s:I}", "reason", reason,
              "duration_ms", (long long)(ended_ms - was->since_ms), "calls_waited",
              (long long)was->calls);
}

static void on_end(void *owner) {
    struct pauses *pauses = owner;
    struct pause_progress progress = pause_look(pauses->pause, clock_ms());
    if (progress.is_on) { /* libevent's clock is ahead by a step */
        timer_start(&pauses->end, CLOCK_STEP_MS);
        return;
    }
    log_end(pauses, &progress, progress.until_ms, LOG_LEVEL_WARNING,
            "it had lasted for QA_PAUSE_TIMEOUT_S");
}

static void wait_for_end(struct pauses *pauses) {
    int64_t now_ms = clock_ms();
    struct pause_progress progress = pause_look(pauses->pause, now_ms);
    if (progress.is_on) {
        timer_start(&pauses->end, progress.until_ms - now_ms);
    }
}

void pauses_init(struct pauses *pauses, struct event_base *base, struct pause *pause,
                 const struct logger *logger, int64_t limit_ms) {
    *pauses = (struct pauses){.pause = pause, .logger = logger, .limit_ms = limit_ms};
    timer_init(&pauses->end, base, on_end, pauses);
    wait_for_end(pauses);
}

void pauses_stop(struct pauses *pauses) {
    timer_stop(&pauses->end);
}

json_t *pauses_json(const struct pause_progress *progress, int64_t now_ms) {
    const char *state = progress->is_reached ? "paused" : progress->is_on ? "pausing" : "running";
    json_t *body =
        json_pack("{s:s, s:I, s:I, s:I, s:I}", "state", state, "workers",
                  (json_int_t)progress->workers, "quiet_workers", (json_int_t)progress->quiet,
                  "sessions", (json_int_t)progress->sessions, "calls", (json_int_t)progress->calls);
    if (progress->since_ms != 0) {
        int64_t last_ms = progress->is_on ? now_ms : progress->ended_ms;
        json_object_set_new(body, "paused_ms", json_integer(last_ms - progress->since_ms));
    }
    if (progress->is_on) {
        json_object_set_new(body, "ends_in_ms", json_integer(progress->until_ms - now_ms));
    }
    return body;
}

static void respond(struct http_request *request, const struct pause_progress *progress) {
    respond_json(request, pauses_json(progress, clock_ms()));
}

/* False, responded to, where somebody asks who may not. */
static bool may_change(struct http_request *request) {
    const struct admin_door *door = request->app;
    if (!door->is_private) {
        http_respond_problem(request, 403, NULL,
                             "pauses begin and end over the Unix socket of QA_ADMIN_LISTEN only");
    }
    return door->is_private;
}

void pauses_show(struct http_request *request) {
    struct pause_progress progress = pause_look(pauses_of(request)->pause, clock_ms());
    respond(request, &progress);
}

void pauses_begin(struct http_request *request) {
    struct pauses *pauses = pauses_of(request);
    if (!may_change(request)) {
        return;
    }
    if (pauses->limit_ms == 0) {
        http_respond_problem(request, 409, NULL, "QA_PAUSE_TIMEOUT_S is 0: there are no pauses");
        return;
    }
    switch (pause_begin(pauses->pause, clock_ms(), pauses->limit_ms)) {
    case PAUSE_TOO_SOON:
        http_respond_problem(request, 409, NULL,
                             "some have waited in the last pause and have no response yet; try "
                             "again in a moment");
        return;
    case PAUSE_BEGUN:
        log_write(pauses->logger, LOG_LEVEL_INFO, "a pause begins", "{s:I}", "limit_ms",
                  (long long)pauses->limit_ms);
        wait_for_end(pauses);
        break;
    case PAUSE_IS_ON:
        break;
    }
    pauses_show(request);
}

void pauses_end(struct http_request *request) {
    struct pauses *pauses = pauses_of(request);
    if (!may_change(request)) {
        return;
    }
    int64_t now_ms = clock_ms();
    struct pause_progress was = pause_look(pauses->pause, now_ms);
    if (!pause_end(pauses->pause, now_ms)) {
        http_respond_problem(request, 409, NULL,
                             "there is no pause; one ends by itself after QA_PAUSE_TIMEOUT_S");
        return;
    }
    timer_stop(&pauses->end);
    log_end(pauses, &was, now_ms, LOG_LEVEL_INFO, "resumed");
    was.is_on = was.is_reached = false;
    was.ended_ms = now_ms;
    respond(request, &was);
}
