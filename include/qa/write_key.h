/*
 * The key of a write (Idempotency-Key, draft-ietf-httpapi-idempotency-key-header-07): with it the
 * write is made once, however often its request comes.
 */
#pragma once

#include "http/request.h"
#include "ops/digest.h"
#include "rules/limits.h"

extern const char write_key_header[];

/* Hashes: of the key, the method and the path; and of what else the request says. Both are empty
 * without a key. */
struct write_key {
    char key[DIGEST_SIZE];
    char request[DIGEST_SIZE];
};

/*
 * The key in the value of a header: 1 to 255 visible ASCII characters, bare or as a string
 * of RFC 8941 (3.3.3), which is the same key. False where it is malformed.
 */
__attribute__((warn_unused_result)) bool write_key_parse(const char *value,
                                                         char key[WRITE_KEY_CHARACTERS_MAX + 1]);

/* The key of a request whose path has this id, 0 for none, and that says `count` texts. False: it
 * is malformed, and the response is made. */
__attribute__((warn_unused_result)) bool write_key_read(struct http_request *request, int64_t id,
                                                        const char *const said[], size_t count,
                                                        struct write_key *key);

/* Whether a request has one. */
static inline bool write_key_is_given(const struct write_key *key) {
    return *key->key != '\0';
}
