/*
 * Is there a connection pooler on the way that lends server connections for a transaction or a
 * statement only? The program keeps settings, prepared statements and locks in its sessions, which
 * such a pooler (PgBouncer's pool_mode = transaction, say) mixes up with those of others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What such a pooler is told by, and what to do instead; one line. */
extern const char pooling_refusal[];

/*
 * False, with one line in `error` that names `setting`, when sessions are mixed up for certain:
 * when two that are open at the same time have one server process, or one has two. Looks over two
 * connections of its own; may block for some seconds. True also where the database does not
 * respond.
 */
__attribute__((warn_unused_result)) bool
pooling_check(const char *database_url, const char *setting, char *error, size_t error_size);
