/*
 * The limits of what is written and asked for, the same in the SQL domains, in docs/openapi.yaml
 * and in the widget (web/widget/): tests/e2e/test_rules.py compares them. Lengths are in Unicode
 * code points.
 */
#pragma once

#include <stdint.h>

#define BODY_CHARACTERS_MAX 1000
#define NAME_CHARACTERS_MAX 60
#define EMAIL_CHARACTERS_MAX 254
#define PHOTO_URL_CHARACTERS_MAX 2048
#define WRITE_KEY_CHARACTERS_MAX 255
#define VOTER_CHARACTERS_MIN 16
#define VOTER_CHARACTERS_MAX 64
#define PHOTOS_MAX 10 /* of an answer that is posted */
#define PRODUCT_ID_MAX 2147483647
#define PATH_ID_MAX 9223372036854775807 /* of a question or an answer */
#define COUNT_MAX 1000                  /* rows of a page */
#define COUNT_DEFAULT 5
#define SEARCH_CHARACTERS_MAX 100
#define SEARCH_WORDS_MAX 10
#define PRODUCT_IDS_MAX 100 /* that are counted by one request */

/* A limit as a string literal, for messages. */
#define LIMIT_TEXT(limit) LIMIT_TEXT_OF_VALUE(limit)
#define LIMIT_TEXT_OF_VALUE(value) #value
