/*
 * The table of metrics: name, meaning, labels and place of each. docs/metrics.md shows it to
 * people; a test compares both.
 *
 * A metric has one series for each combination of its labels' values, at most two labels' or sets
 * of labels' (dimensions). All values are known beforehand: no path, id or address is one.
 */
#pragma once

#include "ops/metrics.h"

#include <stdio.h>

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

enum metrics_dimension {
    DIMENSION_NONE, /* one series, without a label */
    DIMENSION_ENDPOINT,
    DIMENSION_STATUS,
    DIMENSION_STATEMENT,
    DIMENSION_BUILD,
    DIMENSION_LIST,
    DIMENSION_NGINX_STATUS,
    DIMENSION_POOL_NAME, /* a lane, by OpenTelemetry's name of the label */
    DIMENSION_LANE,
    DIMENSION_OUTCOME,
    DIMENSION_REJECTION,
    DIMENSION_CONNECTION_SET,
    DIMENSION_CONNECTION_STATE,
    DIMENSION_STANDBY_READ,
    DIMENSION_RESULT,
    DIMENSION_WORKER_STATE,
    DIMENSION_DEATH,
    DIMENSION_INVALIDATION,
    DIMENSION_PAUSE_END,
    DIMENSIONS
};

struct metrics_metric {
    const char *name;
    const char *help;       /* one line, without a backslash */
    size_t offset;          /* of its first number or histogram in struct metrics_sum */
    const uint64_t *bounds; /* of a histogram */
    enum metrics_type type;
    unsigned decimals; /* a number means itself divided by so many tens */
    enum metrics_dimension dimensions[2];
};

/* Ends with one that has no name. */
extern const struct metrics_metric metrics_metrics[];

/* What only higher layers know. The texts live as long as the program and need no escapes. */
struct metrics_names {
    struct {
        const char *method, *pattern;
    } routes[METRICS_ROUTES];                   /* where there is no such row, "" both */
    const char *statements[METRICS_STATEMENTS]; /* likewise */
};

/* How many values a dimension has. */
size_t metrics_dimension_size(enum metrics_dimension dimension);

/* Writes the label or labels of a value, such as `list="questions"`; of DIMENSION_NONE nothing. */
void metrics_write_labels(FILE *out, const struct metrics_names *names,
                          enum metrics_dimension dimension, size_t value);

/* Numbers that stand for what each number of workers and of the supervisor means: processes of two
 * versions of the program have the same one, or do not read each other's. Never 0. */
uint64_t metrics_layout_of_workers(const struct metrics_names *names);
uint64_t metrics_layout_of_service(void);
