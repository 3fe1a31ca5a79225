/* What machines ask: is the worker alive, can it serve, who owns this host. No database query. */
#pragma once

#include "http/request.h"

#include <stdbool.h>

/* GET /healthz: the event loop turns. */
void probes_show_health(struct http_request *request);

/* GET /readyz: 503 while the pool has no live connection, and once the service stops. A worker that
 * drains for a reload is ready to the last: others have taken its place. */
void probes_show_readiness(struct http_request *request);

/* GET /loaderio-TOKEN, alone or with .txt or .html, where a token is configured. */
void probes_show_loaderio_token(struct http_request *request);
bool probes_is_loaderio_token(const struct http_request *request);
