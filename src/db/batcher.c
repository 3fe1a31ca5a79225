/* Writes in batches. */
#include "db/batcher.h"

#include "db/locked_rows.h"
#include "ops/clock.h"
#include "ops/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    ITEMS_MAX = 200,         /* of a batch: beyond it a commit costs little each, and waits grow */
    LOCKED_SHARE = 4,        /* of all items, the part that may wait for locked rows */
    LONE_CONNECTION_REST = 2 /* lock timeouts after one for a locked row, where no other is left */
};

struct item {
    TAILQ_ENTRY(item) line;
    const struct batch_form *form;
    batch_on_done *on_done;
    void *owner;
    int64_t row; /* that it locks; 0: none */
    int64_t deadline_ms;
    bool is_locked; /* its row is, so far as known: it is in, or was taken from, a locked line */
    size_t length;  /* of `text`, without the end */
    char text[];
};

TAILQ_HEAD(item_line, item);

/* What may share a batch, of one form. */
enum company {
    ALL,     /* at the first try */
    EQUAL,   /* of what was rolled back */
    SAME_ROW /* of what waits for locked rows */
};

struct batch {
    struct batcher *batcher;
    const struct batch_form *form;
    enum company company;
    int64_t row;    /* of all items, if SAME_ROW */
    bool has_equal; /* items only, and is sent as such */
    size_t count;
    struct item *items[ITEMS_MAX];
};

struct batcher {
    struct pool *pool;
    struct batcher_settings settings;
    struct item_line waiting[STATEMENT_COUNT];
    struct item_line alone[STATEMENT_COUNT];  /* each to be sent by itself, equal ones together */
    struct item_line locked[STATEMENT_COUNT]; /* of rows that are known to be locked */
    struct locked_rows locked_rows;
    size_t unanswered;
    size_t locked_unanswered;
    size_t batches_in_flight;
    bool locked_in_flight;        /* a batch that was taken from a locked line */
    int64_t locked_rest_until_ms; /* none before that */
    struct event *start;  /* at the end of this turn: then what came together leaves together */
    struct event *expiry; /* of the items that wait longest */
    bool closed;
};

static void answer(struct batcher *batcher, struct item *item, enum query_outcome outcome,
                   const PGresult *result, int row) {
    batcher->unanswered--;
    batcher->locked_unanswered -= item->is_locked;
    item->on_done(item->owner, outcome, result, row);
    free(item);
}

static void answer_line(struct batcher *batcher, struct item_line *line, enum query_outcome outcome,
                        int64_t until_ms) {
    struct item *item;
    /* The analyzer does not see that TAILQ_REMOVE takes the first item out. */
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
    while ((item = TAILQ_FIRST(line)) && item->deadline_ms <= until_ms) {
        TAILQ_REMOVE(line, item, line);
        answer(batcher, item, outcome, NULL, -1);
    }
}

static void answer_waiting(struct batcher *batcher, enum query_outcome outcome, int64_t until_ms) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        answer_line(batcher, &batcher->locked[i], outcome, until_ms);
        answer_line(batcher, &batcher->alone[i], outcome, until_ms);
        answer_line(batcher, &batcher->waiting[i], outcome, until_ms);
    }
}

/* The line whose first item has waited longest, those of locked rows included or not; NULL when
 * nothing waits. */
static struct item_line *oldest_line(struct batcher *batcher, bool with_locked) {
    struct item_line *oldest = NULL;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        struct item_line *lines[] = {&batcher->alone[i], &batcher->waiting[i], &batcher->locked[i]};
        for (size_t k = 0; k < (with_locked ? 3 : 2); k++) {
            const struct item *first = TAILQ_FIRST(lines[k]);
            if (first && (!oldest || first->deadline_ms < TAILQ_FIRST(oldest)->deadline_ms)) {
                oldest = lines[k];
            }
        }
    }
    return oldest;
}

/* Whether more items would only wait longer. What is sent again does not count: its time went by in
 * the database, and a place for it comes first. */
static bool is_overloaded(const struct batcher *batcher) {
    int64_t earliest_ms = clock_ms() - batcher->settings.queue_wait_ms;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        const struct item *first = TAILQ_FIRST(&batcher->waiting[i]);
        if (first && first->deadline_ms - batcher->settings.request_timeout_ms < earliest_ms) {
            return true;
        }
    }
    return false;
}

static void arm_expiry(struct batcher *batcher) {
    const struct item_line *line = oldest_line(batcher, true);
    if (line && !event_pending(batcher->expiry, EV_TIMEOUT, NULL)) {
        int64_t rest = TAILQ_FIRST(line)->deadline_ms - clock_ms();
        rest = rest < 1 ? 1 : rest;
        const struct timeval delay = clock_duration(rest);
        event_add(batcher->expiry, &delay);
    }
}

static void on_expiry(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct batcher *batcher = argument;
    answer_waiting(batcher, QUERY_EXPIRED, clock_ms());
    arm_expiry(batcher);
}

/* The items as a JSON array, to be released with free(). */
static char *array_of(const struct batch *batch) {
    size_t length = 2 + batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        length += batch->items[i]->length;
    }
    char *array = memory_allocate(length);
    char *end = array;
    for (size_t i = 0; i < batch->count; i++) {
        *end++ = i == 0 ? '[' : ',';
        memcpy(end, batch->items[i]->text, batch->items[i]->length);
        end += batch->items[i]->length;
    }
    memcpy(end, "]", 2);
    return array;
}

/* The row of each item, -1 when it has none; the first column is the item's place. */
static void find_rows(const struct batch *batch, const PGresult *result, int rows[ITEMS_MAX]) {
    for (size_t i = 0; i < batch->count; i++) {
        rows[i] = -1;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        size_t position = strtoul(PQgetvalue(result, row, 0), NULL, 10);
        if (position >= 1 && position <= batch->count) {
            rows[position - 1] = row;
        }
    }
}

static void answer_rows(struct batch *batch, const PGresult *result) {
    int rows[ITEMS_MAX];
    if (batch->has_equal) {
        memset(rows, PQntuples(result) > 0 ? 0 : -1, sizeof rows);
    } else {
        find_rows(batch, result, rows);
    }
    for (size_t i = 0; i < batch->count; i++) {
        answer(batch->batcher, batch->items[i], QUERY_DONE, result, rows[i]);
    }
}

static bool equals_first(const struct batch *batch, const struct item *item) {
    const struct item *first = batch->items[0];
    return item->length == first->length && memcmp(item->text, first->text, item->length) == 0;
}

/* Items that are sent again fare alike when they are equal, or about the same locked row: many
 * votes for it wait for it once, not one after the other until their neighbours' time is up. */
static bool may_join(const struct batch *batch, const struct item *item) {
    switch (batch->company) {
    case EQUAL:
        return batch->count == 0 || equals_first(batch, item);
    case SAME_ROW:
        return item->row == batch->row;
    default:
        return true;
    }
}

static bool all_are_equal(const struct batch *batch) {
    size_t equal = 1;
    while (equal < batch->count && equals_first(batch, batch->items[equal])) {
        equal++;
    }
    return equal == batch->count;
}

/* The row that all items lock; 0: there is no such row. */
static int64_t common_row(const struct batch *batch) {
    size_t same = 1;
    while (same < batch->count && batch->items[same]->row == batch->items[0]->row) {
        same++;
    }
    return same == batch->count ? batch->items[0]->row : 0;
}

/* Hands a statement to the pool, whose deadline is that of the first item. */
static void send_call(struct batch *batch, struct call *call) {
    call->owner = batch;
    call->arrived_ms = batch->items[0]->deadline_ms - batch->batcher->settings.request_timeout_ms;
    pool_submit(batch->batcher->pool, LANE_WRITES, call);
}

/* Hands a statement about all items to the pool. */
static void send_array(struct batch *batch, enum statement statement, call_on_done *on_done) {
    struct call call = {.statement = statement, .on_done = on_done};
    call_add_text(&call, array_of(batch));
    send_call(batch, &call);
}

static void on_batch_done(void *owner, enum query_outcome outcome, const PGresult *result,
                          int any_row);

static void send_batch(struct batch *batch) {
    batch->has_equal = batch->form->for_equal != STATEMENT_COUNT && all_are_equal(batch);
    if (!batch->has_equal) {
        send_array(batch, batch->form->statement, on_batch_done);
        return;
    }
    struct call call = {.statement = batch->form->for_equal, .on_done = on_batch_done};
    call_add_text(&call, memory_strdup(batch->items[0]->text));
    call_add_int64(&call, (int64_t)batch->count);
    send_call(batch, &call);
}

static void end_batch(struct batch *batch) {
    struct batcher *batcher = batch->batcher;
    batcher->batches_in_flight--;
    if (batch->company == SAME_ROW) {
        batcher->locked_in_flight = false;
    }
    free(batch);
    event_active(batcher->start, EV_TIMEOUT, 0);
}

/* Neighbours of a bad item: each gets a second chance by itself. */
static void send_alone(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        TAILQ_INSERT_TAIL(&batch->batcher->alone[batch->form->statement], batch->items[i], line);
    }
    arm_expiry(batch->batcher);
}

static bool is_known_as_locked(struct batcher *batcher, const struct batch_form *form,
                               int64_t row) {
    return row != 0 && batcher->locked_rows.count > 0 &&
           locked_rows_noted_ms(&batcher->locked_rows, form->statement, row, clock_ms()) >= 0;
}

static bool has_room_for_locked(const struct batcher *batcher) {
    return batcher->locked_unanswered * LOCKED_SHARE < batcher->settings.queue_limit;
}

/* Puts an item that is in no line among those of locked rows, in the order of the deadlines. */
static void wait_for_lock(struct batcher *batcher, struct item *item) {
    if (!has_room_for_locked(batcher)) {
        answer(batcher, item, QUERY_REFUSED, NULL, -1);
        return;
    }
    struct item_line *locked = &batcher->locked[item->form->statement];
    struct item *earlier = TAILQ_LAST(locked, item_line);
    while (earlier && earlier->deadline_ms > item->deadline_ms) {
        earlier = TAILQ_PREV(earlier, item_line, line);
    }
    if (earlier) {
        TAILQ_INSERT_AFTER(locked, earlier, item, line);
    } else {
        TAILQ_INSERT_HEAD(locked, item, line);
    }
    item->is_locked = true;
    batcher->locked_unanswered++;
}

static void note_locked_row(struct batcher *batcher, const struct batch_form *form, int64_t row) {
    locked_rows_note(&batcher->locked_rows, form->statement, row, clock_ms());
}

/* Takes items of locked rows out of those that wait for a batch. */
static void set_locked_apart(struct batcher *batcher, const struct batch_form *form) {
    struct item_line *waiting = &batcher->waiting[form->statement];
    struct item *next;
    for (struct item *item = TAILQ_FIRST(waiting); item; item = next) {
        next = TAILQ_NEXT(item, line);
        if (is_known_as_locked(batcher, form, item->row)) {
            TAILQ_REMOVE(waiting, item, line);
            wait_for_lock(batcher, item);
        }
    }
}

/* What the outcome of a batch tells about the row that all its items are of. */
static void learn_about_row(struct batch *batch, enum query_outcome outcome, int64_t row) {
    struct batcher *batcher = batch->batcher;
    if (outcome == QUERY_LOCKED) {
        note_locked_row(batcher, batch->form, row);
        set_locked_apart(batcher, batch->form);
        if (batcher->settings.batches_in_flight == 1) {
            batcher->locked_rest_until_ms =
                clock_ms() + LONE_CONNECTION_REST * batcher->settings.lock_timeout_ms;
        }
    } else if (outcome == QUERY_DONE && batch->company == SAME_ROW) {
        locked_rows_forget(&batcher->locked_rows, batch->form->statement, row);
    }
}

static bool is_rolled_back(enum query_outcome outcome) {
    return outcome == QUERY_FAILED || outcome == QUERY_LOCKED || outcome == QUERY_CONFLICT;
}

/* Tells the outcome, unless there is a second chance. */
static void settle(struct batch *batch, enum query_outcome outcome, const PGresult *result) {
    struct batcher *batcher = batch->batcher;
    int64_t row = common_row(batch);
    if (row != 0) {
        learn_about_row(batch, outcome, row);
    }
    bool all_wait_for_one = outcome == QUERY_LOCKED && row != 0;
    if (outcome == QUERY_DONE) {
        answer_rows(batch, result);
    } else if (is_rolled_back(outcome) && batch->count > 1 && batch->company != EQUAL &&
               !all_wait_for_one && !batcher->closed) {
        send_alone(batch);
    } else {
        for (size_t i = 0; i < batch->count; i++) {
            answer(batcher, batch->items[i], outcome, result, -1);
        }
    }
    end_batch(batch);
}

/* Sends what may have to wait for a lock once more, but for the items that lack the time: they
 * would end as unknown, not as not written. A statement may wait twice for a row: for its turn, and
 * then for the lock. */
static void send_again(struct batch *batch) {
    int64_t earliest_ms = clock_ms() + batch->batcher->settings.lock_timeout_ms * 5 / 2;
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = batch->items[i];
        if (item->deadline_ms < earliest_ms) {
            answer(batch->batcher, item, QUERY_REFUSED, NULL, -1);
        } else {
            batch->items[kept++] = item;
        }
    }
    batch->count = kept;
    if (kept == 0) {
        end_batch(batch);
    } else {
        send_batch(batch);
    }
}

/* Which rows a batch that was rolled back for a lock need not wait for: the others wait by
 * themselves. */
static void on_looked(void *owner, enum query_outcome outcome, const PGresult *result,
                      int any_row) {
    (void)any_row;
    struct batch *batch = owner;
    struct batcher *batcher = batch->batcher;
    if (outcome != QUERY_DONE || batcher->closed) {
        settle(batch, is_rolled_back(outcome) ? outcome : QUERY_REFUSED, result);
        return;
    }
    int rows[ITEMS_MAX];
    find_rows(batch, result, rows);
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (rows[i] < 0) {
            note_locked_row(batcher, batch->form, batch->items[i]->row);
            wait_for_lock(batcher, batch->items[i]);
        } else {
            batch->items[kept++] = batch->items[i];
        }
    }
    batch->count = kept;
    set_locked_apart(batcher, batch->form);
    arm_expiry(batcher);
    send_again(batch);
}

static void on_batch_done(void *owner, enum query_outcome outcome, const PGresult *result,
                          int any_row) {
    (void)any_row;
    struct batch *batch = owner;
    struct batcher *batcher = batch->batcher;
    if (outcome == QUERY_UNKNOWN) {
        batcher->settings.on_uncertain(batcher->settings.owner);
    }
    bool may_look = outcome == QUERY_LOCKED && batch->company == ALL && common_row(batch) == 0 &&
                    batch->form->unlocked != STATEMENT_COUNT && !batcher->closed;
    if (may_look) {
        send_array(batch, batch->form->unlocked, on_looked);
    } else {
        settle(batch, outcome, result);
    }
}

/* Takes what may share a batch with `first` from a line and sends it. False when out of memory. */
static bool start_batch(struct batcher *batcher, struct item_line *line, const struct item *first) {
    struct batch *batch = malloc(sizeof *batch);
    if (!batch) {
        return false;
    }
    struct item *item = TAILQ_FIRST(line);
    enum statement statement = first->form->statement;
    *batch =
        (struct batch){.batcher = batcher, .form = first->form, .company = ALL, .row = first->row};
    if (line == &batcher->alone[statement]) {
        batch->company = EQUAL;
    } else if (line == &batcher->locked[statement]) {
        batch->company = SAME_ROW;
        batcher->locked_in_flight = true;
    }
    while (item && batch->count < ITEMS_MAX) {
        struct item *next = TAILQ_NEXT(item, line);
        if (may_join(batch, item)) {
            TAILQ_REMOVE(line, item, line);
            batch->items[batch->count++] = item;
        }
        item = next;
    }
    batcher->batches_in_flight++;
    if (batch->company != ALL) {
        send_again(batch);
    } else {
        send_batch(batch);
    }
    return true;
}

/* Tries the locked row that was tried longest ago, so that each has its turn. False when out of
 * memory. */
static bool start_locked_batch(struct batcher *batcher) {
    const struct item *next = NULL;
    int64_t next_noted_ms = 0;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        const struct item *item;
        TAILQ_FOREACH(item, &batcher->locked[i], line) {
            int64_t noted_ms = locked_rows_noted_ms(&batcher->locked_rows, item->form->statement,
                                                    item->row, clock_ms());
            if (!next || noted_ms < next_noted_ms) {
                next = item;
                next_noted_ms = noted_ms;
            }
        }
    }
    return !next || start_batch(batcher, &batcher->locked[next->form->statement], next);
}

static bool may_try_locked(const struct batcher *batcher) {
    return batcher->locked_unanswered > 0 && !batcher->locked_in_flight &&
           batcher->batches_in_flight < batcher->settings.batches_in_flight &&
           clock_ms() >= batcher->locked_rest_until_ms;
}

/* So that locked rows are tried again after their rest, whatever else happens. */
static void arm_start(struct batcher *batcher) {
    if (batcher->locked_unanswered > 0 && !batcher->locked_in_flight) {
        int64_t rest_ms = batcher->locked_rest_until_ms - clock_ms();
        if (rest_ms > 0) {
            const struct timeval delay = clock_duration(rest_ms);
            event_add(batcher->start, &delay);
        }
    }
}

static void on_start(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct batcher *batcher = argument;
    struct item_line *line;
    if (!pool_can_write(batcher->pool)) {
        answer_waiting(batcher, QUERY_REFUSED, INT64_MAX);
    }
    bool has_memory = !may_try_locked(batcher) || start_locked_batch(batcher);
    while (has_memory && batcher->batches_in_flight < batcher->settings.batches_in_flight &&
           (line = oldest_line(batcher, false))) {
        has_memory = start_batch(batcher, line, TAILQ_FIRST(line));
    }
    arm_start(batcher);
    arm_expiry(batcher);
}

struct batcher *batcher_new(struct event_base *base, struct pool *pool,
                            const struct batcher_settings *settings) {
    struct batcher *batcher = calloc(1, sizeof *batcher);
    if (!batcher) {
        return NULL;
    }
    batcher->pool = pool;
    batcher->settings = *settings;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        TAILQ_INIT(&batcher->waiting[i]);
        TAILQ_INIT(&batcher->alone[i]);
        TAILQ_INIT(&batcher->locked[i]);
    }
    batcher->start = event_new(base, -1, 0, on_start, batcher);
    batcher->expiry = evtimer_new(base, on_expiry, batcher);
    if (!batcher->start || !batcher->expiry) {
        batcher_free(batcher);
        return NULL;
    }
    return batcher;
}

void batcher_close(struct batcher *batcher) {
    batcher->closed = true;
    answer_waiting(batcher, QUERY_REFUSED, INT64_MAX);
}

void batcher_free(struct batcher *batcher) {
    if (batcher->start) {
        event_free(batcher->start);
    }
    if (batcher->expiry) {
        event_free(batcher->expiry);
    }
    free(batcher);
}

void batcher_add(struct batcher *batcher, const struct batch_form *form, int64_t row,
                 const char *item, batch_on_done *on_done, void *owner) {
    struct item *added = NULL;
    size_t length = strlen(item);
    bool is_locked = is_known_as_locked(batcher, form, row);
    if (!batcher->closed && batcher->unanswered < batcher->settings.queue_limit &&
        !is_overloaded(batcher) && pool_can_write(batcher->pool) &&
        (!is_locked || has_room_for_locked(batcher))) {
        added = malloc(sizeof *added + length + 1);
    }
    if (!added) {
        on_done(owner, QUERY_REFUSED, NULL, -1);
        return;
    }
    *added = (struct item){
        .form = form,
        .on_done = on_done,
        .owner = owner,
        .row = row,
        .deadline_ms = clock_ms() + batcher->settings.request_timeout_ms,
        .length = length,
    };
    memcpy(added->text, item, length + 1);
    batcher->unanswered++;
    if (is_locked) {
        wait_for_lock(batcher, added);
    } else {
        TAILQ_INSERT_TAIL(&batcher->waiting[form->statement], added, line);
    }
    event_active(batcher->start, EV_TIMEOUT, 0);
}
