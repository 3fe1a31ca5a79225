/*
 * Sends HTTP requests at a constant rate, whatever becomes of them, and records each:
 *
 *   constant_rate PORT RATE SECONDS CONNECTIONS REQUESTS RESULTS
 *
 * The n-th request is due n / RATE seconds after the beginning. It goes out then, on an idle
 * keep-alive connection to 127.0.0.1:PORT or a new one; where all CONNECTIONS are busy it waits,
 * and that it waits shows in its record: nothing is omitted because answers are slow.
 *
 * REQUESTS is a sequence of "LENGTH KIND\n" and LENGTH bytes to be sent as they are; KIND is a
 * number that its record repeats. RESULTS is a struct header and a struct record for each request.
 *
 * Answers must have a Content-Length, or no body (204, 304).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HEAD_MAX = 8192,
    EVENTS_MAX = 512,
    LATE_NS = 100000000, /* for what was due, but is not sent, when the time is over */
    GRACE_S = 10,        /* for what is unanswered then */
    NOT_SENT = -1,
    NO_ANSWER = 0, /* a broken connection, an answer that is no HTTP, or too late */
};

struct header {
    int64_t began_ns; /* wall clock */
    int64_t count;
};

/* Times count from the beginning. */
struct record {
    int64_t due_ns;
    int64_t sent_ns;
    int64_t done_ns;
    int32_t status; /* of HTTP, or NOT_SENT, NO_ANSWER */
    int32_t kind;
};

struct connection {
    int fd;
    struct record *record; /* NULL: idle */
    const char *request;
    size_t request_length;
    char head[HEAD_MAX];
    size_t head_length;
    bool in_body;
    bool closes;
    size_t body_left;
    struct connection *next_idle;
};

static struct {
    struct sockaddr_in address;
    int epoll_fd;
    int64_t began_ns;
    struct connection *idle;
    size_t open;
    size_t busy;
} load;

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t elapsed_ns(void) {
    return clock_ns(CLOCK_MONOTONIC) - load.began_ns;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void finish(struct connection *connection, int status) {
    connection->record->done_ns = elapsed_ns();
    connection->record->status = status;
    connection->record = NULL;
    load.busy--;
}

static void drop(struct connection *connection) {
    if (connection->record) {
        finish(connection, NO_ANSWER);
    }
    for (struct connection **link = &load.idle; *link; link = &(*link)->next_idle) {
        if (*link == connection) {
            *link = connection->next_idle;
            break;
        }
    }
    close(connection->fd);
    free(connection);
    load.open--;
}

static void watch(struct connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(load.epoll_fd, operation, connection->fd, &event) != 0) {
        die("epoll_ctl");
    }
}

/* NULL: no more files, ports. */
static struct connection *open_connection(void) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        die("calloc");
    }
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->fd < 0) {
        die("socket");
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(connection->fd, (struct sockaddr *)&load.address, sizeof load.address) != 0 &&
        errno != EINPROGRESS) {
        die("connect");
    }
    load.open++;
    watch(connection, EPOLL_CTL_ADD, EPOLLOUT);
    return connection;
}

/* Requests are small: an idle connection takes one whole. */
static bool transmit(struct connection *connection) {
    size_t length = connection->request_length;
    return send(connection->fd, connection->request, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* The value of a header field, or NULL; the head ends with a NUL. */
static const char *field(const char *head, const char *name) {
    const char *at = strcasestr(head, name);
    return at ? at + strlen(name) : NULL;
}

static bool parse_head(struct connection *connection, const char *end) {
    int status;
    if (sscanf(connection->head, "HTTP/1.1 %3d", &status) != 1) {
        return false;
    }
    const char *length = field(connection->head, "\r\nContent-Length:");
    const char *closes = field(connection->head, "\r\nConnection: close");
    if (!length && status != 204 && status != 304) {
        return false;
    }
    size_t body = length && status != 304 ? strtoul(length, NULL, 10) : 0;
    size_t got = connection->head_length - (size_t)(end - connection->head);
    if (got > body) {
        return false;
    }
    connection->record->status = status;
    connection->in_body = true;
    connection->closes = closes != NULL;
    connection->body_left = body - got;
    return true;
}

/* False: the connection is of no use any more. */
static bool receive(struct connection *connection) {
    static char body[1 << 18];
    if (!connection->record) {
        return false; /* closed while idle */
    }
    ssize_t got;
    if (connection->in_body) {
        got = recv(connection->fd, body, sizeof body, 0);
    } else {
        got = recv(connection->fd, connection->head + connection->head_length,
                   HEAD_MAX - 1 - connection->head_length, 0);
    }
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    if (connection->in_body) {
        if ((size_t)got > connection->body_left) {
            return false;
        }
        connection->body_left -= (size_t)got;
    } else {
        connection->head_length += (size_t)got;
        connection->head[connection->head_length] = '\0';
        char *end = strstr(connection->head, "\r\n\r\n");
        if (!end) {
            return connection->head_length < HEAD_MAX - 1;
        }
        end[2] = '\0';
        if (!parse_head(connection, end + 4)) {
            return false;
        }
    }
    if (connection->body_left == 0) {
        finish(connection, connection->record->status);
        if (connection->closes) {
            return false;
        }
        connection->next_idle = load.idle;
        load.idle = connection;
    }
    return true;
}

static void on_event(struct connection *connection, uint32_t events) {
    bool fine = true;
    if (events & EPOLLOUT) { /* connected, or not */
        fine = !(events & (EPOLLERR | EPOLLHUP)) && transmit(connection);
        if (fine) {
            watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        }
    } else {
        fine = receive(connection);
    }
    if (!fine) {
        drop(connection);
    }
}

static void start(struct record *record, const char *request, size_t length) {
    struct connection *connection = load.idle;
    bool is_new = !connection;
    if (is_new) {
        connection = open_connection();
    } else {
        load.idle = connection->next_idle;
    }
    connection->record = record;
    connection->request = request;
    connection->request_length = length;
    connection->head_length = 0;
    connection->in_body = false;
    connection->body_left = 0;
    record->sent_ns = elapsed_ns();
    load.busy++;
    if (!is_new && !transmit(connection)) {
        drop(connection);
    }
}

static const char *map_file(const char *path, size_t *size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        die(path);
    }
    *size = (size_t)status.st_size;
    const char *data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (data == MAP_FAILED) {
        die(path);
    }
    close(fd);
    return data;
}

static void run(struct record *records, size_t count, double rate, double seconds, size_t most,
                const char *requests, size_t size) {
    const int64_t end_ns = (int64_t)(seconds * 1e9) + LATE_NS;
    const char *request = requests;
    size_t next = 0;
    for (;;) {
        int64_t now_ns = elapsed_ns();
        while (next < count && now_ns < end_ns && records[next].due_ns <= now_ns &&
               (load.idle || load.open < most)) {
            char *rest;
            size_t length = strtoul(request, &rest, 10);
            records[next].kind = (int32_t)strtol(rest, &rest, 10);
            request = rest + 1;
            if (request + length > requests + size) {
                fprintf(stderr, "fewer requests than rate and seconds ask for\n");
                exit(1);
            }
            start(&records[next], request, length);
            request += length;
            next++;
        }
        bool over = next == count || now_ns >= end_ns;
        if (over && (load.busy == 0 || now_ns > end_ns + (int64_t)GRACE_S * 1000000000)) {
            return;
        }
        int64_t wait_ns = over ? 100000000 : (int64_t)((double)next / rate * 1e9) - now_ns;
        wait_ns = wait_ns < 0 ? 1000000 : wait_ns; /* due, but all connections are busy */
        struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
        struct epoll_event events[EVENTS_MAX];
        int ready = epoll_pwait2(load.epoll_fd, events, EVENTS_MAX, &wait, NULL);
        for (int i = 0; i < ready; i++) {
            on_event(events[i].data.ptr, events[i].events);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: %s PORT RATE SECONDS CONNECTIONS REQUESTS RESULTS\n", argv[0]);
        return 2;
    }
    double rate = strtod(argv[2], NULL);
    double seconds = strtod(argv[3], NULL);
    size_t count = (size_t)(rate * seconds);
    size_t size;
    const char *requests = map_file(argv[5], &size);
    struct record *records = calloc(count, sizeof *records);
    FILE *results = fopen(argv[6], "wb");
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!records || !results || load.epoll_fd < 0) {
        die("start");
    }
    for (size_t i = 0; i < count; i++) {
        records[i].due_ns = (int64_t)((double)i / rate * 1e9);
        records[i].status = NOT_SENT;
    }
    load.address.sin_family = AF_INET;
    load.address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    load.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct header header = {clock_ns(CLOCK_REALTIME), (int64_t)count};
    load.began_ns = clock_ns(CLOCK_MONOTONIC);
    run(records, count, rate, seconds, strtoul(argv[4], NULL, 10), requests, size);
    for (size_t i = 0; i < count; i++) {
        if (records[i].sent_ns && !records[i].done_ns) {
            records[i].status = NO_ANSWER;
            records[i].done_ns = elapsed_ns();
        }
    }
    if (fwrite(&header, sizeof header, 1, results) != 1 ||
        fwrite(records, sizeof *records, count, results) != count || fclose(results) != 0) {
        die(argv[6]);
    }
    return 0;
}
