/* Writes the data set product by product: its questions, their answers, their photos. */
#include "generate/dataset.h"

#include "generate/conversation.h"
#include "generate/customer.h"
#include "generate/snippet.h"

#include <stdbool.h>

enum {
    FULL_QUESTIONS = 3518963,
    FULL_ANSWERS = 6879306,
    FULL_PHOTOS = 2063759,

    SHOWCASE_PRODUCTS = 20,
    HIGHEST_HELPFUL = 30,
    SELLER_ANSWER_IN = 33, /* so many answers one is the shop's own */

    DAY_S = 24 * 3600,
    YEARS_S = (4 * 365 + 1) * DAY_S, /* 2021 to 2024 */
    LONGEST_WAIT_S = 200 * DAY_S,    /* for an answer */
};

static const int64_t YEARS_START_MS = 1609459200000; /* 2021-01-01T00:00:00Z */

/* The shapes of the full data set, in thousandths. */
static const uint32_t questions_of_product[] = {90, 200, 190, 150, 110, 80, 56, 38, 26, 18, 13};
static const uint32_t answers_of_question[] = {235, 300, 203, 110, 60, 36, 22, 13, 8};
static const uint32_t photos_of_answer[] = {858, 52, 43, 27, 13, 6};

#define LAST(weights) (sizeof(weights) / sizeof(weights)[0] - 1)

static const struct urn_shape question_shape = {questions_of_product, LAST(questions_of_product),
                                                200};
static const struct urn_shape answer_shape = {answers_of_question, LAST(answers_of_question), 120};
static const struct urn_shape photo_shape = {photos_of_answer, LAST(photos_of_answer), 5};

static uint32_t scaled(uint32_t full_rows, uint32_t products) {
    return (uint32_t)(((uint64_t)full_rows * products + FULL_PRODUCTS / 2) / FULL_PRODUCTS);
}

void dataset_init(struct dataset *dataset, uint32_t products, uint64_t seed) {
    *dataset = (struct dataset){
        .products = products,
        .total = {.questions = scaled(FULL_QUESTIONS, products),
                  .answers = scaled(FULL_ANSWERS, products),
                  .photos = scaled(FULL_PHOTOS, products)},
        .customers = 20 + products / 4,
        .random = {.state = seed},
    };
    const struct dataset_rows *total = &dataset->total;
    urn_fill(&dataset->questions_of_product, &question_shape, products, total->questions);
    urn_fill(&dataset->answers_of_question, &answer_shape, total->questions, total->answers);
    urn_fill(&dataset->photos_of_answer, &photo_shape, total->answers, total->photos);
}

/* What questions and answers have in common: a row of either file. */
struct post {
    uint32_t id;
    uint32_t parent_id;
    int64_t date_ms;
    struct snippet body;
    struct customer author;
    bool reported;
    uint32_t helpful;
};

static void write_post(struct csv_writer *file, const struct post *post) {
    csv_write_number(file, post->id);
    csv_write_number(file, post->parent_id);
    csv_write_text(file, post->body.bytes, post->body.length);
    csv_write_number(file, (uint64_t)post->date_ms);
    csv_write_text(file, post->author.name.bytes, post->author.name.length);
    csv_write_text(file, post->author.email.bytes, post->author.email.length);
    csv_write_number(file, post->reported);
    csv_write_number(file, post->helpful);
    csv_end_row(file);
}

static void draw_votes(struct post *post, bool showcase, struct random *random) {
    post->helpful = showcase ? HIGHEST_HELPFUL - random_below(random, 10)
                             : random_below(random, random_low(random, HIGHEST_HELPFUL + 1) + 1);
    post->reported = random_once_in(random, 33) && !showcase;
}

/* At least a day of the four years is left for answers. */
static int64_t draw_question_date(struct random *random) {
    int64_t seconds = random_below(random, YEARS_S - DAY_S);
    return YEARS_START_MS + seconds * 1000 + random_below(random, 1000);
}

static int64_t draw_answer_date(int64_t question_ms, struct random *random) {
    int64_t left_s = (YEARS_START_MS - question_ms) / 1000 + YEARS_S;
    uint32_t longest_s = left_s < LONGEST_WAIT_S ? (uint32_t)left_s : LONGEST_WAIT_S;
    int64_t wait_s = 60 + random_low(random, longest_s - 60);
    return question_ms + wait_s * 1000 - random_below(random, 1000);
}

/*
 * Photos are drawings of our own (scripts/draw-photos.py), which NGINX serves: one picture and one
 * colour for a product, and a scene that differs from photo to photo of an answer. The address has
 * no host, so that it fits wherever the service runs.
 */
static void write_photo(struct dataset *dataset, struct csv_writer *file,
                        const struct product *product, uint32_t answer_id, uint32_t number) {
    static const char *const colours[] = {
        "/moss-green-", "/navy-", "/burgundy-",   "/mustard-",    "/turquoise-",
        "/sand-",       "/rose-", "/light-blue-", "/terracotta-", "/dark-grey-"};
    static const char *const scenes[] = {"1.svg", "2.svg", "3.svg", "4.svg", "5.svg"};
    struct snippet url = {.length = 0};
    snippet_append(&url, "/photos/");
    snippet_append(&url, product->picture);
    snippet_append(&url, colours[dataset->products_written % (sizeof colours / sizeof colours[0])]);
    snippet_append(&url, scenes[(answer_id + number) % (sizeof scenes / sizeof scenes[0])]);

    csv_write_number(file, ++dataset->written.photos);
    csv_write_number(file, answer_id);
    csv_write_text(file, url.bytes, url.length);
    csv_end_row(file);
}

static void write_answer(struct dataset *dataset, struct csv_writer files[DATASET_FILES],
                         struct conversation *conversation, const struct post *question,
                         bool showcase) {
    struct random *random = &dataset->random;
    struct post answer;
    answer.id = ++dataset->written.answers;
    answer.parent_id = question->id;
    answer.date_ms = draw_answer_date(question->date_ms, random);
    if (random_once_in(random, SELLER_ANSWER_IN)) {
        conversation_answer_as_seller(conversation, random, &answer.body);
        customer_seller(&answer.author);
    } else {
        conversation_answer(conversation, random, &answer.body);
        customer_draw(&answer.author, dataset->customers, random);
    }
    draw_votes(&answer, showcase, random);
    write_post(&files[ANSWERS_FILE], &answer);

    uint32_t photos = showcase ? urn_draw_between(&dataset->photos_of_answer, random, 1, 3)
                               : urn_draw(&dataset->photos_of_answer, random);
    for (uint32_t number = 1; number <= photos; number++) {
        write_photo(dataset, &files[PHOTOS_FILE], conversation->product, answer.id, number);
    }
}

static void write_question(struct dataset *dataset, struct csv_writer files[DATASET_FILES],
                           const struct product *product, bool showcase) {
    struct random *random = &dataset->random;
    struct conversation conversation;
    conversation_start(&conversation, product, random);

    struct post question;
    question.id = ++dataset->written.questions;
    question.parent_id = dataset->products_written;
    question.date_ms = draw_question_date(random);
    conversation_ask(&conversation, random, &question.body);
    customer_draw(&question.author, dataset->customers, random);
    draw_votes(&question, showcase, random);
    write_post(&files[QUESTIONS_FILE], &question);

    uint32_t answers = showcase ? urn_draw_between(&dataset->answers_of_question, random, 2, 5)
                                : urn_draw(&dataset->answers_of_question, random);
    for (uint32_t i = 0; i < answers; i++) {
        write_answer(dataset, files, &conversation, &question, showcase && i == 0);
    }
}

void dataset_write_product(struct dataset *dataset, struct csv_writer files[DATASET_FILES]) {
    bool showcase = ++dataset->products_written <= SHOWCASE_PRODUCTS;
    struct product product;
    conversation_draw_product(&product, &dataset->random);

    struct urn *urn = &dataset->questions_of_product;
    uint32_t questions =
        showcase ? urn_draw_between(urn, &dataset->random, 4, 8) : urn_draw(urn, &dataset->random);
    for (uint32_t i = 0; i < questions; i++) {
        write_question(dataset, files, &product, showcase && i == 0);
    }
}
