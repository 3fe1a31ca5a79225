/*
 * A hash of texts: the first 128 bits of their SHA-256, as 32 hexadecimal digits, which PostgreSQL
 * takes as a uuid.
 */
#pragma once

#include <stddef.h>

enum { DIGEST_SIZE = 32 + 1 /* with the NUL */ };

/* Hashes `count` texts, with a NUL between them. */
void digest_texts(const char *const texts[], size_t count, char digest[DIGEST_SIZE]);
