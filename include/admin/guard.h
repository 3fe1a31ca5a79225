/*
 * Who may ask the admin process: a page of another site may not, by no trick.
 *
 * A browser sends the requests of a page to whatever address the name of its site leads to, also to
 * this host (DNS rebinding); but it names the site in Host. So over TCP only names count that lead
 * to this listener for sure. Nobody's browser connects to a Unix socket.
 */
#pragma once

#include "admin/app.h"
#include "http/request.h"

/* Whether the request may go on; else it has been responded to. As struct http_server_settings has
 * it. */
bool guard_admit(struct http_request *request);

/* Whether a Host header names the door. `host` may be NULL. */
bool guard_knows_host(const struct admin_door *door, const char *host);
