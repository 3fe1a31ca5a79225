/* What the metrics have of a request. */
#include "http/measure.h"

/* The place of a method among those of metrics. */
static size_t place_of(enum http_method method) {
    size_t place = 0;
    while (place < METRICS_METHODS - 1 && method != 1U << place) {
        place++;
    }
    return place;
}

_Static_assert((int)HTTP_OTHER == 1 << (METRICS_METHODS - 1), "metrics know each method");

size_t measure_endpoint(const struct http_route *routes, const struct http_request *request) {
    size_t row = request->route ? (size_t)(request->route - routes) : METRICS_ROUTES;
    if (row >= METRICS_ROUTES) {
        return METRICS_WITHOUT_ROUTE + place_of(request->method);
    }
    return 2 * row + (request->method == HTTP_HEAD);
}

void measure_begin(struct metrics *metrics) {
    metrics_add(&metrics->gauges.active_requests, 1);
}

void measure_end(struct metrics *metrics, const struct http_route *routes,
                 const struct http_request *request, int64_t now_us) {
    metrics_subtract(&metrics->gauges.active_requests, 1);
    metrics_observe_duration(&metrics->requests[measure_endpoint(routes, request)]
                                               [metrics_place_of_status(request->status)],
                             request->timing.began_us, now_us);
}
