/* Names and tokens of moderators. */
#include "admin/moderators.h"

#include "ops/error_text.h"
#include "ops/memory.h"
#include "rules/limits.h"
#include "rules/text.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIGEST_BYTES = 32, /* SHA-256 */
    ADDRESSES = 64,    /* that have sent a wrong token lately */
    WRONG_MOST = 10,   /* tokens of an address */
    WRONG_WITHIN_MS = 60000
};

static const char separators[] = " \t,";

struct moderator {
    char *name; /* owned */
    unsigned char digest[DIGEST_BYTES];
};

/* An address that has sent wrong tokens. */
struct suspect {
    char address[MODERATORS_ADDRESS_SIZE];
    unsigned wrong;   /* 0: nobody */
    int64_t since_ms; /* the first of them came */
};

struct moderators {
    size_t count;
    struct moderator *all;
    struct suspect suspects[ADDRESSES];
};

static void digest_of(const char *text, size_t length, unsigned char digest[DIGEST_BYTES]) {
    memory_demand(gnutls_hash_fast(GNUTLS_DIG_SHA256, text, length, digest) == 0);
}

/* The next word of a list, of which *length is 0 at the end. */
static const char *next_word(const char *rest, size_t *length) {
    rest += strspn(rest, separators);
    *length = strcspn(rest, separators);
    return rest;
}

bool moderators_check(const char *list, char *error, size_t error_size) {
    size_t length;
    for (const char *word = next_word(list, &length); length > 0;
         word = next_word(word + length, &length)) {
        const char *colon = memchr(word, ':', length);
        size_t name = colon ? (size_t)(colon - word) : 0;
        if (!colon || !text_is_utf8(word, name) ||
            !text_is_filled(word, name, NAME_CHARACTERS_MAX)) {
            return error_text(error, error_size,
                              "QA_MODERATION_TOKENS must list NAME:TOKEN, separated by blanks");
        }
        if (length - name - 1 < MODERATORS_TOKEN_LEAST) {
            return error_text(
                error, error_size,
                "QA_MODERATION_TOKENS: the token of %.*s has fewer than %d characters", (int)name,
                word, MODERATORS_TOKEN_LEAST);
        }
    }
    return true;
}

struct moderators *moderators_new(const char *list) {
    struct moderators *moderators = memory_calloc(1, sizeof *moderators);
    size_t length;
    for (const char *word = next_word(list, &length); length > 0;
         word = next_word(word + length, &length)) {
        size_t name = strcspn(word, ":");
        moderators->all =
            memory_realloc(moderators->all, (moderators->count + 1) * sizeof *moderators->all);
        struct moderator *one = &moderators->all[moderators->count++];
        one->name = strndup(word, name);
        memory_demand(one->name != NULL);
        digest_of(word + name + 1, length - name - 1, one->digest);
    }
    return moderators;
}

void moderators_free(struct moderators *moderators) {
    for (size_t i = 0; moderators && i < moderators->count; i++) {
        free(moderators->all[i].name);
    }
    free(moderators ? moderators->all : NULL);
    free(moderators);
}

/* NULL: it has sent no wrong token lately. */
static struct suspect *find_suspect(struct moderators *moderators, const char *address,
                                    int64_t now_ms) {
    for (size_t i = 0; i < ADDRESSES; i++) {
        struct suspect *one = &moderators->suspects[i];
        if (one->wrong > 0 && now_ms - one->since_ms < WRONG_WITHIN_MS &&
            strncmp(one->address, address, sizeof one->address) == 0) {
            return one;
        }
    }
    return NULL;
}

/* Notes a wrong token; of more addresses than there is room for, those that sent one longest ago
 * are forgotten. */
static void suspect(struct moderators *moderators, struct suspect *known, const char *address,
                    int64_t now_ms) {
    struct suspect *place = known ? known : &moderators->suspects[0];
    for (size_t i = 1; !known && i < ADDRESSES; i++) {
        struct suspect *one = &moderators->suspects[i];
        if (place->wrong > 0 && (one->wrong == 0 || one->since_ms < place->since_ms)) {
            place = one;
        }
    }
    if (!known) {
        *place = (struct suspect){.since_ms = now_ms};
        strncpy(place->address, address, sizeof place->address - 1);
    }
    place->wrong++;
}

enum moderators_verdict moderators_find(struct moderators *moderators, const char *token,
                                        const char *address, int64_t now_ms, const char **name) {
    struct suspect *known = find_suspect(moderators, address, now_ms);
    if (known && known->wrong >= WRONG_MOST) {
        return MODERATORS_WAIT;
    }
    unsigned char digest[DIGEST_BYTES];
    const struct moderator *found = NULL;
    digest_of(token, strlen(token), digest);
    for (size_t i = 0; i < moderators->count; i++) {
        bool is_it = gnutls_memcmp(moderators->all[i].digest, digest, sizeof digest) == 0;
        found = is_it ? &moderators->all[i] : found;
    }
    if (!found) {
        suspect(moderators, known, address, now_ms);
        return MODERATORS_UNKNOWN;
    }
    *name = found->name;
    return MODERATORS_KNOWN;
}
