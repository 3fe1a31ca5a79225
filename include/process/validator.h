/*
 * The validator: one process of each service with QA_LEASE_MS above 0, which learns of changes that
 * others have made (pages/rounds.h). Started by the supervisor, never by hand. It inherits what a
 * worker does, but for a socket (process/worker.h).
 */
#pragma once

#include "ops/config.h"
#include "process/lifeline.h"

/* Runs until SIGTERM. Returns the process's exit status. */
int validator_run(const struct config *config, const struct child_identity *identity);
