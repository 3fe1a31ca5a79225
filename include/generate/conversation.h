/*
 * The text of a question and of its answers: one product, one topic, the same colour, size or
 * city throughout.
 */
#pragma once

#include "generate/phrases.h"
#include "generate/random.h"
#include "generate/snippet.h"
#include "generate/topics.h"

struct product {
    const struct topics *topics; /* what is asked about its kind only */
    const char *name;            /* "rain jacket" */
    const char *picture;         /* what shows it, "jacket": of web/pictures.svg */
};

struct conversation {
    const struct product *product;
    const struct topic *topic;
    size_t next; /* exchange: the question is from one, answers from this and those after it */
    const char *words[SLOT_COUNT];
};

void conversation_draw_product(struct product *product, struct random *random);

/* Draws topic and shared words; the product must outlive the conversation. */
void conversation_start(struct conversation *conversation, const struct product *product,
                        struct random *random);

/* The question comes first, then its answers. Each writes one body of 20 to 250 characters, in
 * place of what `body` held. */
void conversation_ask(struct conversation *conversation, struct random *random,
                      struct snippet *body);
void conversation_answer(struct conversation *conversation, struct random *random,
                         struct snippet *body);
void conversation_answer_as_seller(struct conversation *conversation, struct random *random,
                                   struct snippet *body);
