/* What moderators decide about. */
#include "moderation/item.h"

#include "ops/number.h"
#include "ops/words.h"
#include "rules/limits.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

bool item_parse(const char *text, struct item *item) {
    static const char *const kinds[][2] = {{"questions/", "question"}, {"answers/", "answer"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i][0]);
        uint64_t id;
        if (strncmp(text, kinds[i][0], length) == 0 &&
            number_parse(text + length, strlen(text + length), 1, PATH_ID_MAX, &id)) {
            item->kind = kinds[i][1];
            snprintf(item->id, sizeof item->id, "%" PRIu64, id);
            return true;
        }
    }
    return false;
}

const char *const item_choices[] = {"queue", "hidden", "approved", "erased", "all", NULL};
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
