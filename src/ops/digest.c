/* A hash of texts. */
#include "ops/digest.h"

#include "ops/memory.h"

#include <gnutls/crypto.h>
#include <string.h>

enum { SHA256_BYTES = 32, KEPT_BYTES = (DIGEST_SIZE - 1) / 2 };

void digest_texts(const char *const texts[], size_t count, char digest[DIGEST_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    gnutls_hash_hd_t hash;
    unsigned char bytes[SHA256_BYTES];
    memory_demand(gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) == GNUTLS_E_SUCCESS);
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        memory_demand(gnutls_hash(hash, texts[i], strlen(texts[i]) + !is_last) == GNUTLS_E_SUCCESS);
    }
    gnutls_hash_deinit(hash, bytes);
    for (size_t i = 0; i < KEPT_BYTES; i++) {
        digest[2 * i] = digits[bytes[i] >> 4];
        digest[2 * i + 1] = digits[bytes[i] & 0xF];
    }
    digest[DIGEST_SIZE - 1] = '\0';
}
