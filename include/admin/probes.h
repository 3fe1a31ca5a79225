/* What machines ask of the whole service: does it live, can it serve. */
#pragma once

#include "http/request.h"

/* GET /live: 503 while the supervisor stands still. */
void admin_show_liveness(struct http_request *request);

/* GET /ready: 503 while no worker can serve, and from the moment that the service is told to stop.
 */
void admin_show_readiness(struct http_request *request);
