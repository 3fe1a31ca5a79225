/* The connection to the supervisor, and the memory that comes over it. */
#include "memory.h"

#include <errno.h>
#include <unistd.h>

enum { TICK_MS = 1000 };

static void arm(struct qa_pages_memory *memory) {
    if (!memory->timer.timer_set) {
        ngx_add_timer(&memory->timer, TICK_MS);
    }
}

static void tell_counts(struct qa_pages_memory *memory) {
    for (unsigned count = 0; count < HANDOUT_COUNTS; count++) {
        if (memory->counts[count] != 0 &&
            handout_tell_count(memory->connection->fd, count, memory->counts[count])) {
            memory->counts[count] = 0;
        }
    }
}

/* The log has what a person is to look after; that a service is not there the proxy tells. `error`
 * is an errno, or 0. */
static void complain(struct qa_pages_memory *memory, const char *reason, ngx_err_t error) {
    if (!memory->has_complained) {
        ngx_log_error(NGX_LOG_ERR, memory->log, error, "no pages from \"%s\": %s",
                      memory->shared_file, reason);
    }
    memory->has_complained = true;
}

static void disconnect(struct qa_pages_memory *memory) {
    shared_memory_unmap(&memory->shared);
    memory->is_mapped = memory->has_ring = false;
    if (memory->connection) {
        ngx_close_connection(memory->connection);
        memory->connection = NULL;
    }
}

static bool map(struct qa_pages_memory *memory, int descriptor) {
    memory->is_mapped = shared_memory_map(&memory->shared, descriptor, SHARED_MEMORY_READ);
    close(descriptor); /* the mapping stays */
    if (!memory->is_mapped) {
        complain(memory, "the memory is not of this version, or cannot be mapped", 0);
        return false;
    }
    memory->has_ring = shared_memory_ring(&memory->shared, &memory->ring);
    memory->has_complained = false;
    return true;
}

/* False when the connection is of no more use. */
static bool hear(struct qa_pages_memory *memory) {
    if (memory->is_mapped) {
        return !handout_has_ended(memory->connection->fd);
    }
    int descriptor;
    switch (handout_receive(memory->connection->fd, &descriptor)) {
    case HANDOUT_GRANTED:
        return map(memory, descriptor) && !handout_has_ended(memory->connection->fd);
    case HANDOUT_NOTHING_YET:
        return true;
    case HANDOUT_OTHER_LAYOUT:
        complain(memory, "the service is of another version than this NGINX; restart NGINX", 0);
        return false;
    case HANDOUT_REFUSED:
    case HANDOUT_ENDED:
        break;
    }
    return false;
}

/* Also called by NGINX when the process is about to end, with `close` set. */
static void on_message(ngx_event_t *event) {
    ngx_connection_t *connection = event->data;
    struct qa_pages_memory *memory = connection->data;
    if (connection->close) {
        qa_pages_memory_end(memory);
    } else if (!hear(memory)) {
        disconnect(memory);
        arm(memory);
    }
}

static void on_nothing(ngx_event_t *event) {
    (void)event;
}

static bool is_service_away(int reason) {
    return reason == ENOENT || reason == ECONNREFUSED || reason == EAGAIN;
}

/* NULL when there is no socket, or no free connection. */
static ngx_connection_t *make_connection(struct qa_pages_memory *memory) {
    ngx_log_t *log = memory->log;
    int descriptor = handout_connect(memory->shared_file);
    if (descriptor < 0) {
        if (!is_service_away(errno)) {
            complain(memory, "cannot connect", errno);
        }
        return NULL;
    }
    ngx_connection_t *connection = ngx_get_connection(descriptor, log);
    if (!connection) {
        close(descriptor);
        return NULL;
    }
    connection->log = connection->read->log = connection->write->log = log;
    connection->read->handler = on_message;
    connection->write->handler = on_nothing;
    connection->idle = 1; /* to be told, by `close`, when the process is about to end */
    return connection;
}

static void connect_again(struct qa_pages_memory *memory) {
    memory->connection = make_connection(memory);
    if (!memory->connection) {
        arm(memory);
        return;
    }
    memory->connection->data = memory;
    if (ngx_handle_read_event(memory->connection->read, 0) != NGX_OK ||
        !handout_ask(memory->connection->fd, HANDOUT_READ)) {
        disconnect(memory);
        arm(memory);
    }
}

static void on_tick(ngx_event_t *event) {
    struct qa_pages_memory *memory = ((ngx_connection_t *)event->data)->data;
    if (memory->connection) {
        tell_counts(memory);
    } else {
        connect_again(memory);
    }
}

void qa_pages_memory_begin(struct qa_pages_memory *memory, const char *shared_file,
                           ngx_log_t *log) {
    memory->shared_file = shared_file;
    memory->log = log;
    memory->timer_data = (ngx_connection_t){.data = memory, .fd = -1};
    memory->timer.handler = on_tick;
    memory->timer.data = &memory->timer_data; /* NGINX logs its `fd` */
    memory->timer.log = log;
    memory->timer.cancelable = 1; /* the process need not wait for it to end */
    connect_again(memory);
}

void qa_pages_memory_end(struct qa_pages_memory *memory) {
    if (memory->connection) {
        tell_counts(memory);
    }
    disconnect(memory);
    if (memory->timer.timer_set) {
        ngx_del_timer(&memory->timer);
    }
}

bool qa_pages_memory_is_handed_out(const struct qa_pages_memory *memory) {
    return !handout_has_ended(memory->connection->fd);
}

void qa_pages_memory_count(struct qa_pages_memory *memory, unsigned count) {
    memory->counts[count]++;
    arm(memory);
}
