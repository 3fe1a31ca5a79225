/* The table of routes: every path of the service in one place. */
#pragma once

#include "http/route.h"

/* Ends with a row without a pattern. Handlers expect a struct app (qa/app.h) in request->app. */
extern const struct http_route qa_routes[];
