/* The parameter `product_ids`: several products, separated by commas. */
#pragma once

#include "http/target.h"
#include "rules/limits.h"

#define PRODUCT_IDS_NAME "product_ids"
#define PRODUCT_IDS_RULE                                                                           \
    "product_ids must be given, 1 to " LIMIT_TEXT(                                                 \
        PRODUCT_IDS_MAX) " integers from 1 to " LIMIT_TEXT(PRODUCT_ID_MAX) ", separated by commas"

/* An array of so many, as PostgreSQL writes it: braces, 10 digits each, a comma or the end. */
enum { PRODUCT_IDS_SIZE = 2 + PRODUCT_IDS_MAX * 11 };

/* Reads them from the query string, as such an array: in the order given, without leading zeros.
 * False when they are missing or wrong. */
__attribute__((warn_unused_result)) bool product_ids_read(const struct http_target *target,
                                                          char array[PRODUCT_IDS_SIZE]);
