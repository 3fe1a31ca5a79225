/* `atelier-qa pause` and `atelier-qa resume`. */
#include "cli/pause.h"

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "ops/clock.h"
#include "ops/config_load.h"
#include "ops/error_text.h"
#include "ops/stop_signals.h"
#include "process/listener.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 50, TELL_MS = 1000, WITHIN_MS = 5000 /* the admin process responds */ };

static const char unix_prefix[] = "unix:";

static long long number_of(const json_t *body, const char *name) {
    return (long long)json_integer_value(json_object_get(body, name));
}

/* The Unix socket of the admin process, which alone may pause. */
static bool find_socket(const struct config *config, char address[LISTENER_ADDRESS_SIZE],
                        char *error, size_t error_size) {
    const char *rest = config->admin_listen;
    while (listener_next(&rest, address)) {
        if (strncmp(address, unix_prefix, sizeof unix_prefix - 1) == 0) {
            return true;
        }
    }
    return error_text(error, error_size, "QA_ADMIN_LISTEN has no Unix socket");
}

/* What the admin process responds, which is to be released; NULL with one line in `error`, where
 * that is not the state. */
static json_t *request_state(const struct config *config, const char *method, const char *path,
                             char *error, size_t error_size) {
    char address[LISTENER_ADDRESS_SIZE], reason[256];
    struct ask_response response;
    if (!find_socket(config, address, error, error_size)) {
        return NULL;
    }
    struct ask asked = ask_begin(address, clock_ms() + WITHIN_MS);
    if (!ask_end(&asked, method, path, &response, reason, sizeof reason)) {
        (void)error_text(error, error_size, "the service on %s: %s", address, reason);
        return NULL;
    }
    json_t *body = json_loads(response.body, 0, NULL);
    if (json_object_get(body, "state")) {
        return body;
    }
    const char *detail = json_string_value(json_object_get(body, "detail"));
    (void)error_text(error, error_size, "%s", detail ? detail : "the service does not pause");
    json_decref(body);
    return NULL;
}

/* The same; NULL is told on standard error. */
static json_t *ask(const struct config *config, const char *method, const char *path) {
    char error[512];
    json_t *state = request_state(config, method, path, error, sizeof error);
    if (!state) {
        fprintf(stderr, "atelier-qa: %s\n", error);
    }
    return state;
}

static bool is_state(const json_t *state, const char *word) {
    const char *is = json_string_value(json_object_get(state, "state"));
    return is && strcmp(is, word) == 0;
}

static void undo(const struct config *config, const char *reason) {
    fprintf(stderr, "atelier-qa: %s; the pause is undone\n", reason);
    json_decref(ask(config, "POST", "/resume"));
}

static void tell_waiting(const json_t *state) {
    fprintf(stderr, "waiting for %lld sessions, %lld of %lld workers\n",
            number_of(state, "sessions"),
            number_of(state, "workers") - number_of(state, "quiet_workers"),
            number_of(state, "workers"));
}

/* Looks until the pause is reached. Signals to stop are held back. */
static bool wait_until_reached(const struct config *config) {
    const struct timespec rest = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t tell_ms = clock_ms() + TELL_MS;
    int64_t until_ms = clock_ms() + config->pause_timeout_s * 1000 / 2;
    json_t *state;
    while ((state = ask(config, "GET", "/pause"))) {
        bool is_reached = is_state(state, "paused");
        bool is_over = !is_reached && !is_state(state, "pausing");
        if (is_reached) {
            printf("paused: no session is open; %.1f s are left\n",
                   (double)number_of(state, "ends_in_ms") / 1000);
        } else if (clock_ms() > tell_ms) {
            tell_ms += TELL_MS;
            tell_waiting(state);
        }
        json_decref(state);
        if (is_reached) {
            return true;
        }
        if (is_over) {
            fputs("atelier-qa: the pause has ended before it was reached\n", stderr);
            return false;
        }
        if (stop_signals_pending()) {
            undo(config, "stopped");
            return false;
        }
        if (clock_ms() > until_ms) {
            undo(config, "not every session could be closed in time");
            return false;
        }
        nanosleep(&rest, NULL);
    }
    return false;
}

static int pause_service(const struct config *config) {
    json_t *state = ask(config, "POST", "/pause");
    bool is_begun = state != NULL;
    json_decref(state);
    return is_begun && wait_until_reached(config) ? STATUS_OK : STATUS_FAILED;
}

int pause_command(int argc, char **argv) {
    struct config config;
    int status;
    if (!command_load(&config, argc, argv, &status)) {
        return status;
    }
    sigset_t before = stop_signals_hold();
    status = pause_service(&config);
    stop_signals_release(&before);
    config_free(&config);
    return status;
}

int resume_command(int argc, char **argv) {
    struct config config;
    int status;
    if (!command_load(&config, argc, argv, &status)) {
        return status;
    }
    json_t *state = ask(&config, "POST", "/resume");
    if (state) {
        printf("resumed after %.1f s; calls that waited: %lld\n",
               (double)number_of(state, "paused_ms") / 1000, number_of(state, "calls"));
    }
    status = state ? STATUS_OK : STATUS_FAILED;
    json_decref(state);
    config_free(&config);
    return status;
}
