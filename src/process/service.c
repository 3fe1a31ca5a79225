/* The service as the supervisor runs it. */
#include "process/service.h"

#include "ops/config_load.h"
#include "ops/config_report.h"
#include "ops/write_all.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STEADY_AFTER_MS = 1000 /* a process that lived so long is replaced at once */ };

void setup_clear(struct setup *setup) {
    config_free(&setup->config);
    setup->edition = 0;
}

bool service_open_places(struct service *service, const struct setup *setup, char *error,
                         size_t error_size) {
    return places_open(&service->places, setup->config.listen, setup->config.workers, error,
                       error_size);
}

static bool start(struct service *service, const struct setup *setup, enum child_role role,
                  unsigned index, int socket) {
    const struct spawn spawn = {
        .program = service->program,
        .role = role,
        .config = &setup->config,
        .identity = {.index = (int)index, .follows = setup == &service->next},
        .socket = socket,
        .memory = service->member.rendezvous.memory,
        .presence = service->member.rendezvous.presence,
    };
    return children_start(&service->children, &spawn, setup->generation);
}

bool service_start_worker(struct service *service, const struct setup *setup, unsigned index) {
    return start(service, setup, CHILD_WORKER, index, service->places.all[index].sockets[0]);
}

static bool has_validator(const struct setup *setup) {
    return setup->config.lease_ms > 0 && setup->config.cache_mb > 0;
}

void service_expect_validator(struct service *service) {
    bool is_expected = has_validator(&service->current);
    places_open_validator(&service->places, is_expected);
    member_expect_rounds(&service->member, is_expected);
}

bool service_start_validator(struct service *service, const struct setup *setup) {
    return !has_validator(setup) || start(service, setup, CHILD_VALIDATOR, 0, -1);
}

/* A file without a name that holds the settings as a document; -1: there is none. */
static int file_of_report(const struct config *config) {
    char *text = config_report(config);
    int descriptor = text ? memfd_create("atelier-qa-settings", MFD_CLOEXEC) : -1;
    if (descriptor >= 0 && !write_all(descriptor, text, strlen(text))) {
        close(descriptor);
        descriptor = -1;
    }
    free(text);
    return descriptor;
}

static bool start_admin(struct service *service) {
    const struct place *place = &service->places.all[PLACE_OF_ADMIN];
    int report = file_of_report(&service->current.config);
    const struct spawn spawn = {
        .program = service->program,
        .role = CHILD_ADMIN,
        .config = &service->current.config,
        .memory = service->member.rendezvous.memory,
        .overview = service->publisher.descriptor,
        .report = report,
        .sockets = place->sockets,
        .socket_count = place->socket_count,
    };
    bool ok = children_start(&service->children, &spawn, service->current.generation);
    if (report >= 0) {
        close(report);
    }
    return ok;
}

void service_keep(struct service *service, unsigned place) {
    if (!place_is_open(&service->places, place)) {
        return;
    }
    place_forget_restart(&service->places, place);
    bool ok = place == PLACE_OF_ADMIN ? start_admin(service)
              : place == PLACE_OF_VALIDATOR
                  ? service_start_validator(service, &service->current)
                  : service_start_worker(service, &service->current, place);
    if (!ok) {
        place_restart_later(&service->places, place);
    }
}

void service_replace(struct service *service, const struct child_exit *dead) {
    unsigned place = dead->role == CHILD_ADMIN       ? PLACE_OF_ADMIN
                     : dead->role == CHILD_VALIDATOR ? PLACE_OF_VALIDATOR
                                                     : dead->index;
    if (dead->lived_ms < STEADY_AFTER_MS && place_is_open(&service->places, place)) {
        place_restart_later(&service->places, place);
        return;
    }
    place_reset(&service->places, place);
    service_keep(service, place);
}
