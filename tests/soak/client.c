/* What a client asks for, and what it makes of the replies. */
#include "client.h"

#include "work.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum { REST_MS = 5, PATIENCE_MS = 30000, FINDINGS_TOLD = 20 };

static void tell(const struct client *client, uint64_t number, const char *what, const char *text) {
    if (number <= FINDINGS_TOLD) {
        const struct work *work = &client->work;
        fprintf(stderr, "%s: %s, %s of product %ld at %s\n", what, text,
                work->list == LIST_QUESTIONS ? "questions" : "answers", work->place->product,
                client->name);
    }
}

static void tell_wrong(struct client *client, const char *text) {
    tell(client, ++client->checker->counts.wrong, "wrong", text);
}

static void judge(struct client *client, const struct page *page) {
    struct counts *counts = &client->checker->counts;
    const struct work *work = &client->work;
    struct finding finding =
        ledger_judge(work->place, work->list, work->most, page, &work->expectation);
    ledger_note_shown(work->place, page);
    counts->reads++;
    if (finding.verdict == VERDICT_STALE) {
        tell(client, ++counts->stale, "stale", finding.text);
    } else if (finding.verdict == VERDICT_WRONG) {
        tell_wrong(client, finding.text);
    }
}

static bool is_remembered(const struct client *client) {
    const struct work *work = &client->work;
    const struct remembered *remembered = &client->remembered;
    return remembered->place == work->place && remembered->product == work->place->product &&
           remembered->list == work->list && remembered->most == work->most;
}

static const char *opaque(const char *tag) {
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

static void on_page(struct client *client, const struct http_reply *reply) {
    struct remembered *remembered = &client->remembered;
    const struct work *work = &client->work;
    struct page page;
    if (!page_parse(&page, reply->body, reply->length) || !reply->tag[0]) {
        tell_wrong(client, "this is no page");
        return;
    }
    client->checker->counts.compressed += reply->is_gzip;
    judge(client, &page);
    if (is_remembered(client) && strcmp(opaque(remembered->tag), opaque(reply->tag)) == 0 &&
        !page_equal(&remembered->page, &page)) {
        tell_wrong(client, "two pages have the same tag");
    }
    *remembered = (struct remembered){.place = work->place,
                                      .product = work->place->product,
                                      .list = work->list,
                                      .most = work->most,
                                      .page = page};
    memcpy(remembered->tag, reply->tag, sizeof remembered->tag);
}

static void on_read(struct client *client, const struct http_reply *reply) {
    struct checker *checker = client->checker;
    if (reply && reply->status == 200) {
        on_page(client, reply);
    } else if (reply && reply->status == 304 && client->work.asks_for_change) {
        checker->counts.confirmed++;
        judge(client, &client->remembered.page);
    } else {
        checker->counts.failed++;
        client->rests_until_ms = checker->now_ms + REST_MS;
        bool may_fail = !reply || (reply->status >= 502 && reply->status <= 504);
        if (!may_fail || !checker->has_faults) {
            tell_wrong(client, "a read got another status");
        }
    }
}

static enum outcome outcome_of(struct client *client, const struct http_reply *reply) {
    struct counts *counts = &client->checker->counts;
    int status = reply ? reply->status : 504;
    if (status == (client->work.type == WORK_POST ? 201 : 204)) {
        counts->acknowledged++;
        client->reads_back = client->work.place;
        return OUTCOME_ACKNOWLEDGED;
    }
    client->rests_until_ms = client->checker->now_ms + REST_MS;
    if (!client->checker->has_faults || status < 502 || status > 504) {
        tell_wrong(client, "a write got another status");
    }
    if (status == 504) {
        counts->unknown++;
        return OUTCOME_UNKNOWN;
    }
    counts->refused++;
    return OUTCOME_REFUSED;
}

static void on_write(struct client *client, const struct http_reply *reply) {
    struct ledger *ledger = &client->checker->ledger;
    struct work *work = &client->work;
    enum outcome outcome = outcome_of(client, reply);
    struct page made = {.count = 0};
    if (work->type == WORK_VOTE) {
        ledger_voted(ledger, work->place, work->slot, work->id, outcome);
    } else if (work->type == WORK_REPORT) {
        ledger_reported(ledger, work->place, work->slot, outcome);
    } else if (outcome == OUTCOME_ACKNOWLEDGED &&
               (!page_parse(&made, reply->body, reply->length) || made.count != 1)) {
        tell_wrong(client, "a POST did not respond with what it made");
        ledger_posted(ledger, work->place, work->slot, OUTCOME_UNKNOWN, 0);
    } else {
        ledger_posted(ledger, work->place, work->slot, outcome, made.elements[0].id);
    }
}

/* The request has ended. `reply` is NULL where none came. */
static void finish(struct client *client, const struct http_reply *reply) {
    if (client->work.type == WORK_READ) {
        on_read(client, reply);
    } else {
        on_write(client, reply);
    }
    ledger_release(&client->checker->ledger, client->work.place);
    client->work.type = WORK_NONE;
    client->checker->busy--;
    if (client->rests_until_ms < client->checker->now_ms + client->checker->rest_ms) {
        client->rests_until_ms = client->checker->now_ms + client->checker->rest_ms;
    }
    if (!reply || reply->closes) {
        http_close(&client->connection);
    }
}

static void abandon(struct client *client) {
    if (client->work.type != WORK_NONE) {
        finish(client, NULL);
    } else {
        http_close(&client->connection); /* by the other side, while idle */
    }
}

static bool watch(struct client *client, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    return epoll_ctl(client->checker->epoll, operation, client->connection.fd, &event) == 0;
}

static bool has_connection(struct client *client) {
    struct http_connection *connection = &client->connection;
    return connection->fd >= 0 ||
           (http_open(connection, client->address) &&
            watch(client, EPOLL_CTL_ADD, connection->is_connected ? EPOLLIN : EPOLLOUT));
}

static void begin(struct client *client) {
    if (!has_connection(client)) {
        client->rests_until_ms = client->checker->now_ms + REST_MS;
        return;
    }
    work_choose(client);
    ledger_use(client->work.place);
    client->checker->busy++;
    client->since_ms = client->checker->now_ms;
    if (!http_send(&client->connection) || work_is_cut(client)) {
        abandon(client);
    }
}

void client_on_event(struct client *client) {
    struct http_connection *connection = &client->connection;
    struct http_reply reply;
    if (!connection->is_connected) {
        if (http_continue(connection) && watch(client, EPOLL_CTL_MOD, EPOLLIN)) {
            return;
        }
        abandon(client);
        return;
    }
    switch (client->work.type == WORK_NONE ? HTTP_BROKEN : http_receive(connection, &reply)) {
    case HTTP_WAITING:
        return;
    case HTTP_BROKEN:
        abandon(client);
        break;
    case HTTP_DONE:
        finish(client, &reply);
        break;
    }
    client_on_tick(client);
}

void client_on_tick(struct client *client) {
    const struct checker *checker = client->checker;
    if (client->work.type != WORK_NONE) {
        if (checker->now_ms - client->since_ms > PATIENCE_MS) {
            abandon(client);
        }
    } else if (!checker->is_ending && checker->now_ms >= client->rests_until_ms) {
        begin(client);
    }
}
