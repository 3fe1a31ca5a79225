/*
 * How the shared memory (pages/shared_memory.h) is handed out: its holder listens on a Unix socket
 * beside QA_SHARED_FILE, and whoever wants to use the memory connects, asks, and receives a
 * descriptor of it. Each message is one packet.
 *
 * The connection then stays open, and the holder says nothing more: its end means that the holder
 * has gone. A reader unmaps the memory then, and asks again later.
 *
 * Nothing here waits, allocates or logs: it is used inside NGINX as well.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum handout_wish {
    HANDOUT_READ = 1,    /* the descriptor is read-only; for everybody who may connect */
    HANDOUT_CHANGE,      /* for a command that raises the epoch; of the holder's user, or root */
    HANDOUT_JOIN,        /* for a service; likewise */
    HANDOUT_CHANGE_PAGES /* for a command that raises the versions of some pages; likewise */
};

enum handout_result {
    HANDOUT_GRANTED = 1,
    HANDOUT_REFUSED,      /* to this user, or since the holder is stopping */
    HANDOUT_OTHER_LAYOUT, /* the holder is of another version of the program */
    HANDOUT_NOTHING_YET,  /* no reply has come */
    HANDOUT_ENDED         /* the holder has gone, or sends what is no reply */
};

/* Where the socket is. False with ENAMETOOLONG. */
__attribute__((warn_unused_result)) bool handout_socket_path(const char *shared_file,
                                                             char path[PATH_MAX]);

/* The user at the other end of a connection; (uid_t)-1 where that cannot be told. */
uid_t handout_peer(int connection);

/* ---- Who asks ---- */

/* A connection, non-blocking and closed on exec, made at once; or -1 with errno: ENOENT or
 * ECONNREFUSED where nobody listens, EAGAIN where too many wait. */
__attribute__((warn_unused_result)) int handout_connect(const char *shared_file);

/* Once for each connection. False with errno. */
__attribute__((warn_unused_result)) bool handout_ask(int connection, enum handout_wish wish);

/* The reply. With HANDOUT_GRANTED *descriptor is the caller's, closed on exec; else it is -1. */
__attribute__((warn_unused_result)) enum handout_result handout_receive(int connection,
                                                                        int *descriptor);

/* Whether the holder has gone, or says more than its reply; after that. */
bool handout_has_ended(int connection);

/* What a reader counts: for each list (enum subject, pages/versions.h) the pages that it responded
 * with, by status, and then for each list those that it did not find. */
enum {
    HANDOUT_LISTS = 2,
    HANDOUT_HITS = 2 * HANDOUT_LISTS,
    HANDOUT_COUNTS = HANDOUT_HITS + HANDOUT_LISTS
};

static inline unsigned handout_hit(int64_t list, bool is_not_modified) {
    return (unsigned)list * 2 + is_not_modified;
}

static inline unsigned handout_miss(int64_t list) {
    return HANDOUT_HITS + (unsigned)list;
}

/* Of a reader: how many there were of a count since it last told. False when that cannot be sent
 * now; then it is to be added to what is told the next time. */
__attribute__((warn_unused_result)) bool handout_tell_count(int connection, unsigned count,
                                                            uint64_t number);

/* ---- The holder ---- */

/* A listening socket, non-blocking and closed on exec, in place of what has its name; for
 * everybody who may come near. -1 with errno. */
__attribute__((warn_unused_result)) int handout_listen(const char *shared_file);

enum handout_heard {
    HANDOUT_HEARD_NOTHING, /* yet */
    HANDOUT_HEARD_WISH,
    HANDOUT_HEARD_COUNT,
    HANDOUT_HEARD_END /* it has gone, or sends what is no message */
};

struct handout_message {
    enum handout_wish wish;  /* HANDOUT_HEARD_WISH */
    bool is_of_other_layout; /* likewise: the wish is not to be granted */
    uint64_t count, number;  /* HANDOUT_HEARD_COUNT; a count may be of a later version */
};

/* The next message of a connection that was accepted. */
__attribute__((warn_unused_result)) enum handout_heard
handout_hear(int connection, struct handout_message *message);

/* Replies to a wish; `descriptor`, which stays the caller's, goes with HANDOUT_GRANTED, else it is
 * -1. False with errno. */
__attribute__((warn_unused_result)) bool handout_reply(int connection, enum handout_result result,
                                                       int descriptor);
