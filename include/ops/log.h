/*
 * The log: one JSON object a line on standard error, each written by one system call, so that lines
 * of several processes never mix. Logging never waits: a line that cannot be written now, because
 * nobody reads or the disk is full, is lost, and how many were is told by a later one. Fields that
 * are too long for a line (ops/line_writer.h) are left out.
 *
 * Fields: time (ISO 8601, UTC, milliseconds), level, worker (absent in other processes), process
 * ("admin", in the admin process), message, and what the caller adds, such as request_id. Never an
 * e-mail address, a body or a password: callers log identifiers and PostgreSQL's primary message,
 * nothing else.
 */
#pragma once

#include "ops/metrics.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* Who writes and how much. Copied freely; owns nothing. */
struct logger {
    enum log_level level; /* lines below it are dropped */
    int worker;           /* index of the worker, or -1 */
    const char *process;  /* the name of another process; NULL: none */
};

enum { LOG_TIME_SIZE = 48 };

/* Now, as in the field time. */
void log_format_time(char buffer[LOG_TIME_SIZE]);

/* True, and *level set, when `name` is one of debug, info, warning, error. */
bool log_level_from_name(const char *name, enum log_level *level);

/*
 * Writes one line. `fields` is a jansson json_pack() format of an object, such as
 * "{s:s, s:i}", with its arguments after it, or NULL for none.
 */
void log_write(const struct logger *logger, enum log_level level, const char *message,
               const char *fields, ...);

/* Has lines that are lost from now on, of this process, be counted there too. */
void log_count_lost_in(metrics_number *number);

/* Tells how many lines were lost since it was told, if any; to be called now and then. */
void log_tell_lost(const struct logger *logger);
