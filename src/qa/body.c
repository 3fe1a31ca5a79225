/* Bodies of POST: type, size, syntax and fields. */
#include "qa/body.h"

#include "http/response.h"
#include "qa/json_text.h"
#include "qa/parameters.h"
#include "rules/limits.h"
#include "rules/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool refuse(struct http_request *request, const char *field, const char *detail) {
    http_respond_problem(request, 400, field, detail);
    return false;
}

bool body_is_json(const struct http_request *request) {
    static const char json[] = "application/json";
    const char *content_type = http_request_header(request, "Content-Type");
    if (!content_type) {
        return true;
    }
    content_type += strspn(content_type, " \t");
    size_t length = strcspn(content_type, " \t;");
    return length == 0 ||
           (length == sizeof json - 1 && strncasecmp(content_type, json, length) == 0);
}

bool body_is_coded(const struct http_request *request, struct http_text *coding) {
    static const char identity[] = "identity";
    static const char separators[] = ", \t";
    const char *rest = http_request_header(request, "Content-Encoding");
    while (rest && *(rest += strspn(rest, separators))) {
        *coding = (struct http_text){rest, strcspn(rest, separators)};
        if (coding->length != sizeof identity - 1 ||
            strncasecmp(rest, identity, coding->length) != 0) {
            return true;
        }
        rest += coding->length;
    }
    return false;
}

/* False, with the response made, for a body with a content coding other than identity. */
static bool check_coding(struct http_request *request) {
    enum { TOLD_MAX = 40 };
    struct http_text coding;
    if (!body_is_coded(request, &coding)) {
        return true;
    }
    bool is_told = coding.length <= TOLD_MAX && http_is_token(coding.data, coding.length);
    char detail[128];
    snprintf(detail, sizeof detail, "Content-Encoding must be identity%s%.*s",
             is_told ? ", not " : "", is_told ? (int)coding.length : 0, coding.data);
    http_respond_wrong_coding(request, detail);
    return false;
}

const char *body_string(const json_t *fields, const char *name, size_t *length) {
    const json_t *value = json_object_get(fields, name);
    const char *text = json_string_value(value);
    *length = json_string_length(value);
    return text && strlen(text) == *length ? text : NULL;
}

static bool check_text(struct http_request *request, const struct body *body, const char *name,
                       size_t most) {
    size_t length;
    const char *text = body_string(body->fields, name, &length);
    if (text && text_is_filled(text, length, most)) {
        return true;
    }
    char detail[128];
    snprintf(detail, sizeof detail,
             "%s must be a string of 1 to %zu characters, not only white space, without U+0000",
             name, most);
    return refuse(request, name, detail);
}

static bool check_email(struct http_request *request, const struct body *body) {
    size_t length;
    const char *email = body_string(body->fields, "email", &length);
    return (email && text_is_email(email, length)) ||
           refuse(request, "email",
                  "email must be a string of at most " LIMIT_TEXT(
                      EMAIL_CHARACTERS_MAX) " characters without white space, with "
                                            "something on both sides of one @");
}

json_t *body_parse(struct http_request *request, json_error_t *error) {
    if (request->body) {
        json_text_soften(request->body, request->body_length);
    }
    return json_loadb(request->body ? request->body : "", request->body_length, JSON_ALLOW_NUL,
                      error);
}

json_t *body_read_object(struct http_request *request) {
    if (!body_is_json(request)) {
        http_respond_problem(request, 415, NULL, "Content-Type must be application/json");
        return NULL;
    }
    if (!check_coding(request)) {
        return NULL;
    }
    if (request->body_too_large) {
        http_respond_problem(request, 413, NULL, "the body must be at most 65536 bytes");
        return NULL;
    }
    json_error_t error;
    json_t *object = body_parse(request, &error);
    if (!object) {
        char detail[128];
        snprintf(detail, sizeof detail, "the body is %s (line %d, column %d)",
                 json_error_code(&error) == json_error_stack_overflow ? "nested too deeply"
                                                                      : "not valid JSON",
                 error.line, error.column);
        (void)refuse(request, NULL, detail);
    } else if (!json_is_object(object)) {
        (void)refuse(request, NULL, "the body must be a JSON object");
        json_decref(object);
        object = NULL;
    }
    return object;
}

bool body_read(struct http_request *request, struct body *body) {
    body->fields = body_read_object(request);
    bool ok = body->fields && check_text(request, body, "body", BODY_CHARACTERS_MAX) &&
              check_text(request, body, "name", NAME_CHARACTERS_MAX) && check_email(request, body);
    if (!ok) {
        body_free(body);
    }
    return ok;
}

void body_free(struct body *body) {
    json_decref(body->fields);
    body->fields = NULL;
}

/* True for an integer as JSON Schema has it: a number without a fraction, 5.0 and 5e0 too. False
 * also for a real from 2^53 on, which may have been rounded. */
static bool integer_of(const json_t *value, json_int_t *integer) {
    static const double most = 9007199254740992;
    if (json_is_integer(value)) {
        *integer = json_integer_value(value);
        return true;
    }
    double real = json_is_real(value) ? json_real_value(value) : 0.5;
    *integer = real > -most && real < most ? (json_int_t)real : 0;
    return (double)*integer == real;
}

bool body_read_product_id(const struct body *body, int64_t *product_id) {
    const json_t *value = json_object_get(body->fields, "product_id");
    if (!value) {
        return true;
    }
    json_int_t integer;
    if (integer_of(value, &integer)) {
        *product_id = integer;
        return *product_id >= 1 && *product_id <= PRODUCT_ID_MAX;
    }
    const struct http_text text = {json_string_value(value), json_string_length(value)};
    return text.data && parameters_parse(&parameters_product_id, text, product_id);
}

static bool is_photo(const json_t *value) {
    const char *url = json_string_value(value);
    return url && text_is_photo_url(url, json_string_length(value));
}

json_t *body_read_photos(struct http_request *request, const struct body *body) {
    json_t *value = json_object_get(body->fields, "photos");
    if (!value || json_is_null(value)) {
        return json_array();
    }
    bool ok = json_is_array(value) && json_array_size(value) <= PHOTOS_MAX;
    for (size_t i = 0; ok && i < json_array_size(value); i++) {
        ok = is_photo(json_array_get(value, i));
    }
    if (!ok) {
        refuse(
            request, "photos",
            "photos must be an array of at most " LIMIT_TEXT(
                PHOTOS_MAX) " strings, each 1 to " LIMIT_TEXT(PHOTO_URL_CHARACTERS_MAX) " character"
                                                                                        "s without "
                                                                                        "white "
                                                                                        "space or "
                                                                                        "control "
                                                                                        "characters"
                                                                                        ", with no "
                                                                                        "scheme or "
                                                                                        "with http "
                                                                                        "or https");
        return NULL;
    }
    return json_incref(value);
}
