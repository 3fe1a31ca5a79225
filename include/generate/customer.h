/*
 * The people who ask and answer. A customer is a number: the same number always has the same name
 * and e-mail address, and some customers write far more often than others.
 */
#pragma once

#include "generate/random.h"
#include "generate/snippet.h"

struct customer {
    struct snippet name;
    struct snippet email; /* in domains that are reserved for examples */
};

/* Draws one of `customers` (at least 1) people, in place of what `customer` held. */
void customer_draw(struct customer *customer, uint32_t customers, struct random *random);

/* The shop itself, which answers under the name "Seller" and without an address: `null` in the
 * files. */
void customer_seller(struct customer *customer);
