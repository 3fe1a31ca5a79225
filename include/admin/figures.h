/*
 * Figures for people: rates and latencies of the last seconds, and their course over the last
 * minutes. They come from samples of the metrics (ops/metrics.h).
 */
#pragma once

#include "ops/metrics_memory.h"

#include <jansson.h>

enum {
    FIGURES_EACH_MS = 5000, /* a sample is taken */
    FIGURES_SAMPLES = 61    /* are kept: five minutes */
};

/* What has been counted so far. */
struct figures_sample {
    int64_t at_ms; /* clock_ms() */
    uint64_t responses;
    uint64_t failures;     /* of them, those with a status of 5xx */
    uint64_t nginx_hits;   /* which no worker has seen */
    uint64_t hits, misses; /* of pages, NGINX's included */
    uint64_t commits;
    uint64_t durations[METRICS_BUCKETS]; /* of workers' responses */
};

/* What a second has brought between two samples. -1: nothing of the kind was there. */
struct figures_rates {
    double seconds;  /* between the samples */
    double requests; /* NGINX's hits included */
    double nginx_hits;
    double failures;
    double commits;
    double hit_ratio;
    double p50_ms, p99_ms;
};

/* All zeros at first. */
struct figures {
    struct figures_sample samples[FIGURES_SAMPLES];
    unsigned count; /* ever taken */
};

struct figures_sample figures_sample_of(const struct metrics_sum *sum, int64_t now_ms);

void figures_add(struct figures *figures, const struct figures_sample *sample);

struct figures_rates figures_between(const struct figures_sample *before,
                                     const struct figures_sample *after);

/* The rates of the last seconds before a sample: since one that is FIGURES_EACH_MS older, or since
 * the first. */
struct figures_rates figures_until(const struct figures *figures, const struct figures_sample *now);

/* What the lanes, and the sets of connections, are called. */
extern const char *const figures_lanes[METRICS_LANES];
extern const char *const figures_connections[METRICS_CONNECTION_SETS];

/* Whether a set is to be shown: most services read from no standbys. */
bool figures_has_connections(const struct metrics_gauges *gauges, size_t set);

/* All, with the gauges of `sum`; the caller's, to be released. */
json_t *figures_json(const struct figures *figures, const struct metrics_sum *sum, int64_t now_ms);
