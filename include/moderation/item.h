/* What moderators decide about: a question or an answer, which is called as in paths of the API,
 * `questions/37` or `answers/68`. A product, `products/5`, is held or released. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ITEM_ID_SIZE = 24 /* of a decimal number */ };

struct item {
    const char *kind;      /* as item_kind (sql/migrations/0018_moderation.sql): question, answer */
    char id[ITEM_ID_SIZE]; /* without leading zeros */
};

/* False where it is no name of an item. */
__attribute__((warn_unused_result)) bool item_parse(const char *text, struct item *item);

/* The product's number, without leading zeros. False where it is no name of a product. */
__attribute__((warn_unused_result)) bool item_parse_product(const char *text,
                                                            char id[ITEM_ID_SIZE]);

/* Whether it is a choice of items that sql/moderation/list.sql knows; and a kind. */
bool item_is_choice(const char *text);
bool item_is_kind(const char *text);

/* The words of both, ending with NULL. */
extern const char *const item_choices[];
extern const char *const item_kinds[];

/* Why nothing was decided, for people; `refusal` is what the statement says. */
const char *item_why_not(const char *refusal);
