/* An urn of numbered cards whose numbers add up to a given total. */
#include "generate/urn.h"

#include <assert.h>

/* Weights are multiplied by this, so that the far end of a tail does not round to nothing. */
enum { TAIL_PRECISION = 10000 };

static uint64_t shape_weight(const struct urn_shape *shape, uint32_t number) {
    if (number <= shape->last) {
        return (uint64_t)shape->weights[number] * TAIL_PRECISION;
    }
    uint64_t last = shape->last;
    uint64_t square = (uint64_t)number * number;
    return shape_weight(shape, shape->last) * last * last * last * last / (square * square);
}

/* Deals the cards out by weight. Rounding the running sum, not each weight, makes their number
 * exact and lets the rare numbers of the tail appear one card at a time, in large urns only. */
static void deal_by_weight(struct urn *urn, const struct urn_shape *shape) {
    uint64_t weight_sum = 0;
    for (uint32_t number = 0; number <= shape->highest; number++) {
        weight_sum += shape_weight(shape, number);
    }

    uint64_t weight_so_far = 0;
    uint32_t dealt = 0;
    for (uint32_t number = 0; number <= shape->highest; number++) {
        weight_so_far += shape_weight(shape, number);
        uint32_t dealt_now = (uint32_t)((weight_so_far * urn->left + weight_sum / 2) / weight_sum);
        urn->cards[number] = dealt_now - dealt;
        dealt = dealt_now;
    }
}

static uint32_t fullest_pile(const struct urn *urn, uint32_t low, uint32_t high) {
    uint32_t fullest = low;
    for (uint32_t number = low; number <= high; number++) {
        if (urn->cards[number] > urn->cards[fullest]) {
            fullest = number;
        }
    }
    return fullest;
}

/* Raises or lowers cards by one, always of the fullest pile, until they add up to the total.
 * Shapes are near it from the start, so that this does not show in them. */
static void correct_to_total(struct urn *urn, uint64_t total) {
    uint64_t sum = 0;
    for (uint32_t number = 1; number <= urn->highest; number++) {
        sum += (uint64_t)number * urn->cards[number];
    }
    for (; sum < total; sum++) {
        uint32_t from = fullest_pile(urn, 0, urn->highest - 1);
        urn->cards[from]--;
        urn->cards[from + 1]++;
    }
    for (; sum > total; sum--) {
        uint32_t from = fullest_pile(urn, 1, urn->highest);
        urn->cards[from]--;
        urn->cards[from - 1]++;
    }
}

void urn_fill(struct urn *urn, const struct urn_shape *shape, uint32_t cards, uint64_t total) {
    assert(shape->highest <= URN_HIGHEST && total <= (uint64_t)cards * shape->highest);
    *urn = (struct urn){.left = cards, .highest = shape->highest};
    deal_by_weight(urn, shape);
    correct_to_total(urn, total);
}

/* Draws the card at `position` when all cards from `low` up lie in a row. */
static uint32_t draw_at(struct urn *urn, uint32_t low, uint32_t position) {
    uint32_t number = low;
    for (; position >= urn->cards[number]; number++) {
        position -= urn->cards[number];
    }
    urn->cards[number]--;
    urn->left--;
    return number;
}

uint32_t urn_draw(struct urn *urn, struct random *random) {
    return draw_at(urn, 0, random_below(random, urn->left));
}

uint32_t urn_draw_between(struct urn *urn, struct random *random, uint32_t low, uint32_t high) {
    uint32_t candidates = 0;
    for (uint32_t number = low; number <= high; number++) {
        candidates += urn->cards[number];
    }
    if (candidates == 0) {
        return urn_draw(urn, random);
    }
    return draw_at(urn, low, random_below(random, candidates));
}
