/* The log: one JSON object a line on standard error. */
#include "ops/log.h"

#include "ops/line_writer.h"
#include "ops/log_file.h"
#include "ops/words.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Time, level, worker and message, as long as any that the code has. */
enum { LONGEST_BEGIN = 400 };

static const char *const level_names[] = {"debug", "info", "warning", "error", NULL};

bool log_level_from_name(const char *name, enum log_level *level) {
    int place = words_find(level_names, name, strlen(name));
    if (place >= 0) {
        *level = (enum log_level)place;
    }
    return place >= 0;
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

/* Lines of this process that could not be written, and were not told of. */
static unsigned long lost;

/* All of them; NULL: nobody asks. */
static metrics_number *lost_in_all;

void log_count_lost_in(metrics_number *number) {
    lost_in_all = number;
}

static void note_loss(void) {
    lost++;
    if (lost_in_all) {
        metrics_add(lost_in_all, 1);
    }
}

static json_t *begin_line(const struct logger *logger, enum log_level level, const char *message) {
    char time_text[LOG_TIME_SIZE];
    log_format_time(time_text);
    json_t *line = json_pack("{s:s, s:s}", "time", time_text, "level", level_names[level]);
    if (logger->worker >= 0) {
        json_object_set_new(line, "worker", json_integer(logger->worker));
    }
    if (logger->process) {
        json_object_set_new(line, "process", json_string(logger->process));
    }
    json_object_set_new(line, "message", json_string(message));
    return line;
}

/* Writes what fits into a line; false when it cannot be written now. */
static bool write_line(const json_t *line) {
    char text[LINE_LONGEST];
    size_t size = json_dumpb(line, text, sizeof text - 1, JSON_COMPACT);
    if (size == 0 || size > sizeof text - 1) {
        return false;
    }
    text[size] = '\n';
    log_file_follow();
    return line_write(text, size + 1);
}

void log_tell_lost(const struct logger *logger) {
    if (lost == 0) {
        return;
    }
    json_t *line = begin_line(logger, LOG_LEVEL_WARNING, "lines could not be written to the log");
    json_object_set_new(line, "lines", json_integer((json_int_t)lost));
    if (write_line(line)) {
        lost = 0;
    }
    json_decref(line);
}

void log_write(const struct logger *logger, enum log_level level, const char *message,
               const char *fields, ...) {
    if (level < logger->level) {
        return;
    }
    json_t *line = begin_line(logger, level, message);
    if (fields) {
        va_list arguments;
        va_start(arguments, fields);
        json_t *more = json_vpack_ex(NULL, 0, fields, arguments);
        va_end(arguments);
        /* Text that is not UTF-8 cannot be packed: the message still says what happened. So it does
         * where the fields are too long. */
        if (more && json_dumpb(more, NULL, 0, JSON_COMPACT) + LONGEST_BEGIN <= LINE_LONGEST) {
            json_object_update(line, more);
        }
        json_decref(more);
    }
    log_tell_lost(logger);
    if (lost > 0 || !write_line(line)) {
        note_loss();
    }
    json_decref(line);
}
