/* Requests for lists: which page a target means. */
#include "qa/list_request.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

enum { SEED = 7 };

static struct list_request read_target(const char *text) {
    const size_t length = strlen(text);
    struct http_target target;
    char *buffer = malloc(length + !*text);
    http_target_parse(&target, http_text_of(text), buffer);
    const struct list_request list = list_request_read(&target, SEED);
    free(buffer);
    return list;
}

static void require_page(const char *target, const struct page_key *key) {
    const struct list_request list = read_target(target);
    ck_assert_msg(list.kind == LIST_REQUEST_PAGE, "%s is no page", target);
    ck_assert_msg(memcmp(&list.key, key, sizeof *key) == 0, "%s is another page", target);
}

START_TEST(the_questions_of_a_product_are_a_page) {
    static const struct {
        const char *target;
        int64_t id, page, count;
    } cases[] = {
        {"/qa/questions?product_id=5", 5, 1, 5},
        {"/qa/questions/?product_id=5", 5, 1, 5},
        {"/qa/questions?product_id=2147483647&page=2&count=7", 2147483647, 2, 7},
        {"/qa/questions?count=7&page=2&product_id=5", 5, 2, 7},
        {"/%71a/question%73?product%5fid=%35", 5, 1, 5},
        {"/qa/questions?product_id=005&page=01&count=0010", 5, 1, 10},
        {"/qa/questions?product_id=5&product_id=6&page=&page=3", 5, 1, 5},
        {"/qa/questions?product_id=5&page&count=", 5, 1, 5},
        {"/qa/questions?order=new&product_id=5&&x=%zz", 5, 1, 5},
        {"/qa/questions?product_id=5&sort=&answered=", 5, 1, 5},
        {"/qa/questions?product_id=5&sort=helpful", 5, 1, 5},
        {"/qa/questions?product_id=5&count=1000", 5, 1, 1000},
        {"/qa/questions?product_id=5&count=1001", 5, 1, 1000},
        {"/qa/questions?product_id=5&count=9223372036854775807", 5, 1, 1000},
        {"/qa/questions?product_id=5&page=9223372036854775807", 5, INT64_MAX, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        require_page(cases[i].target, &(struct page_key){.kind = PAGE_QUESTIONS,
                                                         .id = cases[i].id,
                                                         .page = cases[i].page,
                                                         .count = cases[i].count});
    }
}
END_TEST

START_TEST(the_answers_of_a_question_are_a_page) {
    static const struct {
        const char *target;
        int64_t id, page, count;
    } cases[] = {
        {"/qa/questions/37/answers", 37, 1, 5},
        {"/qa/questions/37/answers/", 37, 1, 5},
        {"/qa/questions/0037/answers?", 37, 1, 5},
        {"/qa/questions/%33%37/answers?page=2&count=7", 37, 2, 7},
        {"/qa/questions/9223372036854775807/answers", INT64_MAX, 1, 5},
        {"/qa/questions/37/answers?product_id=none", 37, 1, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        require_page(cases[i].target, &(struct page_key){.kind = PAGE_ANSWERS,
                                                         .id = cases[i].id,
                                                         .page = cases[i].page,
                                                         .count = cases[i].count});
    }
}
END_TEST

START_TEST(a_list_has_an_order_and_a_choice) {
    static const struct {
        const char *target;
        enum page_kind kind;
        enum page_order order;
        enum page_choice choice;
    } cases[] = {
        {"/qa/questions?product_id=5&sort=newest", PAGE_QUESTIONS, PAGE_NEWEST, PAGE_ALL},
        {"/qa/questions?product_id=5&sort=oldest&sort=x", PAGE_QUESTIONS, PAGE_OLDEST, PAGE_ALL},
        {"/qa/questions?answered=true&product_id=5", PAGE_QUESTIONS, PAGE_HELPFUL, PAGE_ANSWERED},
        {"/qa/questions?product_id=5&answered=f%61lse&sort=newest", PAGE_QUESTIONS, PAGE_NEWEST,
         PAGE_UNANSWERED},
        {"/qa/questions/5/answers?sort=newest", PAGE_ANSWERS, PAGE_NEWEST, PAGE_ALL},
        {"/qa/questions/5/answers?answered=false", PAGE_ANSWERS, PAGE_HELPFUL, PAGE_ALL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        require_page(cases[i].target, &(struct page_key){.kind = cases[i].kind,
                                                         .order = (int16_t)cases[i].order,
                                                         .choice = (int16_t)cases[i].choice,
                                                         .id = 5,
                                                         .page = 1,
                                                         .count = 5});
    }
}
END_TEST

START_TEST(a_question_alone_is_a_page) {
    const struct page_key key = {.kind = PAGE_QUESTION, .id = 37};
    require_page("/qa/questions/37", &key);
    require_page("/qa/questions/0%337/?page=x&count=x", &key);
}
END_TEST

START_TEST(other_paths_are_no_lists) {
    static const char *const targets[] = {"",
                                          "*",
                                          "/",
                                          "?product_id=5",
                                          "qa/questions?product_id=5",
                                          "/qa",
                                          "/qa/questions//",
                                          "//qa/questions?product_id=5",
                                          "/qa//questions?product_id=5",
                                          "/qa%2Fquestions?product_id=5",
                                          "/qa/questions%00?product_id=5",
                                          "/QA/questions",
                                          "/qa/questions%2F?product_id=5",
                                          "/qa/./questions?product_id=5",
                                          "/qa/answers/5/answers",
                                          "/qa/questions/5/answers/6",
                                          "/qa/questions//answers",
                                          "/qa/questions/5/answers//",
                                          "/qa/questions/5/helpful",
                                          "http://host/qa/questions?product_id=5",
                                          "/qa/questions#?product_id=5",
                                          "/1/2/3/4/5/6/7/8/9"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ck_assert_msg(read_target(targets[i]).kind == LIST_REQUEST_NONE, "%s", targets[i]);
    }
}
END_TEST

START_TEST(the_first_wrong_parameter_is_to_blame) {
    static const struct {
        const char *target, *name, *rule;
    } cases[] = {
        {"/qa/questions", "product_id",
         "product_id must be given, an integer from 1 to 2147483647"},
        {"/qa/questions?", "product_id", NULL},
        {"/qa/questions?product_id=", "product_id", NULL},
        {"/qa/questions?product_id=0", "product_id", NULL},
        {"/qa/questions?product_id=&product_id=5", "product_id", NULL},
        {"/qa/questions?product_id=2147483648", "product_id", NULL},
        {"/qa/questions?product_id=5%00", "product_id", NULL},
        {"/qa/questions?product_id=5+", "product_id", NULL},
        {"/qa/questions?product_id=%zz", "product_id", NULL},
        {"/qa/questions?product_id=x&page=x&count=x", "product_id", NULL},
        {"/qa/questions?product_id=5&page=x&count=x", "page", "page must be an integer from 1"},
        {"/qa/questions?product_id=5&page=0", "page", NULL},
        {"/qa/questions?product_id=5&page=9223372036854775808", "page", NULL},
        {"/qa/questions?product_id=5&page=%3", "page", NULL},
        {"/qa/questions?product_id=5&count=x", "count", "count must be an integer from 1"},
        {"/qa/questions?product_id=5&count=-1", "count", NULL},
        {"/qa/questions?product_id=5&count=1%00", "count", NULL},
        {"/qa/questions?product_id=5&sort=new", "sort", "sort must be helpful, newest or oldest"},
        {"/qa/questions?product_id=5&sort=Newest", "sort", NULL},
        {"/qa/questions?product_id=5&sort=newest%00", "sort", NULL},
        {"/qa/questions?product_id=5&sort=%zz", "sort", NULL},
        {"/qa/questions?product_id=5&answered=yes", "answered", "answered must be true or false"},
        {"/qa/questions?product_id=5&answered=1", "answered", NULL},
        {"/qa/questions?product_id=5&answered=x&sort=x&count=x", "count", NULL},
        {"/qa/questions/5/answers?sort=id", "sort", NULL},
        {"/qa/questions/x/answers?page=x", "question_id",
         "question_id must be an integer from 1 to 9223372036854775807"},
        {"/qa/questions/0/answers", "question_id", NULL},
        {"/qa/questions/+5/answers", "question_id", NULL},
        {"/qa/questions/5%2F/answers", "question_id", NULL},
        {"/qa/questions/%zz/answers", "question_id", NULL},
        {"/qa/questions/9223372036854775808/answers", "question_id", NULL},
        {"/qa/questions/5/answers?page=x", "page", NULL},
        {"/qa/questions/x", "question_id", NULL},
        {"/qa/questions/0?page=x", "question_id", NULL},
        {"/qa/questions/5/answers?count=0", "count", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct list_request list = read_target(cases[i].target);
        ck_assert_msg(list.kind == LIST_REQUEST_WRONG, "%s", cases[i].target);
        ck_assert_str_eq(list.wrong->name, cases[i].name);
        ck_assert_str_eq(list.wrong->rule, cases[i].rule ? cases[i].rule : list.wrong->rule);
    }
}
END_TEST

Suite *list_request_suite(void) {
    Suite *suite = suite_create("list_request");
    TCase *cases = tcase_create("list_request");
    tcase_add_test(cases, the_questions_of_a_product_are_a_page);
    tcase_add_test(cases, the_answers_of_a_question_are_a_page);
    tcase_add_test(cases, a_list_has_an_order_and_a_choice);
    tcase_add_test(cases, a_question_alone_is_a_page);
    tcase_add_test(cases, other_paths_are_no_lists);
    tcase_add_test(cases, the_first_wrong_parameter_is_to_blame);
    suite_add_tcase(suite, cases);
    return suite;
}
