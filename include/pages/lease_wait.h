/*
 * How long after a commit no host shows the state before it any more, for who acknowledges it
 * (docs/decisions/066-lease-and-commit-wait.md).
 */
#pragma once

#include <stdint.h>

/* Microseconds. `lease_ms`: QA_LEASE_MS; 0 where it is -1 or 0. */
int64_t lease_wait_us(int64_t lease_ms);

/* Blocks so long: for commands. Versions of this host have been raised. */
void lease_wait(int64_t lease_ms);
