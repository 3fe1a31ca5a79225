/* The key of a write. */
#include "qa/write_key.h"

#include "http/response.h"
#include "http/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char write_key_header[] = "Idempotency-Key";

static bool is_visible(char character) {
    return character > ' ' && character <= '~';
}

bool write_key_parse(const char *value, char key[WRITE_KEY_CHARACTERS_MAX + 1]) {
    size_t length = 0;
    bool is_string = *value == '"';
    value += is_string;
    while (*value && !(is_string && *value == '"')) {
        bool is_escaped = is_string && *value == '\\';
        value += is_escaped;
        bool is_allowed = is_escaped ? *value == '"' || *value == '\\' : is_visible(*value);
        if (!is_allowed || length == WRITE_KEY_CHARACTERS_MAX) {
            return false;
        }
        key[length++] = *value++;
    }
    key[length] = '\0';
    return length > 0 && (is_string ? strcmp(value, "\"") == 0 : true);
}

bool write_key_read(struct http_request *request, int64_t id, const char *const said[],
                    size_t count, struct write_key *key) {
    const char *value = http_request_header(request, write_key_header);
    *key = (struct write_key){{0}, {0}};
    if (!value || !*value) {
        return true;
    }
    char parsed[WRITE_KEY_CHARACTERS_MAX + 1];
    if (!write_key_parse(value, parsed)) {
        http_respond_problem(
            request, 400, write_key_header,
            "Idempotency-Key must be 1 to " LIMIT_TEXT(
                WRITE_KEY_CHARACTERS_MAX) " visible ASCII characters, bare or in quotes");
        return false;
    }
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, id);
    const char *const scope[] = {http_method_name(request->method), request->route->pattern, number,
                                 parsed};
    digest_texts(scope, sizeof scope / sizeof *scope, key->key);
    digest_texts(said, count, key->request);
    return true;
}
