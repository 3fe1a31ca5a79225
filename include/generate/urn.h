/*
 * An urn of cards with a number on each ("so many questions has this product"), drawn without
 * putting back. A run of random draws only comes near a total; an urn meets it exactly, whatever
 * the order in which its cards come out, and takes the same memory for any number of cards.
 */
#pragma once

#include "generate/random.h"

#include <stdint.h>

enum { URN_HIGHEST = 200 }; /* the highest number that a card may bear */

/* How common each number is, relative to the others. */
struct urn_shape {
    const uint32_t *weights; /* of 0, 1, 2 … last, each at most a million */
    uint32_t last;           /* the last number with a weight of its own, at least 1 */
    uint32_t highest; /* numbers up to here follow it in a long tail: weight ~ 1 / number^4 */
};

struct urn {
    uint32_t left;                   /* cards in the urn */
    uint32_t highest;                /* the highest number on a card */
    uint32_t cards[URN_HIGHEST + 1]; /* how many cards bear this number */
};

/* Fills the urn with `cards` cards of this shape (at most 100 million) whose numbers add up to
 * exactly `total`, which is at most cards * highest. */
void urn_fill(struct urn *urn, const struct urn_shape *shape, uint32_t cards, uint64_t total);

/* Draws a card and returns its number; at least one card is left. */
uint32_t urn_draw(struct urn *urn, struct random *random);

/* Draws among the cards from `low` to `high`; when there are none, among all. */
uint32_t urn_draw_between(struct urn *urn, struct random *random, uint32_t low, uint32_t high);
