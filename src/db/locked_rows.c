/* Rows that somebody else holds a lock on. */
#include "db/locked_rows.h"

/* The row's place; `count` when it is not there. */
static size_t find(const struct locked_rows *set, enum statement statement, int64_t id) {
    size_t place = 0;
    while (place < set->count &&
           (set->rows[place].id != id || set->rows[place].statement != statement)) {
        place++;
    }
    return place;
}

static size_t find_oldest(const struct locked_rows *set) {
    size_t oldest = 0;
    for (size_t place = 1; place < set->count; place++) {
        if (set->rows[place].noted_ms < set->rows[oldest].noted_ms) {
            oldest = place;
        }
    }
    return oldest;
}

void locked_rows_note(struct locked_rows *set, enum statement statement, int64_t id,
                      int64_t now_ms) {
    size_t place = find(set, statement, id);
    if (place == LOCKED_ROWS_MAX) {
        place = find_oldest(set);
    } else if (place == set->count) {
        set->count++;
    }
    set->rows[place] = (struct locked_row){statement, id, now_ms};
}

void locked_rows_forget(struct locked_rows *set, enum statement statement, int64_t id) {
    size_t place = find(set, statement, id);
    if (place < set->count) {
        set->rows[place] = set->rows[--set->count];
    }
}

int64_t locked_rows_noted_ms(struct locked_rows *set, enum statement statement, int64_t id,
                             int64_t now_ms) {
    for (size_t place = 0; place < set->count;) {
        const struct locked_row *row = &set->rows[place];
        if (now_ms - row->noted_ms >= LOCKED_ROW_KEPT_MS) {
            set->rows[place] = set->rows[--set->count];
        } else if (row->id == id && row->statement == statement) {
            return row->noted_ms;
        } else {
            place++;
        }
    }
    return -1;
}
