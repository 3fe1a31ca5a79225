/* Metrics as text. */
#include "ops/metrics_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

/* One series of a metric: the value of each dimension. */
struct series {
    const struct metrics_metric *metric;
    size_t values[2];
};

/* What comes before `}` beside the labels of the dimensions: the bound of a bucket. */
struct bound {
    bool is_there;
    bool is_infinite;
    uint64_t value;
};

static uint64_t tens(unsigned count) {
    uint64_t product = 1;
    while (count-- > 0) {
        product *= 10;
    }
    return product;
}

/* A number divided by as many tens as its metric says, without a loss. */
static void write_number(FILE *out, uint64_t number, unsigned decimals) {
    fprintf(out, "%" PRIu64, number / tens(decimals));
    uint64_t rest = number % tens(decimals);
    if (rest != 0) {
        while (rest % 10 == 0) {
            rest /= 10;
            decimals--;
        }
        fprintf(out, ".%0*" PRIu64, (int)decimals, rest);
    }
}

/* `{`, labels and `}`; nothing where there is no label. */
static void write_labels(FILE *out, const struct series *series, const struct metrics_names *names,
                         struct bound bound) {
    const char *before = "{";
    for (size_t i = 0; i < 2; i++) {
        enum metrics_dimension dimension = series->metric->dimensions[i];
        if (dimension != DIMENSION_NONE) {
            fputs(before, out);
            metrics_write_labels(out, names, dimension, series->values[i]);
            before = ",";
        }
    }
    if (bound.is_there) {
        fprintf(out, "%sle=\"", before);
        if (bound.is_infinite) {
            fputs("+Inf", out);
        } else {
            write_number(out, bound.value, series->metric->decimals);
        }
        fputs("\"", out);
        before = ",";
    }
    fputs(*before == ',' ? "} " : " ", out);
}

static void write_histogram(FILE *out, const struct series *series,
                            const struct metrics_names *names,
                            const struct metrics_histogram *histogram) {
    const struct metrics_metric *metric = series->metric;
    uint64_t count = 0;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        bool is_last = i == METRICS_BOUNDS;
        count += metrics_get(&histogram->buckets[i]);
        fprintf(out, "%s_bucket", metric->name);
        write_labels(out, series, names,
                     (struct bound){true, is_last, is_last ? 0 : metric->bounds[i]});
        fprintf(out, "%" PRIu64 "\n", count);
    }
    fprintf(out, "%s_sum", metric->name);
    write_labels(out, series, names, (struct bound){0});
    write_number(out, metrics_get(&histogram->sum), metric->decimals);
    fprintf(out, "\n%s_count", metric->name);
    write_labels(out, series, names, (struct bound){0});
    fprintf(out, "%" PRIu64 "\n", count);
}

static void write_plain(FILE *out, const struct series *series, const struct metrics_names *names,
                        const metrics_number *number) {
    fputs(series->metric->name, out);
    write_labels(out, series, names, (struct bound){0});
    write_number(out, metrics_get(number), series->metric->decimals);
    fputs("\n", out);
}

static bool has_counted(const struct metrics_histogram *histogram) {
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        if (metrics_get(&histogram->buckets[i]) != 0) {
            return true;
        }
    }
    return false;
}

static void write_metric(FILE *out, const struct metrics_sum *sum,
                         const struct metrics_names *names, const struct metrics_metric *metric) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
            types[metric->type]);
    struct series series = {.metric = metric};
    size_t number_bytes = metric->type == METRICS_HISTOGRAM ? sizeof(struct metrics_histogram)
                                                            : sizeof(metrics_number);
    size_t sizes[] = {metrics_dimension_size(metric->dimensions[0]),
                      metrics_dimension_size(metric->dimensions[1])};
    for (size_t place = 0; place < sizes[0] * sizes[1]; place++) {
        const char *at = (const char *)sum + metric->offset + place * number_bytes;
        series.values[0] = place / sizes[1];
        series.values[1] = place % sizes[1];
        if (metric->type != METRICS_HISTOGRAM) {
            write_plain(out, &series, names, (const metrics_number *)at);
        } else if (has_counted((const struct metrics_histogram *)at)) {
            write_histogram(out, &series, names, (const struct metrics_histogram *)at);
        }
    }
}

void metrics_write(FILE *out, const struct metrics_sum *sum, const struct metrics_names *names) {
    for (const struct metrics_metric *metric = metrics_metrics; metric->name; metric++) {
        write_metric(out, sum, names, metric);
    }
}

char *metrics_text(const struct metrics_sum *sum, const struct metrics_names *names,
                   size_t *length) {
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out) {
        return NULL;
    }
    metrics_write(out, sum, names);
    bool is_whole = !ferror(out);
    if (fclose(out) != 0 || !is_whole) {
        free(text);
        return NULL;
    }
    return text;
}
