/* The places for child processes. */
#include "process/places.h"

#include "ops/clock.h"
#include "ops/error_text.h"
#include "process/listener.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRST_BACKOFF_MS = 50,
    LONGEST_BACKOFF_MS = 1000,
    FREE_WITHIN_MS = 1000, /* an address that the admin process of a killed service still has */
    LOOK_EACH_MS = 20
};

static void on_time(void *owner) {
    const struct place *place = owner;
    struct places *places = place->places;
    places->on_restart(places->owner, (unsigned)(place - places->all));
}

void places_init(struct places *places, struct event_base *base, places_on_restart *on_restart,
                 void *owner) {
    places->on_restart = on_restart;
    places->owner = owner;
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        struct place *place = &places->all[i];
        place->places = places;
        place->inherited = -1;
        place->backoff =
            (struct backoff){.first_ms = FIRST_BACKOFF_MS, .limit_ms = LONGEST_BACKOFF_MS};
        timer_init(&place->restart, base, on_time, place);
    }
}

bool places_open(struct places *places, const char *listen, unsigned count, char *error,
                 size_t error_size) {
    for (unsigned i = 0; i < count; i++) {
        struct place *place = &places->all[i];
        if (place->is_open) {
            continue;
        }
        place->sockets[0] =
            place->inherited >= 0 ? place->inherited : listener_open(listen, i, error, error_size);
        if (place->sockets[0] < 0) {
            return false;
        }
        place->socket_count = 1;
        place->is_open = true;
    }
    return true;
}

static bool is_off(const char *listen) {
    return strcmp(listen, "off") == 0;
}

bool places_check_admin(const char *listen, char *error, size_t error_size) {
    char address[LISTENER_ADDRESS_SIZE];
    const char *rest = listen;
    unsigned count = 0;
    while (!is_off(listen) && listener_next(&rest, address)) {
        if (!listener_is_address(address)) {
            return error_text(error, error_size,
                              "QA_ADMIN_LISTEN must be off, or list addresses such as "
                              "unix:/run/qa/admin.sock or 127.0.0.1:8081, not '%s'",
                              address);
        }
        count++;
    }
    return count <= ADMIN_SOCKETS_MAX ||
           error_text(error, error_size, "QA_ADMIN_LISTEN may have %d addresses, not %u",
                      ADMIN_SOCKETS_MAX, count);
}

/* As listener_open_private(). */
static int open_when_free(const char *address, char *error, size_t error_size) {
    int64_t until_ms = clock_ms() + FREE_WITHIN_MS;
    int descriptor = listener_open_private(address, error, error_size);
    while (descriptor < 0 && clock_ms() < until_ms) {
        (void)poll(NULL, 0, LOOK_EACH_MS);
        descriptor = listener_open_private(address, error, error_size);
    }
    return descriptor;
}

bool places_open_admin(struct places *places, const char *listen, bool is_default,
                       const struct logger *logger, char *error, size_t error_size) {
    struct place *place = &places->all[PLACE_OF_ADMIN];
    char address[LISTENER_ADDRESS_SIZE];
    const char *rest = listen;
    while (!is_off(listen) && place->socket_count < ADMIN_SOCKETS_MAX &&
           listener_next(&rest, address)) {
        int descriptor = open_when_free(address, error, error_size);
        if (descriptor >= 0) {
            place->sockets[place->socket_count++] = descriptor;
            place->is_open = true;
        } else if (is_default) {
            log_write(logger, LOG_LEVEL_WARNING,
                      "the admin process does without an address; set QA_ADMIN_LISTEN", "{s:s}",
                      "reason", error);
        } else {
            char reason[256];
            (void)error_text(reason, sizeof reason, "%s", error);
            return error_text(error, error_size, "QA_ADMIN_LISTEN: %s", reason);
        }
    }
    return true;
}

static void close_place(struct place *place) {
    timer_stop(&place->restart);
    place->is_open = false;
    while (place->socket_count > 0) {
        int socket = place->sockets[--place->socket_count];
        if (socket != place->inherited) {
            listener_close(socket);
        }
    }
}

void places_open_validator(struct places *places, bool is_open) {
    struct place *place = &places->all[PLACE_OF_VALIDATOR];
    if (is_open) {
        place->is_open = true;
    } else {
        close_place(place);
    }
}

void places_close(struct places *places, unsigned first) {
    for (unsigned i = first; i < PLACES_MAX; i++) {
        close_place(&places->all[i]);
    }
}

bool place_inherit(struct places *places, unsigned index, int descriptor) {
    if (places->all[index].inherited >= 0) {
        close(descriptor);
        return false;
    }
    places->all[index].inherited = descriptor;
    return true;
}

unsigned places_count_own(const struct places *places, unsigned count) {
    unsigned own = 0;
    bool has_inherited = false;
    for (unsigned i = 0; i < PLACES_MAX; i++) {
        has_inherited = has_inherited || places->all[i].inherited >= 0;
        own += i < count && places->all[i].inherited < 0;
    }
    return has_inherited ? own : 0;
}

bool place_is_open(const struct places *places, unsigned index) {
    return places->all[index].is_open;
}

void place_restart_later(struct places *places, unsigned index) {
    struct place *place = &places->all[index];
    timer_start(&place->restart, backoff_next_ms(&place->backoff));
}

void place_forget_restart(struct places *places, unsigned index) {
    timer_stop(&places->all[index].restart);
}

void places_forget_restarts(struct places *places) {
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        place_forget_restart(places, i);
    }
}

void place_reset(struct places *places, unsigned index) {
    backoff_reset(&places->all[index].backoff);
}

void places_free(struct places *places) {
    for (unsigned i = 0; i < PLACE_COUNT; i++) {
        close_place(&places->all[i]);
    }
    for (unsigned i = 0; i < PLACES_MAX; i++) {
        if (places->all[i].inherited >= 0) {
            close(places->all[i].inherited);
        }
    }
}
