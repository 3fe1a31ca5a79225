/* What moderators decide about. */
#include "moderation/item.h"

#include "ops/number.h"
#include "ops/words.h"
#include "rules/limits.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The number after a prefix. */
static bool parse_name(const char *text, const char *prefix, uint64_t most, char id[ITEM_ID_SIZE]) {
    size_t length = strlen(prefix);
    uint64_t number;
    if (strncmp(text, prefix, length) != 0 ||
        !number_parse(text + length, strlen(text + length), 1, most, &number)) {
        return false;
    }
    snprintf(id, ITEM_ID_SIZE, "%" PRIu64, number);
    return true;
}

bool item_parse(const char *text, struct item *item) {
    static const char *const kinds[][2] = {{"questions/", "question"}, {"answers/", "answer"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (parse_name(text, kinds[i][0], PATH_ID_MAX, item->id)) {
            item->kind = kinds[i][1];
            return true;
        }
    }
    return false;
}

bool item_parse_product(const char *text, char id[ITEM_ID_SIZE]) {
    return parse_name(text, "products/", PRODUCT_ID_MAX, id);
}

const char *const item_choices[] = {"queue",  "waiting", "hidden", "approved",
                                    "erased", "all",     NULL};
const char *const item_kinds[] = {"question", "answer", NULL};

bool item_is_choice(const char *text) {
    return words_have(item_choices, text);
}

bool item_is_kind(const char *text) {
    return words_have(item_kinds, text);
}

const char *item_why_not(const char *refusal) {
    static const char *const texts[][2] = {
        {"missing", "there is no such question or answer"},
        {"erased", "its text is erased for good"},
        {"nothing", "nothing was decided about it"},
        {"later", "something else was decided about it meanwhile"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(refusal, texts[i][0]) == 0) {
            return texts[i][1];
        }
    }
    return refusal;
}
