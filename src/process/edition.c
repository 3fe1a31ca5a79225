/* The edition of the pages that a worker makes. */
#include "process/edition.h"

#include "ops/version.h"
#include "pages/shared_memory.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

/* Of all that has been added so far. */
static uint64_t add(uint64_t hash, const char *text) {
    return XXH3_64bits_withSeed(text, strlen(text) + 1, hash);
}

/* Who may read the edition could try passwords until one fits. */
static bool is_secret(const PQconninfoOption *option) {
    return strstr(option->keyword, "password") != NULL;
}

/* Which database, with what the environment says of it. A string that has no parameters is the name
 * of one. */
static uint64_t add_database(uint64_t hash, const char *database_url) {
    PQconninfoOption *given = PQconninfoParse(database_url, NULL);
    PQconninfoOption *defaults = PQconndefaults();
    for (size_t i = 0; defaults && defaults[i].keyword; i++) {
        const char *value = given && given[i].val ? given[i].val : defaults[i].val;
        if (value && !is_secret(&defaults[i])) {
            hash = add(add(hash, defaults[i].keyword), value);
        }
    }
    hash = given ? hash : add(hash, database_url);
    PQconninfoFree(given);
    PQconninfoFree(defaults);
    return hash;
}

uint64_t edition_of(const struct config *config) {
    uint64_t seed = (uint64_t)config->answers_per_question;
    uint64_t hash = add(add(seed, version_revision), config->lease_text);
    hash = add_database(hash, config->database_url);
    hash = config->lease_ms >= 0 ? hash | SHARED_MEMORY_LEASED
                                 : hash & ~(uint64_t)SHARED_MEMORY_LEASED;
    return hash == 0 ? 2 : hash;
}
