/* Numbers that several processes raise: one that is higher already stays. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

static inline void raise_signed(_Atomic int64_t *number, int64_t value) {
    int64_t before = atomic_load(number);
    while (before < value && !atomic_compare_exchange_weak(number, &before, value)) {
    }
}

static inline void raise_unsigned(_Atomic uint64_t *number, uint64_t value) {
    uint64_t before = atomic_load(number);
    while (before < value && !atomic_compare_exchange_weak(number, &before, value)) {
    }
}
