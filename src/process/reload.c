/* A reload. */
#include "process/reload.h"

#include "ops/config_load.h"
#include "ops/error_text.h"

#include <string.h>

/* Old and new workers serve side by side for a while. */
static bool can_follow(const struct config *current, const struct config *next, char *error,
                       size_t error_size) {
    static const char message[] = "%s cannot change while the service runs";
    if (strcmp(next->listen, current->listen) != 0) {
        return error_text(error, error_size, message, "QA_LISTEN");
    }
    /* What is by default may follow from settings of others. */
    bool both_default = next->admin_listen_is_default && current->admin_listen_is_default;
    if (!both_default && strcmp(next->admin_listen, current->admin_listen) != 0) {
        return error_text(error, error_size, message, "QA_ADMIN_LISTEN");
    }
    if (strcmp(next->log_file, current->log_file) != 0) {
        return error_text(error, error_size, message, "QA_LOG_FILE");
    }
    return strcmp(next->shared_file, current->shared_file) == 0 ||
           error_text(error, error_size, message, "QA_SHARED_FILE");
}

bool reload_start(struct service *service, const struct reload_source *source, char *error,
                  size_t error_size) {
    struct setup *next = &service->next;
    next->generation++;
    if (config_load(&next->config, source->argc, source->argv, error, error_size) != CONFIG_OK ||
        !can_follow(&service->current.config, &next->config, error, error_size) ||
        !source->check(&next->config, error, error_size) ||
        !service_open_places(service, next, error, error_size)) {
        return false;
    }
    member_tell_size(&service->member, next->config.cache_mb);
    if (!service_start_validator(service, next)) {
        return error_text(error, error_size, "the validator cannot be started");
    }
    for (unsigned i = 0; i < next->config.workers; i++) {
        if (!service_start_worker(service, next, i)) {
            return error_text(error, error_size, "a worker cannot be started");
        }
    }
    return true;
}

bool reload_is_ready(const struct service *service) {
    return children_count_ready(&service->children, service->next.generation) ==
           service->next.config.workers;
}

void reload_complete(struct service *service) {
    children_drain_others(&service->children, service->next.generation,
                          service->current.config.drain_timeout_ms);
    setup_clear(&service->current);
    service->current = service->next;
    service->next = (struct setup){.generation = service->current.generation};
    member_set_edition(&service->member, service->current.edition);
    member_empty_cache(&service->member);
    service->logger.level = service->current.config.log_level;
    places_close(&service->places, service->current.config.workers);
    /* Of a generation that drains, in places that the new one has taken. */
    places_forget_restarts(&service->places);
    service_expect_validator(service);
    service_keep(service, PLACE_OF_ADMIN); /* the one before has been told to drain */
    metrics_add(&metrics_memory_service(&service->metrics)->reloads[METRICS_SUCCEEDED], 1);
    log_write(&service->logger, LOG_LEVEL_INFO, "reloaded", NULL);
}

void reload_abandon(struct service *service, const char *reason) {
    metrics_add(&metrics_memory_service(&service->metrics)->reloads[METRICS_FAILED], 1);
    log_write(&service->logger, LOG_LEVEL_ERROR,
              "the reload failed; the old workers and settings stay", "{s:s}", "reason", reason);
    children_drain(&service->children, service->next.generation,
                   service->current.config.drain_timeout_ms);
    places_close(&service->places, service->current.config.workers);
    setup_clear(&service->next);
}
