/* The parameter `product_ids`. */
#include "qa/product_ids.h"

#include "ops/number.h"

#include <inttypes.h>
#include <stdio.h>

bool product_ids_read(const struct http_target *target, char array[PRODUCT_IDS_SIZE]) {
    struct http_text rest;
    if (http_target_query(target, PRODUCT_IDS_NAME, &rest) != HTTP_QUERY_FOUND) {
        return false;
    }
    size_t used = 0;
    for (size_t count = 0; count < PRODUCT_IDS_MAX; count++) {
        size_t length = http_text_until(rest, ',');
        uint64_t id;
        if (!number_parse(rest.data, length, 1, PRODUCT_ID_MAX, &id)) {
            return false;
        }
        used += (size_t)snprintf(array + used, PRODUCT_IDS_SIZE - used, "%c%" PRIu64,
                                 count == 0 ? '{' : ',', id);
        if (length == rest.length) {
            snprintf(array + used, PRODUCT_IDS_SIZE - used, "}");
            return true;
        }
        rest = http_text_after(rest, length + 1);
    }
    return false;
}
