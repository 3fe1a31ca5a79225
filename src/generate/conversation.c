/*
 * Builds bodies of one to three sentences: perhaps an opening, the one that matters, perhaps a
 * closing; each a template whose slots are filled.
 */
#include "generate/conversation.h"

#include <assert.h>
#include <string.h>

/* What a shop sells, and the picture of web/pictures.svg that shows it. */
struct good {
    const char *name;
    const char *picture;
};

struct category {
    const struct topics *topics;
    const struct good *goods;
    uint32_t good_count;
};

/* The last two members of a `struct category`. */
#define GOODS(...)                                                                                 \
    (const struct good[]){__VA_ARGS__},                                                            \
        sizeof((const struct good[]){__VA_ARGS__}) / sizeof(struct good)

static const struct category categories[] = {
    {&topics_clothes,
     GOODS({"rain jacket", "jacket"}, {"linen shirt", "shirt"}, {"wool jumper", "jumper"},
           {"hoodie", "jumper"}, {"summer dress", "dress"}, {"denim jacket", "jacket"},
           {"pleated skirt", "skirt"}, {"winter coat", "jacket"}, {"polo shirt", "shirt"},
           {"cardigan", "jumper"}, {"fleece pullover", "jumper"}, {"blazer", "jacket"})},
    {&topics_shoes,
     GOODS({"hiking boot", "boot"}, {"running shoe", "sneaker"}, {"Chelsea boot", "boot"},
           {"sneaker", "sneaker"}, {"loafer", "sneaker"}, {"canvas shoe", "sneaker"},
           {"winter boot", "boot"}, {"leather sandal", "sandal"})},
    {&topics_electronics,
     GOODS({"wireless speaker", "speaker"}, {"fitness watch", "watch"}, {"e-reader", "reader"},
           {"action camera", "camera"}, {"headset", "headset"}, {"pocket projector", "projector"},
           {"baby monitor", "display"}, {"keyboard", "keyboard"}, {"weather station", "display"})},
    {&topics_furniture,
     GOODS({"bookcase", "bookcase"}, {"coffee table", "table"}, {"bed frame", "bed"},
           {"sideboard", "sideboard"}, {"standing desk", "desk"}, {"wardrobe", "wardrobe"},
           {"café table", "table"}, {"shoe rack", "rack"}, {"kitchen stool", "stool"},
           {"garden bench", "bench"})},
    {&topics_outdoor,
     GOODS({"tent", "tent"}, {"hiking backpack", "backpack"}, {"duffel bag", "duffel"},
           {"bivouac tent", "tent"}, {"beach shelter", "tent"}, {"travel backpack", "backpack"})},
};

static const char *draw_phrase(const struct phrases *phrases, struct random *random) {
    return phrases->list[random_below(random, (uint32_t)phrases->count)];
}

static void draw_words(struct conversation *conversation, bool shared, struct random *random) {
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (phrases_slots[i].shared == shared) {
            conversation->words[i] = draw_phrase(&phrases_slots[i].words, random);
        }
    }
}

void conversation_draw_product(struct product *product, struct random *random) {
    const struct category *category =
        &categories[random_below(random, sizeof categories / sizeof categories[0])];
    product->topics = category->topics;
    const struct good *good = &category->goods[random_below(random, category->good_count)];
    product->name = good->name;
    product->picture = good->picture;
}

void conversation_start(struct conversation *conversation, const struct product *product,
                        struct random *random) {
    const struct topics *topics = random_once_in(random, 3) ? &topics_shop : product->topics;
    conversation->product = product;
    conversation->topic = &topics->list[random_below(random, (uint32_t)topics->count)];
    conversation->next = random_below(random, (uint32_t)conversation->topic->exchange_count);
    draw_words(conversation, true, random);
}

static const char *word_for(const struct conversation *conversation, const char *slot,
                            size_t length) {
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (strncmp(phrases_slots[i].name, slot, length) == 0 &&
            phrases_slots[i].name[length] == '\0') {
            return conversation->words[i];
        }
    }
    assert(strncmp("product", slot, length) == 0);
    return conversation->product->name;
}

static void append_template(const struct conversation *conversation, const char *template,
                            struct snippet *body) {
    size_t start = body->length;
    for (;;) {
        size_t plain = strcspn(template, "{");
        snippet_append_bytes(body, template, plain);
        if (template[plain] == '\0') {
            break;
        }
        const char *slot = template + plain + 1;
        size_t length = strcspn(slot, "}");
        snippet_append(body, word_for(conversation, slot, length));
        template = slot + length + 1;
    }
    if (body->bytes[start] >= 'a' && body->bytes[start] <= 'z') {
        body->bytes[start] = (char)(body->bytes[start] - 'a' + 'A');
    }
}

static const char *draw_separator(struct random *random) {
    if (!random_once_in(random, 5)) {
        return " ";
    }
    return random_once_in(random, 4) ? "\n\n" : "\n";
}

static void compose(struct conversation *conversation, struct random *random, struct snippet *body,
                    const struct phrases *openings, const char *sentence,
                    const struct phrases *closings) {
    body->length = 0;
    draw_words(conversation, false, random);
    if (random_once_in(random, 2)) {
        append_template(conversation, draw_phrase(openings, random), body);
        snippet_append(body, draw_separator(random));
    }
    append_template(conversation, sentence, body);

    if (!random_once_in(random, 3)) {
        snippet_append(body, draw_separator(random));
        append_template(conversation, draw_phrase(closings, random), body);
    }
}

void conversation_ask(struct conversation *conversation, struct random *random,
                      struct snippet *body) {
    const struct exchange *exchange = &conversation->topic->exchanges[conversation->next];
    compose(conversation, random, body, &phrases_question_openings, exchange->question,
            &phrases_question_closings);
}

void conversation_answer(struct conversation *conversation, struct random *random,
                         struct snippet *body) {
    const struct exchange *exchange = &conversation->topic->exchanges[conversation->next];
    conversation->next = (conversation->next + 1) % conversation->topic->exchange_count;
    compose(conversation, random, body, &phrases_answer_openings, exchange->answer,
            &phrases_answer_closings);
}

void conversation_answer_as_seller(struct conversation *conversation, struct random *random,
                                   struct snippet *body) {
    const char *sentence = draw_phrase(&conversation->topic->seller_answers, random);
    compose(conversation, random, body, &phrases_seller_openings, sentence,
            &phrases_seller_closings);
}
