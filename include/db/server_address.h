/*
 * Where the PostgreSQL server is: a connection string, and its host names resolved without
 * blocking.
 *
 * libpq resolves names with getaddrinfo(3), which blocks the whole event loop. So names are
 * resolved by libevent's DNS client (which reads /etc/hosts and /etc/resolv.conf) and libpq gets
 * `hostaddr` beside `host`; several addresses of one name are tried in turn. A host that only a
 * libpq service file names is left to libpq.
 *
 * Of several hosts the one that takes writes is meant, unless target_session_attrs says otherwise:
 * a standby would show reads older than acknowledged writes.
 */
#pragma once

#include <event2/dns.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

struct server_address;

/* One resolution under way. */
struct resolution;

/*
 * Parses a libpq connection string or URI; what it lacks comes from PGHOST and PGPORT. On failure
 * NULL, with one line in `error` that holds no password. server_address_free() releases it.
 */
struct server_address *server_address_new(struct event_base *base, const char *database_url,
                                          char *error, size_t error_size);

/* Whether server_address_new() would succeed. */
bool server_address_check(const char *database_url, char *error, size_t error_size);

void server_address_free(struct server_address *address);

/*
 * Told once: the parameters for PQconnectStartParams(), valid until this function returns, or NULL
 * and the name that could not be resolved.
 */
typedef void resolution_on_done(void *owner, const char *const *keywords, const char *const *values,
                                const char *unresolved);

/* Starts to resolve; on_done is told later, never before this returns. NULL when out of memory. */
struct resolution *server_address_resolve(struct server_address *address,
                                          resolution_on_done *on_done, void *owner);

/* Ends a resolution that has not told on_done; it will not. */
void resolution_cancel(struct resolution *resolution);
