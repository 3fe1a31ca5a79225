/* Hashes of texts. */
#include "ops/digest.h"
#include "suites.h"

static void assert_digest(const char *const *texts, size_t count, const char *expected) {
    char digest[DIGEST_SIZE];
    digest_texts(texts, count, digest);
    ck_assert_str_eq(digest, expected);
}

START_TEST(a_digest_is_the_first_half_of_the_sha_256) {
    static const char *const abc[] = {"abc"}, *const empty[] = {""};
    assert_digest(abc, 1, "ba7816bf8f01cfea414140de5dae2223"); /* FIPS 180-2, B.1 */
    assert_digest(empty, 1, "e3b0c44298fc1c149afbf4c8996fb924");
}
END_TEST

START_TEST(it_tells_where_a_text_ends) {
    static const char *const one[] = {"ab", "c"}, *const other[] = {"a", "bc"};
    char digest[DIGEST_SIZE], digest_of_other[DIGEST_SIZE];
    digest_texts(one, 2, digest);
    digest_texts(other, 2, digest_of_other);
    ck_assert_str_ne(digest, digest_of_other);
    digest_texts(one, 2, digest_of_other);
    ck_assert_str_eq(digest, digest_of_other);
}
END_TEST

Suite *digest_suite(void) {
    Suite *suite = suite_create("digest");
    TCase *cases = tcase_create("digest");
    tcase_add_test(cases, a_digest_is_the_first_half_of_the_sha_256);
    tcase_add_test(cases, it_tells_where_a_text_ends);
    suite_add_tcase(suite, cases);
    return suite;
}
