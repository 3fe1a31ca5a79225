/* Hands the shared memory out. */
#include "process/holder.h"

#include "ops/clock.h"
#include "pages/handout.h"
#include "pages/shared_memory.h"
#include "process/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 512,
    STRANGERS_MAX = CLIENTS_MAX / 2, /* of one user who may only read */
    ASK_WITHIN_MS = 2000
};

_Static_assert((int)HANDOUT_HITS == (int)METRICS_NGINX_HITS &&
                   (int)HANDOUT_COUNTS == (int)METRICS_NGINX,
               "metrics have what readers count in the same order");

struct holder_client {
    struct holder *holder;
    int connection;
    uid_t user;
    struct watch messages;
    int64_t accepted_ms;
    enum handout_wish granted; /* 0: it has not asked yet */
    TAILQ_ENTRY(holder_client) next;
};

static void on_count(const struct holder *holder, const struct handout_message *message) {
    if (message->count < HANDOUT_COUNTS) {
        metrics_add(&metrics_memory_service(holder->metrics)->nginx[message->count],
                    message->number);
        holder->on_asked(holder->owner);
    }
}

/* What a client has told before the end still counts. */
static void take_last_counts(const struct holder_client *client) {
    struct handout_message message;
    for (int i = 0;
         i < HANDOUT_COUNTS && handout_hear(client->connection, &message) == HANDOUT_HEARD_COUNT;
         i++) {
        on_count(client->holder, &message);
    }
}

static void drop(struct holder_client *client) {
    struct holder *holder = client->holder;
    watch_stop(&client->messages);
    take_last_counts(client);
    close(client->connection);
    TAILQ_REMOVE(&holder->clients, client, next);
    holder->client_count--;
    free(client);
}

/* Sends it; false when that failed. */
static bool send_memory(const struct holder *holder, int connection, enum handout_wish wish) {
    if (wish != HANDOUT_READ) {
        return handout_reply(connection, HANDOUT_GRANTED, holder->memory);
    }
    int descriptor = shared_memory_open_read_only(holder->memory);
    bool sent = descriptor >= 0 && handout_reply(connection, HANDOUT_GRANTED, descriptor);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return sent;
}

static enum handout_result decide(const struct holder_client *client,
                                  const struct handout_message *message) {
    if (client->granted != 0) {
        return HANDOUT_REFUSED; /* it has it already */
    }
    if (message->is_of_other_layout) {
        return HANDOUT_OTHER_LAYOUT;
    }
    bool changes = message->wish == HANDOUT_JOIN || message->wish == HANDOUT_CHANGE ||
                   message->wish == HANDOUT_CHANGE_PAGES;
    bool may_have = message->wish == HANDOUT_READ ? !client->holder->refuses_readers
                                                  : changes && trust_may_change(client->connection);
    return may_have ? HANDOUT_GRANTED : HANDOUT_REFUSED;
}

static void on_wish(struct holder_client *client, const struct handout_message *message) {
    struct holder *holder = client->holder;
    enum handout_result result = decide(client, message);
    bool is_sent = result == HANDOUT_GRANTED
                       ? send_memory(holder, client->connection, message->wish)
                       : handout_reply(client->connection, result, -1);
    if (!is_sent || result != HANDOUT_GRANTED) {
        drop(client);
        return;
    }
    client->granted = message->wish;
    if (message->wish == HANDOUT_CHANGE) {
        metrics_add(&metrics_memory_service(holder->metrics)->invalidations[METRICS_COMMAND], 1);
    }
    if (message->wish == HANDOUT_JOIN) {
        holder->on_join(holder->owner);
    }
}

static void on_message(void *owner) {
    struct holder_client *client = owner;
    struct handout_message message;
    switch (handout_hear(client->connection, &message)) {
    case HANDOUT_HEARD_WISH:
        on_wish(client, &message);
        break;
    case HANDOUT_HEARD_COUNT:
        on_count(client->holder, &message);
        break;
    case HANDOUT_HEARD_END:
        drop(client);
        break;
    case HANDOUT_HEARD_NOTHING:
        break;
    }
}

/* Nobody keeps all others out by connecting again and again. */
static bool has_place(const struct holder *holder, int connection) {
    uid_t user = handout_peer(connection);
    unsigned count = 0;
    const struct holder_client *client;
    TAILQ_FOREACH(client, &holder->clients, next) {
        count += client->user == user;
    }
    return holder->client_count < CLIENTS_MAX &&
           (count < STRANGERS_MAX || trust_may_change(connection));
}

static void add_client(struct holder *holder, int connection) {
    struct holder_client *client = has_place(holder, connection) ? calloc(1, sizeof *client) : NULL;
    if (!client) {
        close(connection);
        return;
    }
    client->holder = holder;
    client->connection = connection;
    client->user = handout_peer(connection);
    client->accepted_ms = clock_ms();
    TAILQ_INSERT_TAIL(&holder->clients, client, next);
    holder->client_count++;
    watch_init_descriptor(&client->messages, holder->base, connection, EV_READ, on_message, client);
    if (!watch_start(&client->messages)) {
        drop(client);
    }
}

static void on_arrival(void *owner) {
    struct holder *holder = owner;
    int connection = accept4(holder->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
        add_client(holder, connection);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        holder_pause(holder); /* until the next look */
    }
}

void holder_init(struct holder *holder, struct event_base *base,
                 const struct metrics_memory *metrics, void (*on_join)(void *owner),
                 void (*on_asked)(void *owner), void *owner) {
    *holder = (struct holder){.base = base,
                              .metrics = metrics,
                              .on_join = on_join,
                              .on_asked = on_asked,
                              .owner = owner,
                              .listening = -1,
                              .memory = -1};
    TAILQ_INIT(&holder->clients);
}

bool holder_begin(struct holder *holder, int listening, int memory) {
    holder->listening = listening;
    holder->memory = memory;
    watch_init_descriptor(&holder->arrival, holder->base, listening, EV_READ, on_arrival, holder);
    return watch_start(&holder->arrival);
}

void holder_pause(struct holder *holder) {
    watch_stop(&holder->arrival);
}

static bool is_anybody(const struct holder_client *client) {
    (void)client;
    return true;
}

static bool is_reader(const struct holder_client *client) {
    return client->granted == HANDOUT_READ;
}

static bool is_silent(const struct holder_client *client) {
    return client->granted == 0 && clock_ms() - client->accepted_ms > ASK_WITHIN_MS;
}

static void drop_those(struct holder *holder, bool (*is_meant)(const struct holder_client *)) {
    struct holder_client *next;
    for (struct holder_client *client = TAILQ_FIRST(&holder->clients); client; client = next) {
        next = TAILQ_NEXT(client, next);
        if (is_meant(client)) {
            drop(client);
        }
    }
}

void holder_end(struct holder *holder) {
    holder_pause(holder);
    holder->listening = -1;
    drop_those(holder, is_anybody);
}

void holder_refuse_readers(struct holder *holder) {
    holder->refuses_readers = true;
    drop_those(holder, is_reader);
}

bool holder_has_members(const struct holder *holder) {
    const struct holder_client *client;
    TAILQ_FOREACH(client, &holder->clients, next) {
        if (client->granted == HANDOUT_JOIN) {
            return true;
        }
    }
    return false;
}

void holder_look(struct holder *holder) {
    /* It pauses while descriptors are short. */
    if (holder->listening >= 0 && !watch_start(&holder->arrival)) {
        return;
    }
    drop_those(holder, is_silent);
}
