/* What the data set is made of: random numbers, urns, templates, CSV files. */
#include "generate/dataset.h"
#include "generate/random.h"
#include "generate/topics.h"
#include "generate/urn.h"
#include "import/csv_writer.h"
#include "suites.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(random_numbers_are_those_of_splitmix64) {
    static const uint64_t published[] = {6457827717110365317U, 3203168211198807973U,
                                         9817491932198370423U, 4593380528125082431U};
    struct random random = {.state = 1234567};
    for (size_t i = 0; i < 4; i++) {
        uint32_t top_bits = (uint32_t)(published[i] >> 32);
        ck_assert_uint_eq(random_below(&random, 1U << 31), top_bits >> 1);
    }
}
END_TEST

START_TEST(an_urn_holds_the_cards_and_the_total_asked_for) {
    static const uint32_t weights[] = {100, 300, 200, 50};
    const struct urn_shape shape = {weights, 3, 60};
    for (uint32_t total = 0; total <= 6000; total += 100) {
        struct urn urn;
        struct random random = {.state = total};
        urn_fill(&urn, &shape, 100, total);
        uint32_t sum = 0, drawn = 0;
        for (; urn.left > 0; drawn++) {
            sum += urn_draw(&urn, &random);
        }
        ck_assert_uint_eq(sum, total);
        ck_assert_uint_eq(drawn, 100);
    }
}
END_TEST

START_TEST(a_draw_between_bounds_keeps_them_while_it_can) {
    static const uint32_t weights[] = {50, 30, 20};
    struct urn urn;
    struct random random = {.state = 7};
    urn_fill(&urn, &(struct urn_shape){weights, 2, 2}, 100, 70);
    for (int i = 0; i < 50; i++) {
        uint32_t drawn = urn_draw_between(&urn, &random, 1, 2);
        ck_assert_msg(drawn == 1 || drawn == 2, "card %d is %u", i, drawn);
    }
    ck_assert_uint_eq(urn_draw_between(&urn, &random, 1, 2), 0);
}
END_TEST

START_TEST(a_small_urn_has_no_long_tail) {
    struct dataset dataset;
    dataset_init(&dataset, 100, 1);
    for (uint32_t questions = 25; questions <= URN_HIGHEST; questions++) {
        ck_assert_uint_eq(dataset.questions_of_product.cards[questions], 0);
    }
}
END_TEST

START_TEST(the_full_size_is_that_of_the_full_data_set) {
    struct dataset dataset;
    dataset_init(&dataset, FULL_PRODUCTS, 1);
    ck_assert_uint_eq(dataset.total.questions, 3518963);
    ck_assert_uint_eq(dataset.total.answers, 6879306);
    ck_assert_uint_eq(dataset.total.photos, 2063759);

    const uint32_t *products = dataset.questions_of_product.cards;
    uint32_t viral = 0;
    for (uint32_t questions = 101; questions <= URN_HIGHEST; questions++) {
        viral += products[questions];
    }
    ck_assert_msg(viral >= 3 && viral <= 100, "%u products have over 100 questions", viral);
    ck_assert_msg(products[0] > 50000 && products[0] < 200000, "%u have none", products[0]);
    ck_assert_uint_gt(dataset.answers_of_question.cards[0], 500000);
    ck_assert_uint_eq(dataset.photos_of_answer.highest, 5);
    ck_assert_uint_gt(dataset.photos_of_answer.cards[5], 10000);
}
END_TEST

/* What a CSV file holds after `write_rows` has written to it; free it. */
static char *written_csv(void (*write_rows)(struct csv_writer *writer)) {
    char directory[] = "/tmp/test-data-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    struct csv_writer writer;
    ck_assert(csv_writer_open(&writer, directory, "rows.csv", "text,number", 0600));
    write_rows(&writer);
    ck_assert(csv_writer_close(&writer) && csv_writer_publish(&writer));
    csv_writer_discard(&writer);

    snprintf(path, sizeof path, "%s/rows.csv", directory);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    char *bytes = NULL;
    size_t capacity = 0;
    ck_assert_int_gt(getdelim(&bytes, &capacity, '\0', file), 0);
    fclose(file);
    ck_assert(unlink(path) == 0 && rmdir(directory) == 0); /* nothing else is left in it */
    return bytes;
}

static void write_hard_rows(struct csv_writer *writer) {
    static const char *const texts[] = {
        "plain", "", "a,b", "say \"hi\"", "two\nlines", "cr\r", "café 😀",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        csv_write_text(writer, texts[i], strlen(texts[i]));
        csv_write_number(writer, i == 0 ? UINT64_MAX : i - 1);
        csv_end_row(writer);
    }
}

START_TEST(csv_fields_are_quoted_where_they_must_be) {
    char *bytes = written_csv(write_hard_rows);
    ck_assert_str_eq(bytes, "text,number\nplain,18446744073709551615\n,0\n\"a,b\",1\n"
                            "\"say \"\"hi\"\"\",2\n\"two\nlines\",3\n\"cr\r\",4\ncafé 😀,5\n");
    free(bytes);
}
END_TEST

enum { MANY_ROWS = 100000 };

static void write_many_rows(struct csv_writer *writer) {
    for (uint64_t i = 0; i < MANY_ROWS; i++) {
        csv_write_text(writer, "a \"long\" text", strlen("a \"long\" text"));
        csv_write_number(writer, i);
        csv_end_row(writer);
    }
}

START_TEST(csv_rows_survive_the_end_of_the_buffer) {
    char *bytes = written_csv(write_many_rows);
    const char *row = strchr(bytes, '\n') + 1;
    for (int i = 0; i < MANY_ROWS; i++) {
        char expected[64];
        int length = snprintf(expected, sizeof expected, "\"a \"\"long\"\" text\",%d\n", i);
        ck_assert_msg(strncmp(row, expected, (size_t)length) == 0, "row %d is broken", i);
        row += length;
    }
    ck_assert_str_eq(row, "");
    free(bytes);
}
END_TEST

/* The length of a template with the longest, or shortest, words in its slots. */
static size_t template_length(const char *template, bool longest) {
    size_t length = 0;
    while (*template != '\0') {
        size_t plain = strcspn(template, "{");
        length += plain;
        template += plain;
        if (*template == '\0') {
            break;
        }
        size_t name = strcspn(template, "}") - 1, extreme = longest ? 0 : SIZE_MAX;
        if (name == strlen("product") && strncmp(template + 1, "product", name) == 0) {
            extreme = longest ? strlen("wireless speaker") : strlen("tent");
        }
        for (size_t i = 0; i < SLOT_COUNT; i++) {
            if (strlen(phrases_slots[i].name) != name ||
                strncmp(phrases_slots[i].name, template + 1, name) != 0) {
                continue;
            }
            for (size_t word = 0; word < phrases_slots[i].words.count; word++) {
                size_t bytes = strlen(phrases_slots[i].words.list[word]);
                extreme = (bytes > extreme) == longest ? bytes : extreme;
            }
        }
        ck_assert_msg(extreme != 0 && extreme != SIZE_MAX, "unknown slot: %s", template);
        length += extreme;
        template += name + 2;
    }
    return length;
}

static size_t longest_template(const struct phrases *phrases) {
    size_t longest = 0;
    for (size_t i = 0; i < phrases->count; i++) {
        size_t length = template_length(phrases->list[i], true);
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void check_sentence(const char *sentence, const struct phrases *openings,
                           const struct phrases *closings) {
    ck_assert_msg(template_length(sentence, false) >= 20, "too short: %s", sentence);
    size_t longest = longest_template(openings) + template_length(sentence, true) +
                     longest_template(closings) + 2 * strlen("\n\n");
    ck_assert_msg(longest <= 250, "up to %zu bytes: %s", longest, sentence);
}

static void check_topic(const struct topic *topic) {
    for (size_t i = 0; i < topic->exchange_count; i++) {
        check_sentence(topic->exchanges[i].question, &phrases_question_openings,
                       &phrases_question_closings);
        check_sentence(topic->exchanges[i].answer, &phrases_answer_openings,
                       &phrases_answer_closings);
    }
    for (size_t i = 0; i < topic->seller_answers.count; i++) {
        check_sentence(topic->seller_answers.list[i], &phrases_seller_openings,
                       &phrases_seller_closings);
    }
}

START_TEST(every_template_makes_a_body_of_20_to_250_bytes) {
    const struct topics *all[] = {&topics_clothes,   &topics_shoes,   &topics_electronics,
                                  &topics_furniture, &topics_outdoor, &topics_shop};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        ck_assert_uint_gt(all[i]->count, 0);
        for (size_t topic = 0; topic < all[i]->count; topic++) {
            check_topic(&all[i]->list[topic]);
        }
    }
}
END_TEST

Suite *data_suite(void) {
    Suite *suite = suite_create("data");
    TCase *parts = tcase_create("parts");
    tcase_add_test(parts, random_numbers_are_those_of_splitmix64);
    tcase_add_test(parts, an_urn_holds_the_cards_and_the_total_asked_for);
    tcase_add_test(parts, a_draw_between_bounds_keeps_them_while_it_can);
    tcase_add_test(parts, a_small_urn_has_no_long_tail);
    tcase_add_test(parts, the_full_size_is_that_of_the_full_data_set);
    tcase_add_test(parts, csv_fields_are_quoted_where_they_must_be);
    tcase_add_test(parts, csv_rows_survive_the_end_of_the_buffer);
    tcase_add_test(parts, every_template_makes_a_body_of_20_to_250_bytes);
    suite_add_tcase(suite, parts);
    return suite;
}
