/*
 * Where the PostgreSQL server is: a connection string, taken apart into hosts, and which address of
 * them to try first.
 *
 * libpq could try several hosts itself, but one after the other and all within one limit of time: a
 * host that never responds would hide those after it. So each address is tried by a connection
 * string of its own (db/attempts.h). Where a libpq service file names the hosts, they are left to
 * libpq.
 *
 * Of several hosts the one that takes writes is meant, unless target_session_attrs says otherwise:
 * a standby would show reads older than acknowledged writes.
 */
#pragma once

#include "db/resolution.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct server_address;

/* One address of the server. */
struct endpoint {
    size_t host;                           /* its place among the hosts */
    char address[RESOLUTION_ADDRESS_SIZE]; /* of the host's name; empty: as the string has it */
    bool is_one_of_several;                /* addresses of that name */
};

/*
 * Parses a libpq connection string or URI; what it lacks comes from PGHOST and PGPORT. On failure
 * NULL, with one line in `error` that holds no password. server_address_free() releases it.
 */
struct server_address *server_address_new(const char *database_url, char *error, size_t error_size);

/* Of all addresses, standbys are meant, unless target_session_attrs says otherwise. */
void server_address_seek_standbys(struct server_address *address);

/* Whether server_address_new() would succeed. */
bool server_address_check(const char *database_url, char *error, size_t error_size);

void server_address_free(struct server_address *address);

/* At least 1. */
size_t server_address_host_count(const struct server_address *address);

/* Whether one of several hosts is meant that takes writes. */
bool server_address_seeks_primary(const struct server_address *address);

/* The name of a host that has to be looked up; NULL: nothing has to be. */
const char *server_address_name(const struct server_address *address, size_t host);

/* What tells an address from the others; NULL: there are no others. */
const char *server_address_host(const struct server_address *address,
                                const struct endpoint *endpoint);

/* Starts to connect to one address, as `application` where the string names none, and encoded in
 * UTF-8. PQfinish() releases it in every case. */
PGconn *server_address_connect(const struct server_address *address,
                               const struct endpoint *endpoint, const char *application);

/* Which address served last, and which was refused last: it is not the server that it should be. */
void server_address_prefer(struct server_address *address, const struct endpoint *endpoint);
void server_address_avoid(struct server_address *address, const struct endpoint *endpoint);

enum endpoint_rank { ENDPOINT_PREFERRED, ENDPOINT_USUAL, ENDPOINT_AVOIDED };

/* The ranks are tried in their order; one to be avoided only when there is no other. */
enum endpoint_rank server_address_rank(const struct server_address *address,
                                       const struct endpoint *endpoint);
