/* The version of a page, also of several products. */
#include "pages/page_version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* Takes the next of several products, each of which follows a brace or a comma. False: there is
 * none any more. */
static bool next_product(const char **products, int64_t *product) {
    if (**products == '}') {
        return false;
    }
    char *after;
    *product = strtoll(*products + 1, &after, 10);
    *products = after;
    return true;
}

static struct version note_products(const struct versions *versions, const char *products) {
    struct version sum = {0};
    for (int64_t product; next_product(&products, &product);) {
        struct version version = versions_note(versions, versions_slot(SUBJECT_PRODUCT, product));
        sum.counter += version.counter;
        sum.epoch = version.epoch;
    }
    return sum;
}

static uint64_t replay_of_products(const struct versions *versions, const char *products,
                                   int64_t round_us) {
    uint64_t needed = 0;
    for (int64_t product; next_product(&products, &product);) {
        size_t slot = versions_slot(SUBJECT_PRODUCT, product);
        uint64_t one = versions_replay_needed(versions, slot, round_us);
        needed = one > needed ? one : needed;
    }
    return needed;
}

static size_t slot_of(const struct page_key *key) {
    return versions_slot(page_key_subject(key), key->id);
}

struct version page_version_note(const struct versions *versions, const struct page_key *key,
                                 const char *text) {
    return key->kind == PAGE_COUNTS ? note_products(versions, text)
                                    : versions_note(versions, slot_of(key));
}

uint64_t page_version_replay_needed(const struct versions *versions, const struct page_key *key,
                                    const char *text, int64_t round_us) {
    return key->kind == PAGE_COUNTS ? replay_of_products(versions, text, round_us)
                                    : versions_replay_needed(versions, slot_of(key), round_us);
}
