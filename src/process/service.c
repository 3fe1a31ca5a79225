/* The service as the supervisor runs it. */
#include "process/service.h"

#include "ops/config_load.h"

enum { STEADY_AFTER_MS = 1000 /* a worker that lived so long is replaced at once */ };

void setup_clear(struct setup *setup) {
    config_free(&setup->config);
    setup->edition = 0;
}

bool service_open_places(struct service *service, const struct setup *setup, char *error,
                         size_t error_size) {
    return places_open(&service->places, setup->config.listen, setup->config.workers, error,
                       error_size);
}

bool service_start_worker(struct service *service, const struct setup *setup, unsigned index) {
    const struct spawn spawn = {
        .program = service->program,
        .config = &setup->config,
        .identity.index = (int)index,
        .socket = service->places.all[index].socket,
        .memory = service->member.rendezvous.memory,
        .presence = service->member.rendezvous.presence,
    };
    return children_start(&service->children, &spawn, setup->generation);
}

void service_keep_worker(struct service *service, unsigned index) {
    if (!service_start_worker(service, &service->current, index)) {
        place_restart_later(&service->places, index);
    }
}

void service_replace_worker(struct service *service, const struct child_exit *dead) {
    if (!place_is_open(&service->places, dead->index)) {
        return;
    }
    if (dead->lived_ms < STEADY_AFTER_MS) {
        place_restart_later(&service->places, dead->index);
        return;
    }
    place_reset(&service->places, dead->index);
    service_keep_worker(service, dead->index);
}
