/*
 * The rendezvous: how the supervisors of a host come to use one shared memory, whoever of them
 * starts, ends or dies when.
 *
 *   - The holder has the exclusive lock on QA_SHARED_FILE (process/lock_file.h). It listens and
 *     hands the memory out (pages/handout.h).
 *   - All others are members, with a connection to the holder. When that ends, each tries to become
 *     the holder.
 *   - Who uses the memory writably is present: it has the other lock, shared. A newcomer that gets
 *     the holder's lock makes a new memory only if nobody is present; else one of those present
 *     becomes the holder. A newcomer that asks a holder is present before it asks: so while it is
 *     not, no reply counts.
 *
 * docs/decisions/054-shared-memory.md goes through the orders in which processes may die.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct rendezvous {
    char *path; /* owned */
    /* Two descriptions of the file that was found there; -1: none yet. */
    int lock;
    int presence;   /* to be inherited by the workers */
    int memory;     /* descriptor of the shared memory; -1: none yet */
    int listening;  /* of the holder; else -1 */
    int connection; /* of a member, to the holder; else -1 */
    dev_t socket_device;
    ino_t socket_inode; /* what the name of the listening socket was given to */
};

enum rendezvous_result {
    RENDEZVOUS_HOLDER,
    RENDEZVOUS_MEMBER,
    RENDEZVOUS_WAIT,  /* not now: to be tried again soon */
    RENDEZVOUS_APART, /* others have found each other there with another memory */
    RENDEZVOUS_FAILED
};

void rendezvous_init(struct rendezvous *rendezvous, const char *path);

/* Becomes holder or member, at the start or when rendezvous_is_intact() no longer; takes a quarter
 * of a second at most. The first holder makes a memory with so many megabytes for pages. On the
 * other results all is as it was, with one line in `error`. */
__attribute__((warn_unused_result)) enum rendezvous_result
rendezvous_meet(struct rendezvous *rendezvous, size_t ring_megabytes, char *error,
                size_t error_size);

bool rendezvous_is_holder(const struct rendezvous *rendezvous);

/* Whether others find file and socket, and a member its holder. */
bool rendezvous_is_intact(const struct rendezvous *rendezvous);

/* Of a member: the connection has ended. */
void rendezvous_lose_holder(struct rendezvous *rendezvous);

/* The holder is none any more; it stays present. */
void rendezvous_step_down(struct rendezvous *rendezvous);

/* Closes all. */
void rendezvous_close(struct rendezvous *rendezvous);
