/* Rates and latencies, from samples of the metrics. */
#include "admin/figures.h"

#include <stdbool.h>

const char *const figures_lanes[METRICS_LANES] = {"reads", "large reads", "writes"};
const char *const figures_connections[METRICS_CONNECTION_SETS] = {"reads", "writes", "standbys"};

static void add_responses(struct figures_sample *sample, const struct metrics_histogram *histogram,
                          bool is_failure) {
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        uint64_t count = metrics_get(&histogram->buckets[i]);
        sample->durations[i] += count;
        sample->responses += count;
        sample->failures += is_failure ? count : 0;
    }
}

struct figures_sample figures_sample_of(const struct metrics_sum *sum, int64_t now_ms) {
    const struct metrics *workers = &sum->workers;
    struct figures_sample sample = {
        .at_ms = now_ms,
        .nginx_hits = metrics_total(sum->service.nginx, METRICS_NGINX_HITS),
        .misses = metrics_total(workers->pages.misses, METRICS_LISTS),
        .commits = metrics_get(&workers->commits),
    };
    sample.hits = sample.nginx_hits + metrics_total(workers->pages.hits, METRICS_LISTS);
    for (size_t endpoint = 0; endpoint < METRICS_ENDPOINTS; endpoint++) {
        for (size_t status = 0; status < METRICS_STATUSES; status++) {
            add_responses(&sample, &workers->requests[endpoint][status],
                          metrics_statuses[status] >= 500);
        }
    }
    return sample;
}

void figures_add(struct figures *figures, const struct figures_sample *sample) {
    figures->samples[figures->count++ % FIGURES_SAMPLES] = *sample;
}

/* A worker of another version takes its numbers along: what has fallen has not risen. */
static uint64_t risen(uint64_t before, uint64_t after) {
    return after > before ? after - before : 0;
}

/* The duration that this share of the responses did not exceed, in ms, as if those of a bucket were
 * spread evenly; -1 without responses. */
static double quantile(const struct figures_sample *before, const struct figures_sample *after,
                       double share) {
    uint64_t counts[METRICS_BUCKETS], all = 0;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        counts[i] = risen(before->durations[i], after->durations[i]);
        all += counts[i];
    }
    double rest = share * (double)all;
    for (size_t i = 0; i < METRICS_BOUNDS; i++) {
        double lower = i > 0 ? (double)metrics_durations_us[i - 1] : 0;
        double width = (double)metrics_durations_us[i] - lower;
        if (counts[i] > 0 && rest <= (double)counts[i]) {
            return (lower + width * rest / (double)counts[i]) / 1000;
        }
        rest -= (double)counts[i];
    }
    return all > 0 ? (double)metrics_durations_us[METRICS_BOUNDS - 1] / 1000 : -1;
}

struct figures_rates figures_between(const struct figures_sample *before,
                                     const struct figures_sample *after) {
    double seconds = (double)(after->at_ms - before->at_ms) / 1000;
    struct figures_rates rates = {.seconds = seconds, .hit_ratio = -1, .p50_ms = -1, .p99_ms = -1};
    if (seconds <= 0) {
        return rates;
    }
    uint64_t nginx_hits = risen(before->nginx_hits, after->nginx_hits);
    uint64_t hits = risen(before->hits, after->hits);
    uint64_t pages = hits + risen(before->misses, after->misses);
    rates.nginx_hits = (double)nginx_hits / seconds;
    rates.requests =
        rates.nginx_hits + (double)risen(before->responses, after->responses) / seconds;
    rates.failures = (double)risen(before->failures, after->failures) / seconds;
    rates.commits = (double)risen(before->commits, after->commits) / seconds;
    rates.hit_ratio = pages > 0 ? (double)hits / (double)pages : -1;
    rates.p50_ms = quantile(before, after, 0.5);
    rates.p99_ms = quantile(before, after, 0.99);
    return rates;
}

/* The sample that was the `back`th before the last; NULL where there is none. */
static const struct figures_sample *sample_before(const struct figures *figures, unsigned back) {
    return back < figures->count && back < FIGURES_SAMPLES
               ? &figures->samples[(figures->count - 1 - back) % FIGURES_SAMPLES]
               : NULL;
}

struct figures_rates figures_until(const struct figures *figures,
                                   const struct figures_sample *now) {
    const struct figures_sample *chosen = now, *next;
    for (unsigned back = 0; (next = sample_before(figures, back)) != NULL; back++) {
        chosen = next;
        if (now->at_ms - chosen->at_ms >= FIGURES_EACH_MS) {
            break;
        }
    }
    return figures_between(chosen, now);
}

static json_t *new_number(double value) {
    return value < 0 ? json_null() : json_real(value);
}

static json_t *new_history(const struct figures *figures) {
    json_t *requests = json_array(), *failures = json_array(), *commits = json_array();
    json_t *p99 = json_array();
    for (unsigned back = FIGURES_SAMPLES - 1; back > 0; back--) {
        const struct figures_sample *before = sample_before(figures, back);
        if (before) {
            struct figures_rates rates = figures_between(before, sample_before(figures, back - 1));
            json_array_append_new(requests, json_real(rates.requests));
            json_array_append_new(failures, json_real(rates.failures));
            json_array_append_new(commits, json_real(rates.commits));
            json_array_append_new(p99, new_number(rates.p99_ms));
        }
    }
    return json_pack("{s:i, s:o, s:o, s:o, s:o}", "each_s", FIGURES_EACH_MS / 1000,
                     "requests_per_s", requests, "failures_per_s", failures, "commits_per_s",
                     commits, "p99_ms", p99);
}

static json_int_t gauge(const metrics_number *number) {
    return (json_int_t)metrics_get(number);
}

static json_t *new_lanes(const struct metrics_gauges *gauges) {
    json_t *all = json_array();
    for (size_t i = 0; i < METRICS_LANES; i++) {
        json_array_append_new(all, json_pack("{s:s, s:I, s:I}", "name", figures_lanes[i], "waiting",
                                             gauge(&gauges->waiting_calls[i]), "running",
                                             gauge(&gauges->running_calls[i])));
    }
    return all;
}

bool figures_has_connections(const struct metrics_gauges *gauges, size_t set) {
    return set != METRICS_FOR_STANDBY_READS ||
           metrics_total(gauges->connections[set], METRICS_CONNECTION_STATES) > 0;
}

static json_t *new_connections(const struct metrics_gauges *gauges) {
    json_t *all = json_array();
    for (size_t i = 0; i < METRICS_CONNECTION_SETS; i++) {
        const metrics_number *states = gauges->connections[i];
        if (!figures_has_connections(gauges, i)) {
            continue;
        }
        json_array_append_new(all, json_pack("{s:s, s:I, s:I, s:I}", "for", figures_connections[i],
                                             "used", gauge(&states[METRICS_USED]), "idle",
                                             gauge(&states[METRICS_IDLE]), "connecting",
                                             gauge(&states[METRICS_CONNECTING])));
    }
    return all;
}

json_t *figures_json(const struct figures *figures, const struct metrics_sum *sum, int64_t now_ms) {
    const struct metrics_gauges *gauges = &sum->workers.gauges;
    const struct figures_sample now = figures_sample_of(sum, now_ms);
    const struct figures_rates rates = figures_until(figures, &now);
    uint64_t age_us = metrics_get(&sum->service.round_age_us);
    json_t *age_ms = new_number(age_us > 0 ? (double)age_us / 1000 : -1);
    return json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o, s:I, s:o, s:o, s:{s:I, s:I, s:o}, s:o}",
        "window_s", rates.seconds, "requests_per_s", rates.requests, "nginx_hits_per_s",
        rates.nginx_hits, "failures_per_s", rates.failures, "commits_per_s", rates.commits,
        "hit_ratio", new_number(rates.hit_ratio), "p50_ms", new_number(rates.p50_ms), "p99_ms",
        new_number(rates.p99_ms), "active_requests", gauge(&gauges->active_requests), "lanes",
        new_lanes(gauges), "connections", new_connections(gauges), "cache", "size_bytes",
        gauge(&sum->service.cache_size_bytes), "used_bytes", gauge(&sum->service.cache_used_bytes),
        "round_age_ms", age_ms, "history", new_history(figures));
}
