/*
 * Lines to standard error, each whole or not at all, without waiting for who reads them.
 *
 * O_NONBLOCK belongs to the open file description, which others may share (a shell, a terminal):
 * it is not set there. What can block is written to in another way:
 *
 *   - A pipe or terminal is opened anew by /proc/self/fd/2: a description of our own. Where that is
 *     not allowed, each write asks not to wait (RWF_NOWAIT), or, where the system does not know
 *     that, follows a look whether there is room; between the two another process may fill it.
 *   - A socket is sent to with MSG_DONTWAIT.
 *   - A file does not block but for its disk.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* What a pipe takes in one piece. */
enum { LINE_LONGEST = PIPE_BUF - 1 };

/* Writes a line of at most LINE_LONGEST bytes, which ends with '\n'. False when it could not be
 * written now. Of one that a full disk cut, the rest is missing, and the next begins on a new line.
 */
__attribute__((warn_unused_result)) bool line_write(const char *line, size_t length);

/* Standard error is another file, in which nothing was cut. */
void line_write_elsewhere(void);
