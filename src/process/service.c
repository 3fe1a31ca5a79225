/* The service as the supervisor runs it. */
#include "process/service.h"

#include "ops/config_load.h"
#include "ops/error_text.h"
#include "pages/ring.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { STEADY_AFTER_MS = 1000 /* a worker that lived so long is replaced at once */ };

bool setup_prepare(struct setup *setup, char *error, size_t error_size) {
    setup->ring = -1;
    if (setup->config.cache_mb > 0) {
        setup->ring = ring_create(setup->config.cache_mb);
        if (setup->ring < 0) {
            return error_text(error, error_size, "QA_CACHE_MB: %s", strerror(errno));
        }
    }
    return true;
}

void setup_clear(struct setup *setup) {
    config_free(&setup->config);
    if (setup->ring >= 0) {
        close(setup->ring);
    }
    setup->ring = -1;
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
        .versions = service->shared_file.descriptor,
        .ring = setup->ring,
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
