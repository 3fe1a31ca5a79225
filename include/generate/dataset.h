/*
 * The synthetic data set: questions, answers and photos of any number of products, in the shape of
 * the shop's full one. Row by row and product by product, so that memory stays flat; everything
 * follows from the number of products and the seed.
 *
 * The rows of the three tables are exactly as many as in the full data set, scaled to the number
 * of products. The first products are a showcase: each has, as far as so few products allow, some
 * questions, the first of which is popular and has answers, one of them with photos.
 */
#pragma once

#include "generate/random.h"
#include "generate/urn.h"
#include "import/csv_writer.h"
#include "import/layout.h"

#include <stdint.h>

enum {
    FULL_PRODUCTS = 1000011,
    MAX_PRODUCTS = 10000000,
};

/* How many rows there are; also the id of the last one, as ids start from 1 without a gap. */
struct dataset_rows {
    uint32_t questions;
    uint32_t answers;
    uint32_t photos;
};

struct dataset {
    uint32_t products;
    uint32_t products_written;
    struct dataset_rows total;
    struct dataset_rows written;
    uint32_t customers;
    struct random random;
    struct urn questions_of_product;
    struct urn answers_of_question;
    struct urn photos_of_answer;
};

/* Prepares the rows of 1 to MAX_PRODUCTS products. */
void dataset_init(struct dataset *dataset, uint32_t products, uint64_t seed);

/* Writes everything about the next product, to the writers of the files of `layouts` in their
 * order; to be called once for each product. */
void dataset_write_product(struct dataset *dataset, struct csv_writer files[DATASET_FILES]);
