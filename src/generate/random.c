/* splitmix64, by Sebastiano Vigna (public domain): https://prng.di.unimi.it/splitmix64.c */
#include "generate/random.h"

static uint64_t random_next(struct random *random) {
    random->state += 0x9e3779b97f4a7c15U;
    uint64_t bits = random->state;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31);
}

/* Multiply and shift: no division, and a bias of less than bound / 2^32. */
uint32_t random_below(struct random *random, uint32_t bound) {
    return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

uint32_t random_low(struct random *random, uint32_t bound) {
    return random_below(random, random_below(random, bound) + 1);
}

bool random_once_in(struct random *random, uint32_t times) {
    return random_below(random, times) == 0;
}
