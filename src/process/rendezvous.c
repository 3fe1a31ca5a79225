/* How the supervisors of a host come to use one shared memory. */
#include "process/rendezvous.h"

#include "ops/error_text.h"
#include "pages/handout.h"
#include "pages/shared_memory.h"
#include "process/lock_file.h"
#include "process/trust.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPLY_WITHIN_MS = 250 };

/* Two descriptions of the file that the path names now. */
struct place {
    int lock;
    int presence;
    bool is_known; /* they are the rendezvous's own, and it has been present there ever since */
};

/* One line of what is in the way. */
struct obstacle {
    char *text;
    size_t size;
};

static enum rendezvous_result report(const struct obstacle *obstacle, enum rendezvous_result result,
                                     const char *reason) {
    (void)error_text(obstacle->text, obstacle->size, "QA_SHARED_FILE: %s", reason);
    return result;
}

void rendezvous_init(struct rendezvous *rendezvous, const char *path) {
    *rendezvous = (struct rendezvous){.path = strdup(path),
                                      .lock = -1,
                                      .presence = -1,
                                      .memory = -1,
                                      .listening = -1,
                                      .connection = -1};
}

static void close_one(int *descriptor) {
    if (*descriptor >= 0) {
        close(*descriptor);
    }
    *descriptor = -1;
}

static bool open_place(const struct rendezvous *rendezvous, struct place *place,
                       const struct obstacle *obstacle) {
    *place = (struct place){rendezvous->lock, rendezvous->presence, true};
    if (rendezvous->presence >= 0 &&
        lock_file_name(rendezvous->path, rendezvous->presence) == LOCK_FILE_NAMED) {
        return true;
    }
    bool is_newcomer = rendezvous->presence < 0;
    if (is_newcomer && !lock_file_make_folder(rendezvous->path, obstacle->text, obstacle->size)) {
        return false;
    }
    int lock = lock_file_make(rendezvous->path, obstacle->text, obstacle->size);
    if (lock < 0) {
        return false;
    }
    int presence = lock_file_open_again(lock);
    if (presence < 0) {
        (void)report(obstacle, RENDEZVOUS_FAILED, strerror(errno));
        close(lock);
        return false;
    }
    *place = (struct place){lock, presence, false};
    return true;
}

/* Closing a new place releases its locks; of a known one only the holder's, unless it was held. */
static void let_go(const struct rendezvous *rendezvous, const struct place *place) {
    if (!place->is_known) {
        close(place->lock);
        close(place->presence);
    } else if (!rendezvous_is_holder(rendezvous)) {
        lock_file_release(place->lock, LOCK_FILE_HOLDER);
    }
}

static void settle(struct rendezvous *rendezvous, const struct place *place) {
    if (!place->is_known) {
        close_one(&rendezvous->lock);
        close_one(&rendezvous->presence);
        rendezvous->lock = place->lock;
        rendezvous->presence = place->presence;
    }
}

/* Whether the socket's name is that of our own. */
static bool is_socket_ours(const struct rendezvous *rendezvous) {
    char path[PATH_MAX];
    struct stat named;
    return rendezvous->listening >= 0 && handout_socket_path(rendezvous->path, path) &&
           lstat(path, &named) == 0 && named.st_dev == rendezvous->socket_device &&
           named.st_ino == rendezvous->socket_inode;
}

/* There is one although the file at the path is new when that was removed or replaced. */
static bool another_holder_listens(const struct rendezvous *rendezvous) {
    if (is_socket_ours(rendezvous)) {
        return false;
    }
    int connection = handout_connect(rendezvous->path);
    bool listens = connection >= 0 || errno == EAGAIN;
    if (connection >= 0) {
        close(connection);
    }
    return listens;
}

static enum rendezvous_result listen_there(struct rendezvous *rendezvous,
                                           const struct obstacle *obstacle) {
    if (is_socket_ours(rendezvous)) {
        return RENDEZVOUS_HOLDER;
    }
    int listening = handout_listen(rendezvous->path);
    char path[PATH_MAX];
    struct stat named;
    if (listening < 0 || !handout_socket_path(rendezvous->path, path) || lstat(path, &named) != 0) {
        (void)error_text(obstacle->text, obstacle->size,
                         "QA_SHARED_FILE: cannot listen on '%s.sock': %s", rendezvous->path,
                         strerror(errno));
        close_one(&listening);
        return RENDEZVOUS_FAILED;
    }
    close_one(&rendezvous->listening);
    rendezvous->listening = listening;
    rendezvous->socket_device = named.st_dev;
    rendezvous->socket_inode = named.st_ino;
    return RENDEZVOUS_HOLDER;
}

/* With the holder's lock. */
static enum rendezvous_result hold(struct rendezvous *rendezvous, const struct place *place,
                                   size_t ring_megabytes, const struct obstacle *obstacle) {
    if (!place->is_known) {
        if (!lock_file_take(place->presence, LOCK_FILE_PRESENCE, LOCK_FILE_EXCLUSIVE)) {
            return report(obstacle, RENDEZVOUS_WAIT,
                          "workers of a service that has ended still use the shared memory");
        }
        if (another_holder_listens(rendezvous)) {
            return report(obstacle, RENDEZVOUS_WAIT,
                          "the file was replaced, and the service that used it does not respond");
        }
        if (!lock_file_take(place->presence, LOCK_FILE_PRESENCE, LOCK_FILE_SHARED)) {
            return report(obstacle, RENDEZVOUS_WAIT, strerror(errno));
        }
    }
    bool is_first = rendezvous->memory < 0;
    if (is_first) {
        rendezvous->memory = shared_memory_create(ring_megabytes);
    }
    if (rendezvous->memory < 0) {
        (void)error_text(obstacle->text, obstacle->size, "QA_CACHE_MB: %s", strerror(errno));
        return RENDEZVOUS_FAILED;
    }
    enum rendezvous_result result = listen_there(rendezvous, obstacle);
    if (result == RENDEZVOUS_HOLDER) {
        lock_file_sign(place->lock);
        close_one(&rendezvous->connection);
    } else if (is_first) {
        close_one(&rendezvous->memory);
    }
    return result;
}

/* What a reply means. `received` is kept, or closed. */
static enum rendezvous_result take(struct rendezvous *rendezvous, enum handout_result reply,
                                   int received, const struct obstacle *obstacle) {
    switch (reply) {
    case HANDOUT_GRANTED:
        if (rendezvous->memory < 0) {
            rendezvous->memory = received;
            return RENDEZVOUS_MEMBER;
        }
        bool is_same = shared_memory_is_same(rendezvous->memory, received);
        close(received);
        return is_same ? RENDEZVOUS_MEMBER
                       : report(obstacle, RENDEZVOUS_APART, "other services share another memory");
    case HANDOUT_REFUSED:
        return report(obstacle, RENDEZVOUS_FAILED,
                      "the service that holds the shared memory runs as another user");
    case HANDOUT_OTHER_LAYOUT:
        return report(obstacle, RENDEZVOUS_FAILED,
                      "a service of another version of the program uses the file; stop it first");
    case HANDOUT_NOTHING_YET:
        return report(obstacle, RENDEZVOUS_WAIT,
                      "the service that holds the shared memory does not respond");
    case HANDOUT_ENDED:
        break;
    }
    return report(obstacle, RENDEZVOUS_WAIT, "the service that holds the shared memory has ended");
}

static enum rendezvous_result ask(struct rendezvous *rendezvous, const struct place *place,
                                  int connection, const struct obstacle *obstacle) {
    if (!trust_is_holder(connection, place->lock)) {
        return report(obstacle, RENDEZVOUS_FAILED, "another user listens there");
    }
    /* From here on whoever gets the holder's lock sees that somebody is present. */
    if (!place->is_known &&
        !lock_file_take(place->presence, LOCK_FILE_PRESENCE, LOCK_FILE_SHARED)) {
        return report(obstacle, RENDEZVOUS_WAIT, "another service is just starting");
    }
    int received = -1;
    struct pollfd wanted = {.fd = connection, .events = POLLIN};
    if (!handout_ask(connection, HANDOUT_JOIN) || poll(&wanted, 1, REPLY_WITHIN_MS) < 0) {
        return take(rendezvous, HANDOUT_ENDED, received, obstacle);
    }
    enum handout_result reply = handout_receive(connection, &received);
    return take(rendezvous, reply, received, obstacle);
}

/* While somebody else has the holder's lock. */
static enum rendezvous_result join(struct rendezvous *rendezvous, const struct place *place,
                                   const struct obstacle *obstacle) {
    if (is_socket_ours(rendezvous)) {
        return report(obstacle, RENDEZVOUS_WAIT, "another service is just starting");
    }
    int connection = handout_connect(rendezvous->path);
    if (connection < 0) {
        bool is_early = errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN;
        (void)error_text(obstacle->text, obstacle->size,
                         "QA_SHARED_FILE: cannot connect to '%s.sock': %s", rendezvous->path,
                         strerror(errno));
        return is_early ? RENDEZVOUS_WAIT : RENDEZVOUS_FAILED;
    }
    enum rendezvous_result result = ask(rendezvous, place, connection, obstacle);
    if (result != RENDEZVOUS_MEMBER) {
        close(connection);
        return result;
    }
    close_one(&rendezvous->connection);
    close_one(&rendezvous->listening);
    rendezvous->connection = connection;
    return result;
}

enum rendezvous_result rendezvous_meet(struct rendezvous *rendezvous, size_t ring_megabytes,
                                       char *error, size_t error_size) {
    const struct obstacle obstacle = {error, error_size};
    struct place place;
    if (rendezvous->connection >= 0 && handout_has_ended(rendezvous->connection)) {
        close_one(&rendezvous->connection);
    }
    if (!rendezvous->path) {
        return report(&obstacle, RENDEZVOUS_FAILED, "out of memory");
    }
    if (!open_place(rendezvous, &place, &obstacle)) {
        return RENDEZVOUS_FAILED;
    }
    enum rendezvous_result result =
        lock_file_take(place.lock, LOCK_FILE_HOLDER, LOCK_FILE_EXCLUSIVE)
            ? hold(rendezvous, &place, ring_megabytes, &obstacle)
            : join(rendezvous, &place, &obstacle);
    if (result == RENDEZVOUS_HOLDER || result == RENDEZVOUS_MEMBER) {
        settle(rendezvous, &place);
    } else {
        let_go(rendezvous, &place);
    }
    return result;
}

bool rendezvous_is_holder(const struct rendezvous *rendezvous) {
    return rendezvous->listening >= 0;
}

bool rendezvous_is_intact(const struct rendezvous *rendezvous) {
    enum lock_file_name name = lock_file_name(rendezvous->path, rendezvous->presence);
    if (rendezvous_is_holder(rendezvous)) {
        return name == LOCK_FILE_NAMED && is_socket_ours(rendezvous);
    }
    /* Where the file was removed, the holder makes it anew. */
    return name != LOCK_FILE_REPLACED && rendezvous->connection >= 0 &&
           !handout_has_ended(rendezvous->connection);
}

void rendezvous_lose_holder(struct rendezvous *rendezvous) {
    close_one(&rendezvous->connection);
}

void rendezvous_step_down(struct rendezvous *rendezvous) {
    if (!rendezvous_is_holder(rendezvous)) {
        return;
    }
    char path[PATH_MAX];
    if (is_socket_ours(rendezvous) && handout_socket_path(rendezvous->path, path)) {
        (void)unlink(path);
    }
    close_one(&rendezvous->listening);
    lock_file_release(rendezvous->lock, LOCK_FILE_HOLDER);
}

void rendezvous_close(struct rendezvous *rendezvous) {
    rendezvous_step_down(rendezvous);
    close_one(&rendezvous->connection);
    close_one(&rendezvous->lock);
    close_one(&rendezvous->presence);
    close_one(&rendezvous->memory);
    free(rendezvous->path);
    rendezvous->path = NULL;
}
