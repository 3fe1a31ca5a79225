/* How the batcher and its pool end with a batch in flight, as a worker ends them. */
#include "db/batcher.h"
#include "fake_pool.h"
#include "suites.h"

static const struct batch_form votes = {
    .statement = STATEMENT_VOTE_ANSWERS,
    .for_equal = STATEMENT_VOTE_ANSWER,
    .unlocked = STATEMENT_COUNT,
};

static int dones, doubts;

static void on_item_done(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    (void)owner;
    (void)result;
    (void)row;
    ck_assert_int_eq(outcome, QUERY_UNKNOWN);
    ck_assert_int_eq(doubts, 1);
    dones++;
}

static void on_uncertain(void *owner) {
    (void)owner;
    doubts++;
}

/* Under the address sanitizer the other order fails: the batcher, which has just been told of its
 * batch, asks the pool in the loop's next turn. */
START_TEST(a_batcher_ends_between_the_close_and_the_end_of_its_pool) {
    const struct pool_settings pool_settings = fake_pool_settings();
    const struct batcher_settings settings = {
        .batches_in_flight = 1,
        .queue_limit = 10,
        .queue_wait_ms = 60000,
        .request_timeout_ms = 60000,
        .on_uncertain = on_uncertain,
    };
    fake_pool_open(&pool_settings);
    struct batcher *batcher = batcher_new(base, pool, &settings);
    ck_assert_ptr_nonnull(batcher);
    batcher_add(batcher, &votes, 0, "7", on_item_done, NULL);
    turn();
    ck_assert(fake_is_running(running(0)));

    batcher_close(batcher);
    pool_close(pool);
    ck_assert_int_eq(dones, 1);
    batcher_free(batcher);
    pool_free(pool);
    turn();
    ck_assert_int_eq(dones, 1);
    event_base_free(base);
}
END_TEST

Suite *batcher_end_suite(void) {
    Suite *suite = suite_create("batcher_end");
    TCase *cases = tcase_create("batcher_end");
    tcase_add_test(cases, a_batcher_ends_between_the_close_and_the_end_of_its_pool);
    suite_add_tcase(suite, cases);
    return suite;
}
