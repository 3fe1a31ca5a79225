/* Requests by chance. */
#include "work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PAGE = 5, ALL = 49, VOTES_BEFORE_REPORT = 3 };

/* Xorshift; below `end`. */
static uint64_t random_below(struct checker *checker, uint64_t end) {
    uint64_t x = checker->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    checker->random = x;
    return (x * UINT64_C(0x2545f4914f6cdd1d) >> 32) % end;
}

static bool by_chance(struct checker *checker, unsigned one_in) {
    return random_below(checker, one_in) == 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct client *client, const char *format,
                                                      ...) {
    struct http_connection *connection = &client->connection;
    size_t rest = HTTP_REQUEST_MAX - connection->request_length;
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(connection->request + connection->request_length, rest, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= rest) {
        fprintf(stderr, "a request is too long\n");
        exit(1);
    }
    connection->request_length += (size_t)length;
}

static bool has_question(const struct place *place) {
    return place->slots[0].phase == PHASE_ADDED;
}

/* So large that a page is worth to be compressed. */
static const char *filler(void) {
    static char text[200];
    if (!text[0]) {
        memset(text, 'x', sizeof text - 1);
    }
    return text;
}

static void put_post(struct client *client, const struct work *work) {
    char body[HTTP_REQUEST_MAX / 2];
    int length = snprintf(body, sizeof body,
                          "{\"body\":\"%s\",\"name\":\"soak\",\"email\":\"soak@mail.example\","
                          "\"product_id\":%ld}",
                          filler(), work->place->product);
    if (work->slot->kind == KIND_QUESTION) {
        put(client, "POST /qa/questions");
    } else {
        put(client, "POST /qa/questions/%ld/answers", work->place->slots[0].id);
    }
    put(client, " HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", length, body);
}

static void put_change(struct client *client, const struct work *work, const char *what) {
    put(client, "PUT /qa/%s/%ld/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        work->slot->kind == KIND_QUESTION ? "questions" : "answers", work->slot->id, what);
}

/* False where there is nothing to write: others are about to. */
static bool choose_write(struct client *client, struct place *place) {
    struct checker *checker = client->checker;
    /* The first two more often than the others. */
    uint64_t index = random_below(checker, LEDGER_SLOTS + 4);
    struct slot *slot = &place->slots[has_question(place) ? index % LEDGER_SLOTS : 0];
    bool is_main = slot < place->slots + LEDGER_MAIN;
    struct work *work = &client->work;
    *work = (struct work){.place = place, .slot = slot, .id = slot->id};
    if (slot->phase == PHASE_FREE) {
        work->type = WORK_POST;
        ledger_post(slot);
        put_post(client, work);
    } else if (slot->phase != PHASE_ADDED) {
        return false;
    } else if (is_main || (slot->votes_sent < VOTES_BEFORE_REPORT && by_chance(checker, 2))) {
        work->type = WORK_VOTE;
        ledger_vote(slot);
        put_change(client, work, "helpful");
    } else {
        work->type = WORK_REPORT;
        ledger_report(slot);
        put_change(client, work, "report");
    }
    return true;
}

static void put_read(struct client *client, const struct work *work) {
    const char *all = work->most == ALL ? "count=49" : "";
    if (work->list == LIST_QUESTIONS) {
        put(client, "GET /qa/questions?product_id=%ld&%s", work->place->product, all);
    } else {
        put(client, "GET /qa/questions/%ld/answers?%s", work->place->slots[0].id, all);
    }
    put(client, " HTTP/1.1\r\nHost: localhost\r\n");
    if (by_chance(client->checker, 2)) {
        put(client, "Accept-Encoding: gzip\r\n");
    }
    if (work->asks_for_change) {
        put(client, "If-None-Match: %s\r\n", client->remembered.tag);
    }
    put(client, "\r\n");
}

static void choose_read(struct client *client, struct place *place) {
    struct checker *checker = client->checker;
    const struct remembered *remembered = &client->remembered;
    struct work *work = &client->work;
    *work = (struct work){.type = WORK_READ, .place = place, .most = FIRST_PAGE};
    bool is_same = remembered->place == place && remembered->product == place->product;
    if (is_same && has_question(place) && by_chance(checker, 2)) {
        work->asks_for_change = true;
        work->list = remembered->list;
        work->most = remembered->most;
    } else {
        bool is_of_answers = has_question(place) && by_chance(checker, 3);
        work->list = is_of_answers ? LIST_ANSWERS : LIST_QUESTIONS;
        work->most = by_chance(checker, 4) ? ALL : FIRST_PAGE;
    }
    ledger_expect(&checker->ledger, place, &work->expectation);
    put_read(client, work);
}

/* One that takes requests; there always is, or else another product will do. */
static struct place *choose_place(struct checker *checker) {
    struct ledger *ledger = &checker->ledger;
    struct place *place = ledger->last_written;
    if (by_chance(checker, 2)) {
        place = &ledger->places[random_below(checker, ledger->count)];
    }
    while (place->is_closed) {
        place = &ledger->places[random_below(checker, ledger->count)];
    }
    return place;
}

void work_choose(struct client *client) {
    struct checker *checker = client->checker;
    struct place *place = client->reads_back;
    client->reads_back = NULL;
    client->connection.request_length = 0;
    if (!place || place->is_closed) {
        place = choose_place(checker);
        struct place *written =
            &checker->ledger.places[random_below(checker, checker->ledger.count)];
        if (by_chance(checker, checker->reads_per_write) && !written->is_closed &&
            choose_write(client, written)) {
            return;
        }
    }
    choose_read(client, place);
}

bool work_is_cut(const struct client *client) {
    return client->work.type == WORK_VOTE && client->checker->has_faults &&
           by_chance(client->checker, 20);
}
