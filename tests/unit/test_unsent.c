/* How much a server holds of large bodies. */
#include "http/unsent.h"
#include "ops/metrics.h"
#include "suites.h"

enum { LARGE = UNSENT_COUNTED_FROM_BYTES, SMALL = LARGE - 1 };

static struct metrics metrics;
static struct unsent unsent;
static struct http_delivery delivery;
static struct http_request *request;
static int released;

static void begin(void) {
    unsent = (struct unsent){.metrics = &metrics};
    delivery = (struct http_delivery){.unsent = &unsent};
    request = http_request_new("/");
    request->delivery = &delivery;
}

static void end(void) {
    http_request_free(request);
}

static void release(void *owner) {
    ck_assert_ptr_eq(owner, &released);
    released++;
}

static struct http_body hold(size_t length) {
    return unsent_hold(request, (struct http_body){"bytes", length, release, &released});
}

START_TEST(large_bodies_count_until_they_are_released) {
    struct http_body one = hold(LARGE), other = hold(3 * LARGE);
    ck_assert_uint_eq(one.length, LARGE);
    ck_assert_str_eq(one.data, "bytes");
    ck_assert_uint_eq(unsent.bytes, 4 * LARGE);
    one.release(one.owner);
    ck_assert_int_eq(released, 1);
    ck_assert_uint_eq(unsent.bytes, 3 * LARGE);
    ck_assert_uint_eq(metrics_get(&metrics.gauges.unsent_bytes), 3 * LARGE);
    other.release(other.owner);
    ck_assert_int_eq(released, 2);
    ck_assert_uint_eq(unsent.bytes, 0);
    ck_assert_uint_eq(metrics_get(&metrics.gauges.unsent_bytes), 0);
}
END_TEST

START_TEST(small_bodies_do_not_count_and_are_always_admitted) {
    struct http_body large = hold(UNSENT_LIMIT_BYTES), small = hold(SMALL);
    ck_assert_uint_eq(unsent.bytes, UNSENT_LIMIT_BYTES);
    ck_assert(unsent_admits(request, SMALL));
    small.release(small.owner);
    ck_assert_int_eq(released, 1);
    large.release(large.owner);
}
END_TEST

START_TEST(large_bodies_are_admitted_up_to_the_bound_and_refused_beyond_it) {
    ck_assert(unsent_admits(request, UNSENT_LIMIT_BYTES));
    struct http_body others = hold(UNSENT_LIMIT_BYTES - LARGE);
    ck_assert(unsent_admits(request, LARGE));
    ck_assert(!request->responded);
    ck_assert(!unsent_admits(request, LARGE + 1));
    ck_assert_uint_eq(request->status, 503);
    ck_assert_uint_eq(metrics_get(&metrics.unsent_rejections), 1);
    others.release(others.owner);
    ck_assert(unsent_admits(request, LARGE + 1));
}
END_TEST

Suite *unsent_suite(void) {
    Suite *suite = suite_create("unsent");
    TCase *cases = tcase_create("unsent");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, large_bodies_count_until_they_are_released);
    tcase_add_test(cases, small_bodies_do_not_count_and_are_always_admitted);
    tcase_add_test(cases, large_bodies_are_admitted_up_to_the_bound_and_refused_beyond_it);
    suite_add_tcase(suite, cases);
    return suite;
}
