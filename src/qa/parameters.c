/* The parameters of paths and query strings. */
#include "qa/parameters.h"

#include "ops/number.h"
#include "ops/words.h"
#include "rules/limits.h"

const struct parameter parameters_question_id = {
    "question_id", PATH_ID_MAX, "question_id must be an integer from 1 to " LIMIT_TEXT(PATH_ID_MAX),
    NULL};
const struct parameter parameters_answer_id = {
    "answer_id", PATH_ID_MAX, "answer_id must be an integer from 1 to " LIMIT_TEXT(PATH_ID_MAX),
    NULL};
const struct parameter parameters_product_id = {
    "product_id", PRODUCT_ID_MAX,
    "product_id must be given, an integer from 1 to " LIMIT_TEXT(PRODUCT_ID_MAX), NULL};

static bool find_word(const struct parameter *parameter, struct http_text value, int64_t *number) {
    int place = words_find(parameter->words, value.data, value.length);
    if (place >= 0) {
        *number = place;
    }
    return place >= 0;
}

bool parameters_parse(const struct parameter *parameter, struct http_text value, int64_t *number) {
    if (parameter->words) {
        return find_word(parameter, value, number);
    }
    uint64_t parsed;
    bool ok = number_parse(value.data, value.length, 1, (uint64_t)parameter->most, &parsed);
    *number = ok ? (int64_t)parsed : *number;
    return ok;
}

bool parameters_query(const struct parameter *parameter, const struct http_target *target,
                      int64_t *number) {
    struct http_text value;
    switch (http_target_query(target, parameter->name, &value)) {
    case HTTP_QUERY_ABSENT:
        return true;
    case HTTP_QUERY_FOUND:
        return value.length == 0 || parameters_parse(parameter, value, number);
    case HTTP_QUERY_MALFORMED:
        break;
    }
    return false;
}
