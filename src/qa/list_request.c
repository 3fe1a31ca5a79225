/* Requests for lists: from the target to the page's key. */
#include "qa/list_request.h"

#include "rules/limits.h"

static const struct parameter page_parameter = {"page", INT64_MAX, "page must be an integer from 1",
                                                NULL};
static const struct parameter count_parameter = {"count", INT64_MAX,
                                                 "count must be an integer from 1", NULL};

static const char *const orders[] = {
    [PAGE_HELPFUL] = "helpful", [PAGE_NEWEST] = "newest", [PAGE_OLDEST] = "oldest", NULL};
static const struct parameter sort_parameter = {"sort", 0, "sort must be helpful, newest or oldest",
                                                orders};

static const char *const booleans[] = {"false", "true", NULL};
static const struct parameter answered_parameter = {"answered", 0, "answered must be true or false",
                                                    booleans};

static const struct parameter highlight_parameter = {"highlight", 0,
                                                     "highlight must be true or false", booleans};

const struct parameter list_request_search = {
    "q", 0,
    "q must be text of at most " LIMIT_TEXT(SEARCH_CHARACTERS_MAX) " characters and " LIMIT_TEXT(
        SEARCH_WORDS_MAX) " words, without U+0000",
    NULL};

static struct list_request refuse(const struct parameter *wrong) {
    return (struct list_request){.kind = LIST_REQUEST_WRONG, .wrong = wrong};
}

enum { ABSENT = -1 };

static enum page_choice choice_of(int64_t answered) {
    if (answered == ABSENT) {
        return PAGE_ALL;
    }
    return answered ? PAGE_ANSWERED : PAGE_UNANSWERED;
}

/* The text is read last: it lies where the next value would. */
static bool read_search(const struct http_target *target, uint64_t seed,
                        struct list_request *list) {
    switch (http_target_query(target, list_request_search.name, &list->search)) {
    case HTTP_QUERY_MALFORMED:
        return false;
    case HTTP_QUERY_ABSENT:
        list->search.length = 0;
        break;
    case HTTP_QUERY_FOUND:
        break;
    }
    if (list->search.length > 0) {
        page_key_set_text(&list->key, list->search, seed);
    } else {
        list->key.shows_matches = 0;
    }
    return true;
}

/* `page`, `count` and which elements in which order, after the subject. */
static struct list_request read_list(const struct http_target *target, enum page_kind kind,
                                     int64_t id, uint64_t seed) {
    struct page_key key = {.kind = kind, .id = id, .page = 1, .count = COUNT_DEFAULT};
    int64_t order = PAGE_HELPFUL, answered = ABSENT, highlight = 0;
    if (!parameters_query(&page_parameter, target, &key.page)) {
        return refuse(&page_parameter);
    }
    if (!parameters_query(&count_parameter, target, &key.count)) {
        return refuse(&count_parameter);
    }
    if (key.count > COUNT_MAX) {
        key.count = COUNT_MAX;
    }
    if (!parameters_query(&sort_parameter, target, &order)) {
        return refuse(&sort_parameter);
    }
    if (kind == PAGE_QUESTIONS && !parameters_query(&answered_parameter, target, &answered)) {
        return refuse(&answered_parameter);
    }
    if (!parameters_query(&highlight_parameter, target, &highlight)) {
        return refuse(&highlight_parameter);
    }
    key.order = (int16_t)order;
    key.choice = (int16_t)choice_of(answered);
    key.shows_matches = (int16_t)highlight;
    struct list_request list = {.kind = LIST_REQUEST_PAGE, .key = key};
    return read_search(target, seed, &list) ? list : refuse(&list_request_search);
}

static struct list_request read_question(int64_t id) {
    return (struct list_request){.kind = LIST_REQUEST_PAGE,
                                 .key = {.kind = PAGE_QUESTION, .id = id}};
}

struct list_request list_request_read(const struct http_target *target, uint64_t seed) {
    struct http_text in_path;
    int64_t id = 0;
    if (http_target_matches(target, LIST_REQUEST_QUESTIONS, &in_path)) {
        bool ok = parameters_query(&parameters_product_id, target, &id) && id != 0;
        return ok ? read_list(target, PAGE_QUESTIONS, id, seed) : refuse(&parameters_product_id);
    }
    if (http_target_matches(target, LIST_REQUEST_ANSWERS, &in_path)) {
        bool ok = parameters_parse(&parameters_question_id, in_path, &id);
        return ok ? read_list(target, PAGE_ANSWERS, id, seed) : refuse(&parameters_question_id);
    }
    if (http_target_matches(target, LIST_REQUEST_QUESTION, &in_path)) {
        bool ok = parameters_parse(&parameters_question_id, in_path, &id);
        return ok ? read_question(id) : refuse(&parameters_question_id);
    }
    return (struct list_request){.kind = LIST_REQUEST_NONE};
}
