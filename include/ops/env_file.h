/*
 * A file of settings, NAME=VALUE lines, as shells, docker-compose and editors write them.
 *
 *   - `export` before the name, and blanks around the name, the = and the value, are left out.
 *   - A value in single quotes is taken literally; in double quotes \", \\, \$ and \` stand for
 *     the character after the backslash. Nothing is expanded.
 *   - A # at the start of a line, or after a blank behind an unquoted or a closed value, begins a
 *     comment.
 */
#pragma once

#include <stddef.h>

enum env_line_kind { ENV_LINE_SETTING, ENV_LINE_WRONG, ENV_LINE_END };

struct env_line {
    size_t number; /* from 1; set it to 0 before the first call */
    const char *name;
    const char *value;
    const char *reason; /* of ENV_LINE_WRONG: what the line lacks, to follow "line N" */
};

/*
 * The next setting of `*rest`, a text that is taken apart in place and must outlive the name and
 * the value. Blank lines and comments are skipped.
 */
enum env_line_kind env_file_next(char **rest, struct env_line *line);
