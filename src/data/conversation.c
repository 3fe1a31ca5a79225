/*
 * Builds bodies of one to three sentences: perhaps an opening, the one that matters, perhaps a
 * closing; each a template whose slots are filled.
 */
#include "data/conversation.h"

#include <assert.h>
#include <string.h>

struct category {
    const struct topics *topics;
    struct phrases products;
};

static const struct category categories[] = {
    {&clothes_topics, PHRASES("rain jacket", "linen shirt", "wool jumper", "hoodie", "summer dress",
                              "denim jacket", "pleated skirt", "winter coat", "polo shirt",
                              "cardigan", "fleece pullover", "blazer")},
    {&shoes_topics, PHRASES("hiking boot", "running shoe", "Chelsea boot", "sneaker", "loafer",
                            "canvas shoe", "winter boot", "leather sandal")},
    {&electronics_topics,
     PHRASES("wireless speaker", "fitness watch", "e-reader", "action camera", "headset",
             "pocket projector", "baby monitor", "keyboard", "weather station")},
    {&furniture_topics,
     PHRASES("bookcase", "coffee table", "bed frame", "sideboard", "standing desk", "wardrobe",
             "café table", "shoe rack", "kitchen stool", "garden bench")},
    {&outdoor_topics, PHRASES("tent", "hiking backpack", "duffel bag", "bivouac tent",
                              "beach shelter", "travel backpack")},
};

static const char *draw_phrase(const struct phrases *phrases, struct random *random) {
    return phrases->list[random_below(random, (uint32_t)phrases->count)];
}

static void draw_words(struct conversation *conversation, bool shared, struct random *random) {
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (slots[i].shared == shared) {
            conversation->words[i] = draw_phrase(&slots[i].words, random);
        }
    }
}

void product_draw(struct product *product, struct random *random) {
    const struct category *category =
        &categories[random_below(random, sizeof categories / sizeof categories[0])];
    product->topics = category->topics;
    product->name = draw_phrase(&category->products, random);
}

void conversation_start(struct conversation *conversation, const struct product *product,
                        struct random *random) {
    const struct topics *topics = random_once_in(random, 3) ? &shop_topics : product->topics;
    conversation->product = product;
    conversation->topic = &topics->list[random_below(random, (uint32_t)topics->count)];
    conversation->next = random_below(random, (uint32_t)conversation->topic->exchange_count);
    draw_words(conversation, true, random);
}

static const char *word_for(const struct conversation *conversation, const char *slot,
                            size_t length) {
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (strncmp(slots[i].name, slot, length) == 0 && slots[i].name[length] == '\0') {
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
    compose(conversation, random, body, &question_openings, exchange->question, &question_closings);
}

void conversation_answer(struct conversation *conversation, struct random *random,
                         struct snippet *body) {
    const struct exchange *exchange = &conversation->topic->exchanges[conversation->next];
    conversation->next = (conversation->next + 1) % conversation->topic->exchange_count;
    compose(conversation, random, body, &answer_openings, exchange->answer, &answer_closings);
}

void conversation_answer_as_seller(struct conversation *conversation, struct random *random,
                                   struct snippet *body) {
    const char *sentence = draw_phrase(&conversation->topic->seller_answers, random);
    compose(conversation, random, body, &seller_openings, sentence, &seller_closings);
}
