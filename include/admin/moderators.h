/*
 * Who may moderate: the names and tokens of QA_MODERATION_TOKENS, and who asks. A list of
 * NAME:TOKEN, separated by blanks or commas.
 *
 * A token is compared with all of them, in a time that does not depend on it. An address that has
 * sent too many wrong ones has to wait before any is looked at again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MODERATORS_TOKEN_LEAST = 24, /* characters */
    MODERATORS_ADDRESS_SIZE = 48
};

struct moderators;

/* Whether a list is one; else one line in `error`, without a token. An empty one is. */
__attribute__((warn_unused_result)) bool moderators_check(const char *list, char *error,
                                                          size_t error_size);

/* Of a list that is one, and not empty. */
struct moderators *moderators_new(const char *list);

/* NULL is allowed. */
void moderators_free(struct moderators *moderators);

enum moderators_verdict { MODERATORS_KNOWN, MODERATORS_UNKNOWN, MODERATORS_WAIT };

/* Who has this token: with MODERATORS_KNOWN *name, for as long as `moderators`. `address` is that
 * of the client
 * ("" for a Unix socket), `now_ms` of clock_ms(). */
enum moderators_verdict moderators_find(struct moderators *moderators, const char *token,
                                        const char *address, int64_t now_ms, const char **name);
