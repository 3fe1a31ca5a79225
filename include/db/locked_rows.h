/*
 * Rows that somebody else holds a lock on for longer than the lock timeout, each as one statement
 * met it. Whether that is still so is not known: a row is remembered for a minute after it was
 * noted last, and forgotten when the statement gets its lock. A full set forgets the one that was
 * noted first.
 */
#pragma once

#include "db/statement_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOCKED_ROWS_MAX = 128, LOCKED_ROW_KEPT_MS = 60000 };

struct locked_row {
    enum statement statement;
    int64_t id;
    int64_t noted_ms;
};

/* Begins zeroed: empty. Times are of clock_ms(). */
struct locked_rows {
    size_t count;
    struct locked_row rows[LOCKED_ROWS_MAX];
};

void locked_rows_note(struct locked_rows *set, enum statement statement, int64_t id,
                      int64_t now_ms);

void locked_rows_forget(struct locked_rows *set, enum statement statement, int64_t id);

/* When the row was noted last; -1 when it is not known. */
int64_t locked_rows_noted_ms(struct locked_rows *set, enum statement statement, int64_t id,
                             int64_t now_ms);
