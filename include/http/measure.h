/* What the metrics (ops/metrics.h) have of a request. */
#pragma once

#include "http/route.h"
#include "ops/metrics.h"

/* The endpoint that a request is counted at. `routes` is the table in which its route was found. */
size_t measure_endpoint(const struct http_route *routes, const struct http_request *request);

/* A request begins. */
void measure_begin(struct metrics *metrics);

/* ... and has ended, at a clock_us(). */
void measure_end(struct metrics *metrics, const struct http_route *routes,
                 const struct http_request *request, int64_t now_us);
