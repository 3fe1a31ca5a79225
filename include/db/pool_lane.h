/* The lanes of a pool. */
#pragma once

/* Metrics (ops/metrics.h) have them in this order. */
enum pool_lane { LANE_READS, LANE_LARGE_READS, LANE_WRITES, LANE_COUNT };
