/* Writes in batches. */
#include "db/batcher.h"

#include "ops/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 200 /* of a batch: beyond it a commit costs little each, and waits grow */ };

struct item {
    TAILQ_ENTRY(item) line;
    const struct batch_form *form;
    batch_on_done *on_done;
    void *owner;
    int64_t deadline_ms;
    size_t length; /* of `text`, without the end */
    char text[];
};

TAILQ_HEAD(item_line, item);

struct batch {
    struct batcher *batcher;
    const struct batch_form *form;
    bool is_retry;  /* of items that were rolled back in company */
    bool has_equal; /* items only, and is sent as such */
    size_t count;
    struct item *items[ITEMS_MAX];
};

struct batcher {
    struct pool *pool;
    struct batcher_settings settings;
    struct item_line waiting[STATEMENT_COUNT];
    struct item_line alone[STATEMENT_COUNT]; /* each to be sent by itself, equal ones together */
    size_t unanswered;
    size_t batches_in_flight;
    struct event *start;  /* at the end of this turn: then what came together leaves together */
    struct event *expiry; /* of the items that wait longest */
    bool closed;
};

static void answer(struct batcher *batcher, struct item *item, enum query_outcome outcome,
                   const PGresult *result, int row) {
    batcher->unanswered--;
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
        answer_line(batcher, &batcher->alone[i], outcome, until_ms);
        answer_line(batcher, &batcher->waiting[i], outcome, until_ms);
    }
}

/* The line whose first item has waited longest; NULL when nothing waits. */
static struct item_line *oldest_line(struct batcher *batcher) {
    struct item_line *oldest = NULL;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        struct item_line *lines[] = {&batcher->alone[i], &batcher->waiting[i]};
        for (size_t k = 0; k < 2; k++) {
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
    const struct item_line *line = oldest_line(batcher);
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

/* The items as a JSON array, to be released with free(); NULL when out of memory. */
static char *array_of(const struct batch *batch) {
    size_t length = 2 + batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        length += batch->items[i]->length;
    }
    char *array = malloc(length);
    char *end = array;
    for (size_t i = 0; array && i < batch->count; i++) {
        *end++ = i == 0 ? '[' : ',';
        memcpy(end, batch->items[i]->text, batch->items[i]->length);
        end += batch->items[i]->length;
    }
    if (array) {
        memcpy(end, "]", 2);
    }
    return array;
}

static void answer_rows(struct batch *batch, const PGresult *result) {
    int rows[ITEMS_MAX];
    memset(rows, batch->has_equal && PQntuples(result) > 0 ? 0 : -1, sizeof rows);
    for (int row = 0; !batch->has_equal && row < PQntuples(result); row++) {
        size_t position = strtoul(PQgetvalue(result, row, 0), NULL, 10);
        if (position >= 1 && position <= batch->count) {
            rows[position - 1] = row;
        }
    }
    for (size_t i = 0; i < batch->count; i++) {
        answer(batch->batcher, batch->items[i], QUERY_DONE, result, rows[i]);
    }
}

/* Neighbours of a bad item: each gets a second chance by itself. */
static void send_alone(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        TAILQ_INSERT_TAIL(&batch->batcher->alone[batch->form->statement], batch->items[i], line);
    }
    arm_expiry(batch->batcher);
}

static void on_batch_done(void *owner, enum query_outcome outcome, PGresult *result) {
    struct batch *batch = owner;
    struct batcher *batcher = batch->batcher;
    batcher->batches_in_flight--;
    bool rolled_back = outcome == QUERY_FAILED || outcome == QUERY_CONFLICT;
    if (outcome == QUERY_UNKNOWN) {
        batcher->settings.on_uncertain(batcher->settings.owner);
    }
    if (outcome == QUERY_DONE) {
        answer_rows(batch, result);
    } else if (rolled_back && batch->count > 1 && !batch->is_retry && !batcher->closed) {
        send_alone(batch);
    } else {
        for (size_t i = 0; i < batch->count; i++) {
            answer(batcher, batch->items[i], outcome, result, -1);
        }
    }
    PQclear(result);
    free(batch);
    event_active(batcher->start, EV_TIMEOUT, 0);
}

static bool equals_first(const struct batch *batch, const struct item *item) {
    const struct item *first = batch->items[0];
    return item->length == first->length && memcmp(item->text, first->text, item->length) == 0;
}

/* Items that are sent again fare alike when they are equal: many votes for a row that somebody has
 * locked wait for it once, not one after the other until their neighbours' time is up. */
static bool may_join(const struct batch *batch, const struct item *item) {
    return !batch->is_retry || batch->count == 0 || equals_first(batch, item);
}

static bool all_are_equal(const struct batch *batch) {
    size_t equal = 1;
    while (equal < batch->count && equals_first(batch, batch->items[equal])) {
        equal++;
    }
    return equal == batch->count;
}

/* Hands a batch to the pool. False when out of memory. */
static bool send_batch(struct batch *batch, int64_t deadline_ms) {
    struct pool *pool = batch->batcher->pool;
    batch->has_equal = batch->form->for_equal != STATEMENT_COUNT && all_are_equal(batch);
    if (batch->has_equal) {
        char count[24];
        snprintf(count, sizeof count, "%zu", batch->count);
        const char *const parameters[] = {batch->items[0]->text, count};
        pool_write(pool, batch->form->for_equal, 2, parameters, deadline_ms, on_batch_done, batch);
        return true;
    }
    char *array = array_of(batch);
    if (!array) {
        return false;
    }
    const char *const parameters[] = {array};
    pool_write(pool, batch->form->statement, 1, parameters, deadline_ms, on_batch_done, batch);
    free(array);
    return true;
}

/* Takes items from a line into a batch and sends it. False when out of memory. */
static bool start_batch(struct batcher *batcher, struct item_line *line) {
    struct batch *batch = malloc(sizeof *batch);
    if (!batch) {
        return false;
    }
    batch->batcher = batcher;
    struct item *item = TAILQ_FIRST(line);
    batch->form = item->form;
    batch->is_retry = line == &batcher->alone[item->form->statement];
    batch->count = 0;
    int64_t deadline_ms = item->deadline_ms;
    while (item && batch->count < ITEMS_MAX) {
        struct item *next = TAILQ_NEXT(item, line);
        if (may_join(batch, item)) {
            TAILQ_REMOVE(line, item, line);
            batch->items[batch->count++] = item;
        }
        item = next;
    }
    batcher->batches_in_flight++;
    /* Without the time to wait for a lock once more it would end as unknown, not as not written. */
    int64_t needed_ms = batcher->settings.lock_timeout_ms * 3 / 2;
    bool too_late = batch->is_retry && deadline_ms - clock_ms() < needed_ms;
    if (too_late || !send_batch(batch, deadline_ms)) {
        on_batch_done(batch, QUERY_REFUSED, NULL);
    }
    return true;
}

static void on_start(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct batcher *batcher = argument;
    struct item_line *line;
    if (!pool_can_write(batcher->pool)) {
        answer_waiting(batcher, QUERY_REFUSED, INT64_MAX);
    }
    while (batcher->batches_in_flight < batcher->settings.batches_in_flight &&
           (line = oldest_line(batcher)) && start_batch(batcher, line)) {
    }
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

void batcher_add(struct batcher *batcher, const struct batch_form *form, const char *item,
                 batch_on_done *on_done, void *owner) {
    struct item *added = NULL;
    size_t length = strlen(item);
    if (!batcher->closed && batcher->unanswered < batcher->settings.queue_limit &&
        !is_overloaded(batcher) && pool_can_write(batcher->pool)) {
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
        .deadline_ms = clock_ms() + batcher->settings.request_timeout_ms,
        .length = length,
    };
    memcpy(added->text, item, length + 1);
    batcher->unanswered++;
    TAILQ_INSERT_TAIL(&batcher->waiting[form->statement], added, line);
    event_active(batcher->start, EV_TIMEOUT, 0);
}
