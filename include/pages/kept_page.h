/* The page that the ring has. */
#pragma once

#include "pages/lookup_settings.h"

/* Responds to a request with the page that the ring keeps under that version, and adds the gzip
 * form to it where the request is the first that wants it. With a list's total it calls on_total
 * instead. False: the ring has no such page, or has lost it meanwhile. */
__attribute__((warn_unused_result)) bool kept_page_serve(const struct lookup_settings *settings,
                                                         struct http_request *request,
                                                         const struct page_key *key,
                                                         struct version version);
