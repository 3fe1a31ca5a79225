/* The paths of the admin process, and what all of its responses have in common. */
#pragma once

#include "http/route.h"

/* request->app is a struct admin_door (admin/app.h). */
extern const struct http_route admin_routes[];

/* Nothing is stored, and no page of another site can read or frame anything. */
extern const struct http_header admin_headers[];
