/*
 * Who votes or reports, as far as a request says so: by a token, in the header Qa-Voter or else in
 * the cookie qa_voter. The shop or its page makes it; to the service it is opaque.
 */
#pragma once

#include "http/request.h"
#include "ops/digest.h"

/* The hash of the token; empty where the request names nobody. hash_voters() (sql/migrations) makes
 * of it what may be kept. */
struct voter {
    char digest[DIGEST_SIZE];
};

/* A token: VOTER_CHARACTERS_MIN to VOTER_CHARACTERS_MAX letters, digits and -._~+/= (RFC 9110's
 * token68). */
bool voter_is_token(const char *text);

/* The voter of a request. False: the token is malformed, and the response is made. */
__attribute__((warn_unused_result)) bool voter_read(struct http_request *request,
                                                    struct voter *voter);

static inline bool voter_is_given(const struct voter *voter) {
    return *voter->digest != '\0';
}

/* Responds to a request that names nobody and has to. */
void voter_respond_missing(struct http_request *request);
