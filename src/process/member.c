/* The supervisor's part in the shared memory. */
#include "process/member.h"

#include "ops/clock.h"
#include "ops/error_text.h"
#include "process/notify.h"

#include <errno.h>
#include <string.h>

enum {
    FAILURES_TO_TELL = 4, /* of what may pass by itself */
    NOTIFY_OTHERS_WITHIN_MS = 100
};

static void renew(struct member *member);

static void step_down(struct member *member) {
    holder_pause(&member->holder);
    rendezvous_step_down(&member->rendezvous);
    holder_end(&member->holder);
}

/* A service that stops waits only for somebody to take its place. */
static void on_join(void *owner) {
    struct member *member = owner;
    if (member->is_stopping) {
        step_down(member);
    }
}

static void on_asked(void *owner) {
    const struct member *member = owner;
    shared_memory_note_asked(&member->memory, clock_ms());
}

static void on_holder_gone(void *owner) {
    struct member *member = owner;
    watch_stop(&member->connection);
    rendezvous_lose_holder(&member->rendezvous);
    if (!member->is_stopping) {
        renew(member);
    }
}

void member_init(struct member *member, struct event_base *base, const char *path,
                 const struct logger *logger, const struct metrics_memory *metrics) {
    *member = (struct member){.logger = logger, .metrics = metrics, .base = base};
    rendezvous_init(&member->rendezvous, path);
    holder_init(&member->holder, base, metrics, on_join, on_asked, member);
}

static void count_invalidation(const struct member *member, enum metrics_invalidation reason) {
    metrics_add(&metrics_memory_service(member->metrics)->invalidations[reason], 1);
}

/* In this order: who sees the number finds no page from before. */
static void invalidate_all(const struct member *member, enum metrics_invalidation reason) {
    versions_invalidate_all(shared_memory_versions(&member->memory), clock_ms());
    count_invalidation(member, reason);
}

/* What a new holder finds is in doubt, unless the last one has withdrawn. */
static void take_over(struct member *member, bool is_new) {
    bool is_clean = is_new || shared_memory_vouched_ms(&member->memory) == 0;
    if (!is_clean) {
        invalidate_all(member, METRICS_HOLDER_DIED);
    }
    shared_memory_vouch(&member->memory, clock_ms());
    if (!is_new) {
        log_write(member->logger, is_clean ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
                  is_clean ? "another service hands the shared memory over to this one"
                           : "another service that held the shared memory has died; this one holds "
                             "it now, and all cached pages are made anew",
                  NULL);
    }
}

/* Watches what the rendezvous has become. */
static bool follow(struct member *member) {
    const struct rendezvous *rendezvous = &member->rendezvous;
    if (rendezvous_is_holder(rendezvous)) {
        return holder_begin(&member->holder, rendezvous->listening, rendezvous->memory);
    }
    holder_end(&member->holder);
    if (rendezvous->connection < 0) {
        return true;
    }
    watch_init_descriptor(&member->connection, member->base, rendezvous->connection, EV_READ,
                          on_holder_gone, member);
    return watch_start(&member->connection);
}

static enum rendezvous_result meet(struct member *member, size_t ring_megabytes, char *error,
                                   size_t error_size) {
    struct rendezvous *rendezvous = &member->rendezvous;
    bool was_holder = rendezvous_is_holder(rendezvous);
    bool is_new = rendezvous->memory < 0;
    holder_pause(&member->holder);
    watch_stop(&member->connection);
    enum rendezvous_result result = rendezvous_meet(rendezvous, ring_megabytes, error, error_size);
    if (rendezvous->memory >= 0 && !member->memory.at &&
        !shared_memory_map(&member->memory, rendezvous->memory, SHARED_MEMORY_WRITE)) {
        (void)error_text(error, error_size, "QA_SHARED_FILE: the memory cannot be mapped: %s",
                         strerror(errno));
        return RENDEZVOUS_FAILED;
    }
    if (!follow(member)) {
        (void)error_text(error, error_size, "%s", strerror(errno));
        return RENDEZVOUS_FAILED;
    }
    if (result == RENDEZVOUS_HOLDER && !was_holder) {
        take_over(member, is_new);
    }
    return result;
}

/* NGINX of any service may read the memory: so it has pages to read only while all services make
 * the same ones. Whoever changes that looks once more at the end: of two at once, the last sees
 * both. */
static void publish_edition(const struct member *member) {
    const struct versions *versions = shared_memory_versions(&member->memory);
    uint64_t common;
    do {
        common = versions_common_edition(versions);
        shared_memory_set_edition(&member->memory, common);
    } while (versions_common_edition(versions) != common);
}

static void beat(struct member *member) {
    if (versions_beat(shared_memory_versions(&member->memory), &member->beats, clock_ms())) {
        count_invalidation(member, METRICS_SERVICE_DIED);
        log_write(member->logger, LOG_LEVEL_WARNING,
                  "another service of QA_SHARED_FILE has died; all cached pages are made anew",
                  NULL);
    }
    publish_edition(member);
}

void member_tell_size(const struct member *member, size_t ring_megabytes) {
    size_t has = shared_memory_ring_megabytes(&member->memory);
    if (ring_megabytes != 0 && ring_megabytes != has) {
        log_write(member->logger, LOG_LEVEL_WARNING,
                  "QA_CACHE_MB has no effect until all services that share the memory are stopped",
                  "{s:I, s:I}", "set", (long long)ring_megabytes, "is", (long long)has);
    }
}

enum member_joining member_join(struct member *member, size_t ring_megabytes, char *error,
                                size_t error_size) {
    switch (meet(member, ring_megabytes, error, error_size)) {
    case RENDEZVOUS_HOLDER:
    case RENDEZVOUS_MEMBER:
        break;
    case RENDEZVOUS_WAIT:
        return MEMBER_NOT_YET;
    case RENDEZVOUS_APART:
    case RENDEZVOUS_FAILED:
        return MEMBER_FAILED;
    }
    member_tell_size(member, ring_megabytes);
    invalidate_all(member, METRICS_SERVICE_STARTED); /* nobody knows what happened before */
    beat(member);
    return MEMBER_JOINED;
}

void member_set_edition(struct member *member, uint64_t edition) {
    member->beats.edition = edition;
    beat(member);
}

void member_expect_rounds(struct member *member, bool has_validator) {
    if (!has_validator || member->rounds_since_us == 0) {
        member->rounds_since_us = has_validator ? clock_us() : 0;
    }
}

void member_empty_cache(struct member *member) {
    invalidate_all(member, METRICS_RELOADED);
}

void member_doubt(struct member *member, enum metrics_invalidation reason) {
    invalidate_all(member, reason);
}

/* While others are not found, neither side sees what the other changes: so every page is made anew
 * at each try, here and, where another memory is shared, there. */
static void stay_apart(struct member *member, enum rendezvous_result result, const char *reason) {
    member->failures++;
    bool may_pass = result == RENDEZVOUS_WAIT && member->failures < FAILURES_TO_TELL;
    if (!member->is_told && !may_pass) {
        member->is_told = true;
        log_write(member->logger, LOG_LEVEL_ERROR,
                  "QA_SHARED_FILE was removed or replaced while in use; until services that share "
                  "it find each other again, cached pages are kept for half a second only",
                  "{s:s, s:s}", "path", member->rendezvous.path, "reason", reason);
    }
    invalidate_all(member, METRICS_FILE_REPLACED);
    if (result == RENDEZVOUS_APART) {
        char error[256];
        (void)notify_services(member->rendezvous.path, NOTIFY_OTHERS_WITHIN_MS, error,
                              sizeof error);
    }
}

static void renew(struct member *member) {
    char error[512];
    bool was_holder = rendezvous_is_holder(&member->rendezvous);
    enum rendezvous_result result = meet(member, 0, error, sizeof error);
    if (result != RENDEZVOUS_HOLDER && result != RENDEZVOUS_MEMBER) {
        stay_apart(member, result, error);
        return;
    }
    if (member->failures > 0) {
        invalidate_all(member, METRICS_FILE_REPLACED);
    }
    if (member->is_told || (was_holder && result == RENDEZVOUS_HOLDER)) {
        log_write(member->logger, LOG_LEVEL_WARNING,
                  "QA_SHARED_FILE was removed or replaced while in use; it is whole again", "{s:s}",
                  "path", member->rendezvous.path);
    }
    member->is_told = false;
    member->failures = 0;
}

/* 0: no rounds are expected. */
static uint64_t round_age_us(const struct member *member) {
    int64_t round_us = shared_memory_round_us(&member->memory);
    int64_t since_us = round_us > member->rounds_since_us ? round_us : member->rounds_since_us;
    return member->rounds_since_us == 0 ? 0 : (uint64_t)(clock_us() - since_us);
}

/* What the metrics have of the shared memory. */
static void show(struct member *member) {
    struct metrics_service *metrics = metrics_memory_service(member->metrics);
    const struct versions *versions = shared_memory_versions(&member->memory);
    struct ring ring;
    metrics_set(&metrics->is_holder, rendezvous_is_holder(&member->rendezvous));
    metrics_set(&metrics->epoch, versions_note(versions, 0).epoch);
    metrics_set(&metrics->round_age_us, round_age_us(member));
    if (!shared_memory_ring(&member->memory, &ring)) {
        return;
    }
    uint64_t size = ring_size_bytes(&ring), written = ring_written_bytes(&ring);
    metrics_set(&metrics->cache_size_bytes, size);
    metrics_set(&metrics->cache_used_bytes, written < size ? written : size);
    metrics_set(&metrics->cache_written_bytes, written);
    metrics_set(&metrics->cache_retention_ms,
                (uint64_t)retention_note(&member->retention, written, size, clock_ms()));
}

void member_watch(struct member *member) {
    beat(member);
    show(member);
    if (member->is_stopping) {
        return;
    }
    if (!rendezvous_is_intact(&member->rendezvous)) {
        renew(member);
    }
    if (rendezvous_is_holder(&member->rendezvous)) {
        shared_memory_vouch(&member->memory, clock_ms());
        holder_look(&member->holder);
    }
}

void member_stop(struct member *member) {
    member->is_stopping = true;
    if (!rendezvous_is_holder(&member->rendezvous)) {
        return;
    }
    shared_memory_vouch(&member->memory, 0);
    if (holder_has_members(&member->holder)) {
        step_down(member);
    } else {
        holder_refuse_readers(&member->holder);
    }
}

void member_leave(struct member *member) {
    versions_leave(shared_memory_versions(&member->memory), &member->beats);
    publish_edition(member);
}

void member_free(struct member *member) {
    watch_stop(&member->connection);
    step_down(member);
    rendezvous_close(&member->rendezvous);
    shared_memory_unmap(&member->memory);
}
