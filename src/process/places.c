/* The places for workers. */
#include "process/places.h"

#include "process/listener.h"

enum { FIRST_BACKOFF_MS = 50, LONGEST_BACKOFF_MS = 1000 };

static void on_time(void *owner) {
    const struct place *place = owner;
    struct places *places = place->places;
    if (place->socket >= 0) {
        places->on_restart(places->owner, (unsigned)(place - places->all));
    }
}

void places_init(struct places *places, struct event_base *base, places_on_restart *on_restart,
                 void *owner) {
    places->on_restart = on_restart;
    places->owner = owner;
    for (unsigned i = 0; i < PLACES_MAX; i++) {
        struct place *place = &places->all[i];
        place->places = places;
        place->socket = -1;
        place->backoff =
            (struct backoff){.first_ms = FIRST_BACKOFF_MS, .limit_ms = LONGEST_BACKOFF_MS};
        timer_init(&place->restart, base, on_time, place);
    }
}

bool places_open(struct places *places, const char *listen, unsigned count, char *error,
                 size_t error_size) {
    for (unsigned i = 0; i < count; i++) {
        struct place *place = &places->all[i];
        if (place->socket < 0) {
            place->socket = listener_open(listen, i, error, error_size);
        }
        if (place->socket < 0) {
            return false;
        }
    }
    return true;
}

void places_close(struct places *places, unsigned first) {
    for (unsigned i = first; i < PLACES_MAX; i++) {
        struct place *place = &places->all[i];
        if (place->socket >= 0) {
            listener_close(place->socket);
            place->socket = -1;
        }
    }
}

bool place_is_open(const struct places *places, unsigned index) {
    return places->all[index].socket >= 0;
}

void place_restart_later(struct places *places, unsigned index) {
    struct place *place = &places->all[index];
    timer_start(&place->restart, backoff_next_ms(&place->backoff));
}

void place_reset(struct places *places, unsigned index) {
    backoff_reset(&places->all[index].backoff);
}

void places_free(struct places *places) {
    for (unsigned i = 0; i < PLACES_MAX; i++) {
        timer_stop(&places->all[i].restart);
    }
    places_close(places, 0);
}
