/*
 * A run of a PostgreSQL server, from its start on as a primary. Another run may lack what this one
 * has committed: a standby that was promoted, a server that was set back to a backup.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct server_run {
    uint64_t cluster;    /* its system identifier, which its standbys share */
    uint64_t timeline;   /* which each promotion raises */
    uint64_t started_us; /* when the postmaster was started */
};

/* Who knows which run counts. */
struct server_guard {
    /* A session with this run is about to be used. Its number, which is not 0; or 0: it must not
     * be. NULL: every run will do. */
    uint64_t (*take)(void *owner, const struct server_run *run);
    /* Whether that run still counts. */
    bool (*is_current)(void *owner, uint64_t number);
    void *owner;
    const char *refusal; /* why it must not be, for the log */
};
