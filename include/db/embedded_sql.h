/*
 * The SQL files under sql/, embedded in the program at build time by scripts/embed-sql.sh.
 */
#pragma once

/* One SQL file: its name without `.sql`, and its text. Both live as long as the program. */
struct embedded_sql {
    const char *name;
    const char *text;
};

/* sql/queries, sql/migrations, sql/import, sql/session and sql/moderation, each in order of file
 * name; the last element has no name. */
extern const struct embedded_sql embedded_queries[];
extern const struct embedded_sql embedded_migrations[];
extern const struct embedded_sql embedded_import_statements[];
extern const struct embedded_sql embedded_session_statements[];
extern const struct embedded_sql embedded_moderation_statements[];
