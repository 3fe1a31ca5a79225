/* The log: one JSON object a line on standard error. */
#include "ops/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warning", "error"};

bool log_level_from_name(const char *name, enum log_level *level) {
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_format_time(char buffer[LOG_TIME_SIZE]) {
    struct timespec now;
    struct tm utc;
    char seconds[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(buffer, LOG_TIME_SIZE, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* One write for one line; a log that cannot be written to must not stop the service. */
static void write_line(char *line) {
    size_t length = strlen(line);
    line[length] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void)written;
}

void log_write(const struct logger *logger, enum log_level level, const char *message,
               const char *fields, ...) {
    if (level < logger->level) {
        return;
    }
    char time_text[LOG_TIME_SIZE];
    log_format_time(time_text);
    json_t *line = json_pack("{s:s, s:s}", "time", time_text, "level", level_names[level]);
    if (logger->worker >= 0) {
        json_object_set_new(line, "worker", json_integer(logger->worker));
    }
    json_object_set_new(line, "message", json_string(message));
    if (fields) {
        va_list arguments;
        va_start(arguments, fields);
        json_t *more = json_vpack_ex(NULL, 0, fields, arguments);
        va_end(arguments);
        /* Text that is not UTF-8 cannot be packed: the message still says what happened. */
        if (more) {
            json_object_update(line, more);
            json_decref(more);
        }
    }
    size_t size = json_dumpb(line, NULL, 0, JSON_COMPACT);
    char *text = malloc(size + 1);
    if (text && size > 0) {
        json_dumpb(line, text, size, JSON_COMPACT);
        text[size] = '\0';
        write_line(text);
    }
    free(text);
    json_decref(line);
}
