/*
 * A client: one connection, on which it reads pages, checks them, and now and then writes. All
 * clients look at the same few places, mostly at the one that was written to last.
 */
#pragma once

#include "http.h"
#include "ledger.h"

struct counts {
    uint64_t reads;        /* pages that were checked */
    uint64_t confirmed;    /* of these, by a 304 */
    uint64_t compressed;   /* of these, with gzip */
    uint64_t acknowledged; /* writes */
    uint64_t refused;      /* writes that were not applied */
    uint64_t unknown;      /* writes that may have been applied */
    uint64_t failed;       /* reads that got no page */
    uint64_t stale;
    uint64_t wrong;
};

/* What all clients share. */
struct checker {
    struct ledger ledger;
    struct counts counts;
    uint64_t random;
    unsigned reads_per_write;
    int64_t rest_ms; /* of a client, after each request */
    bool has_faults; /* requests may fail, and clients go away without waiting */
    bool is_ending;  /* no request begins any more */
    size_t busy;     /* requests under way */
    int epoll;
    int64_t now_ms;
};

/* A request under way. */
struct work {
    enum { WORK_NONE, WORK_READ, WORK_VOTE, WORK_POST, WORK_REPORT } type;
    struct place *place;
    struct slot *slot; /* of a write */
    int64_t id;        /* of what it changes; the slot may hold another by the time it ends */
    enum list list;    /* of a read */
    size_t most;
    bool asks_for_change; /* If-None-Match */
    struct expectation expectation;
};

/* The last page that a client has read, with its tag. */
struct remembered {
    struct place *place;
    int64_t product; /* the place may have another by now */
    enum list list;
    size_t most;
    char tag[HTTP_TAG_SIZE];
    struct page page;
};

struct client {
    struct checker *checker;
    const char *name; /* of the address */
    const struct http_address *address;
    struct http_connection connection;
    struct work work;
    struct place *reads_back; /* where it has written */
    struct remembered remembered;
    int64_t since_ms;       /* of the request */
    int64_t rests_until_ms; /* after a failure */
};

/* The connection has something to say. */
void client_on_event(struct client *client);

/* To be called often: it begins a request where there is none, and ends one that takes too long. */
void client_on_tick(struct client *client);
