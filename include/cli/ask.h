/* One short request to a process of the service, as a command asks it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASK_BODY_SIZE = 4096 };

struct ask_response {
    int status;
    char body[ASK_BODY_SIZE]; /* its beginning, of a response that is not chunked; NUL-terminated */
};

/*
 * A request that is under way. All that are begun go on at the same time, while another one is
 * waited for.
 */
struct ask {
    int64_t until_ms;
    int descriptor; /* -1: it could not be begun */
    int reason;     /* why not, as errno */
};

/* Begins a request. `address` is "unix:PATH" or "ADDRESS:PORT" (process/listener.h); a process that
 * listens on all addresses is asked at a local one. It is to be ended with ask_end(). */
struct ask ask_begin(const char *address, int64_t until_ms);

/* Sends METHOD PATH and waits for the response, until `until_ms` of clock_ms(). False with one line
 * in `error` where there is none. */
__attribute__((warn_unused_result)) bool ask_end(struct ask *ask, const char *method,
                                                 const char *path, struct ask_response *response,
                                                 char *error, size_t error_size);
