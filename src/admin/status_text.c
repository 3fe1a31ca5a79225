/* How the service does, as a text for a terminal. */
#include "admin/status_text.h"

#include "ops/memory.h"
#include "ops/version.h"

#include <inttypes.h>
#include <stdio.h>

/* A duration as people say it, of its two largest units. */
static const char *duration(int64_t ms, char text[32]) {
    int64_t s = ms / 1000;
    if (s < 60) {
        snprintf(text, 32, "%" PRId64 " s", s);
    } else if (s < 3600) {
        snprintf(text, 32, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
    } else if (s < 86400) {
        snprintf(text, 32, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
    } else {
        snprintf(text, 32, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
    }
    return text;
}

static void write_processes(FILE *out, const struct service_view *view, int64_t now_ms) {
    char text[32];
    fprintf(out, "\n%-14s %8s  %-12s %10s  %s\n", "process", "pid", "state", "generation", "up");
    fprintf(out, "%-14s %8d\n", "supervisor", (int)view->supervisor);
    for (unsigned i = 0; i < view->process_count; i++) {
        const struct view_process *one = &view->processes[i];
        char name[32];
        if (one->role == VIEW_WORKER) {
            snprintf(name, sizeof name, "worker %u", one->index);
        } else {
            snprintf(name, sizeof name, "%s", view_role_name(one->role));
        }
        fprintf(out, "%-14s %8d  %-12s %10u  %s\n", name, (int)one->pid,
                view_state_name(one, now_ms), one->generation,
                duration(now_ms - one->started_ms, text));
    }
}

static void write_events(FILE *out, const struct service_view *view, int64_t now_ms) {
    const struct view_event *event = view_event_before(view, 0);
    fprintf(out, "\n%s\n", event ? "events, the last one first" : "no process died, no reload");
    for (unsigned back = 0; (event = view_event_before(view, back)) != NULL; back++) {
        char what[128], text[32];
        view_describe_event(event, what, sizeof what);
        fprintf(out, "  %s ago: %s\n", duration(now_ms - event->at_ms, text), what);
    }
}

static void write_rates(FILE *out, const struct figures_rates *rates) {
    fprintf(out, "%.1f requests a second, %.1f of them by NGINX; %.1f commits, %.1f errors (5xx)\n",
            rates->requests, rates->nginx_hits, rates->commits, rates->failures);
    if (rates->p50_ms >= 0) {
        fprintf(out, "in a worker half within %.2f ms, 99 of 100 within %.2f ms\n", rates->p50_ms,
                rates->p99_ms);
    }
    if (rates->hit_ratio >= 0) {
        fprintf(out, "%.1f %% of pages found in the cache\n", 100 * rates->hit_ratio);
    }
}

/* Where there is a validator. */
static void write_round(FILE *out, const struct metrics_service *service) {
    uint64_t age_us = metrics_get(&service->round_age_us);
    if (age_us > 0) {
        fprintf(out, "the validator's last round began %.1f ms before the supervisor last looked\n",
                (double)age_us / 1000);
    }
}

static void write_database(FILE *out, const struct metrics_gauges *gauges) {
    fprintf(out, "\n%-14s %8s %8s\n", "lane", "waiting", "running");
    for (size_t i = 0; i < METRICS_LANES; i++) {
        fprintf(out, "%-14s %8" PRIu64 " %8" PRIu64 "\n", figures_lanes[i],
                metrics_get(&gauges->waiting_calls[i]), metrics_get(&gauges->running_calls[i]));
    }
    fprintf(out, "\n%-14s %8s %8s %11s\n", "connections", "used", "idle", "connecting");
    for (size_t i = 0; i < METRICS_CONNECTION_SETS; i++) {
        const metrics_number *states = gauges->connections[i];
        if (!figures_has_connections(gauges, i)) {
            continue;
        }
        fprintf(out, "for %-10s %8" PRIu64 " %8" PRIu64 " %11" PRIu64 "\n", figures_connections[i],
                metrics_get(&states[METRICS_USED]), metrics_get(&states[METRICS_IDLE]),
                metrics_get(&states[METRICS_CONNECTING]));
    }
}

static void write_pause(FILE *out, const struct pause_progress *pause, int64_t now_ms) {
    char since[32], rest[32];
    fprintf(out,
            "a pause is on for %s, and ends by itself in %s; %u of %u workers have no session, "
            "%" PRIu64 " calls wait\n",
            duration(now_ms - pause->since_ms, since), duration(pause->until_ms - now_ms, rest),
            pause->quiet, pause->workers, pause->calls);
}

char *status_text(const struct service_view *view, const struct figures_rates *rates,
                  const struct metrics_sum *sum, const struct pause_progress *pause,
                  int64_t now_ms) {
    char *text = NULL, since[32];
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    memory_demand(out != NULL);
    const char *not_ready = view_why_not_ready(view);
    const char *not_alive = view_why_not_alive(view, now_ms);
    fprintf(out, "Atelier Q&A %s%s%s: %s, %s\n", version_number, *version_revision ? " " : "",
            version_revision, view_service_state_name(view),
            not_alive   ? not_alive
            : not_ready ? not_ready
                        : "ready");
    fprintf(out, "up %s, %u of %u workers ready\n", duration(now_ms - view->started_ms, since),
            view_count_ready(view), view->wanted_workers);
    if (pause->is_on) {
        write_pause(out, pause, now_ms);
    }
    if (rates) {
        write_rates(out, rates);
        write_round(out, &sum->service);
        write_database(out, &sum->workers.gauges);
    }
    write_processes(out, view, now_ms);
    write_events(out, view, now_ms);
    memory_demand(fclose(out) == 0 && text != NULL);
    return text;
}
