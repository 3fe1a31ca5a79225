/* Who votes or reports. */
#include "qa/voter.h"

#include "http/response.h"
#include "rules/limits.h"

#include <string.h>

#define RULE                                                                                       \
    LIMIT_TEXT(VOTER_CHARACTERS_MIN)                                                               \
    " to " LIMIT_TEXT(VOTER_CHARACTERS_MAX) " letters, digits and -._~+/="

static const char header[] = "Qa-Voter", cookie[] = "qa_voter";

bool voter_is_token(const char *text) {
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    size_t length = strspn(text, allowed);
    return text[length] == '\0' && length >= VOTER_CHARACTERS_MIN && length <= VOTER_CHARACTERS_MAX;
}

bool voter_read(struct http_request *request, struct voter *voter) {
    const char *token = http_request_header(request, header);
    bool is_header = token && *token;
    if (!is_header) {
        token = http_request_cookie(request, cookie);
    }
    *voter = (struct voter){{0}};
    if (!token || !*token) {
        return true;
    }
    if (!voter_is_token(token)) {
        http_respond_problem(request, 400, is_header ? header : cookie,
                             is_header ? "Qa-Voter must be " RULE
                                       : "the cookie qa_voter must be " RULE);
        return false;
    }
    digest_texts(&token, 1, voter->digest);
    return true;
}

void voter_respond_missing(struct http_request *request) {
    http_respond_problem(request, 400, header, "Qa-Voter must say whose vote it is, by " RULE);
}
