/*
 * The service as the supervisor runs it: sockets, workers, the validator, the admin process, and
 * the settings of the generation of workers that serves and, during a reload, of the next one
 * beside it.
 */
#pragma once

#include "ops/config.h"
#include "process/children.h"
#include "process/member.h"
#include "process/places.h"
#include "process/publish.h"

/* What the workers of one generation have in common. */
struct setup {
    unsigned generation; /* from 1 */
    struct config config;
    uint64_t edition; /* of the pages that they make; 0 until the first is ready */
};

struct service {
    const char *program;
    struct logger logger;
    struct metrics_memory metrics;
    struct children children;
    struct places places;
    struct member member;
    struct publisher publisher;
    struct setup current;
    struct setup next; /* during a reload; `generation` is the last that was tried */
};

/* Releases all but the number of the generation. */
void setup_clear(struct setup *setup);

/* Opens the sockets that the workers of a generation need. False with one line in `error`. */
__attribute__((warn_unused_result)) bool service_open_places(struct service *service,
                                                             const struct setup *setup, char *error,
                                                             size_t error_size);

/* Starts a worker of a generation at a place that is open. What fails is logged. */
__attribute__((warn_unused_result)) bool
service_start_worker(struct service *service, const struct setup *setup, unsigned index);

/* Opens the validator's place and expects its rounds, where the current generation has one; else
 * neither. */
void service_expect_validator(struct service *service);

/* Starts the validator of a generation that has one. What fails is logged. */
__attribute__((warn_unused_result)) bool service_start_validator(struct service *service,
                                                                 const struct setup *setup);

/* Starts the process of a place, one of the current generation; later where that fails, and never
 * where the place is closed. */
void service_keep(struct service *service, unsigned place);

/* Replaces a process of the current generation that has ended; one that did not live for long,
 * later. */
void service_replace(struct service *service, const struct child_exit *dead);
