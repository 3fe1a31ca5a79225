/*
 * A deterministic stream of random numbers (splitmix64), in integer arithmetic only:
 * the same seed gives the same numbers on every machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state; /* set it to the seed */
};

/* A number from 0 to bound - 1; bound is at least 1. */
uint32_t random_below(struct random *random, uint32_t bound);

/* The same, leaning to low numbers: half of them lie in the lowest fifth. */
uint32_t random_low(struct random *random, uint32_t bound);

/* True once in `times` calls on average. */
bool random_once_in(struct random *random, uint32_t times);
