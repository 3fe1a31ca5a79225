/* When the certificate in a file ends. */
#include "ops/certificate.h"
#include "scratch.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

/* Until 2036-11-27T06:42:08Z. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfTCCASOgAwIBAgIUFP9hUZGWs/CRAFyaGihdRVYIus4wCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEzMDA2NDIwOFoXDTM2MTEyNzA2\n"
    "NDIwOFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"
    "AQcDQgAEAahvjm5aZpOFpjo46+Kf8rJ+IR9JGUr6m5aZD8S6IbD4k8OaT6kFCRtY\n"
    "o6zXj4F8pYPWyUW0Ce/4ICCjipqTNaNTMFEwHQYDVR0OBBYEFKWsxEoNvXgPw0kt\n"
    "mtLIFPxrYaTFMB8GA1UdIwQYMBaAFKWsxEoNvXgPw0ktmtLIFPxrYaTFMA8GA1Ud\n"
    "EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAIX4mb7gA+i9iWVH2ByyClFv\n"
    "ezAJ6n5AoEq4yjCPr9WFAiBAKEdfd8T6KkDHg7LtzhXf9sjUilt9QuTBVgRxMFZN\n"
    "8Q==\n"
    "-----END CERTIFICATE-----\n";
enum { ITS_END_S = 2111380928 };

static char error[256];

static int64_t end_of(const char *text) {
    *error = '\0';
    return certificate_end_s(scratch_file("pair.pem", text), error, sizeof error);
}

START_TEST(the_first_certificate_of_a_file_is_looked_at) {
    char text[4096];
    ck_assert_int_eq(end_of(certificate), ITS_END_S);
    snprintf(text, sizeof text, "Some words.\n%s\n-----BEGIN CERTIFICATE-----\nAAAA\n",
             certificate);
    ck_assert_int_eq(end_of(text), ITS_END_S);
    ck_assert_str_eq(error, "");
}
END_TEST

START_TEST(what_is_no_certificate_is_told) {
    static const char *const wrong[] = {"", "hello\n",
                                        "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                        "-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(end_of(wrong[i]), 0);
        ck_assert_ptr_nonnull(strstr(error, "pair.pem holds no certificate"));
    }
    char cut[sizeof certificate];
    for (size_t length = 0; length < sizeof certificate - 30; length += 7) {
        snprintf(cut, sizeof cut, "%.*s", (int)length, certificate);
        ck_assert_int_eq(end_of(cut), 0);
    }
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_told) {
    ck_assert_int_eq(certificate_end_s("/nowhere.pem", error, sizeof error), 0);
    ck_assert_str_eq(error, "/nowhere.pem: No such file or directory");
    ck_assert_int_eq(certificate_end_s("/", error, sizeof error), 0);
    ck_assert_str_eq(error, "/: Is a directory");
    ck_assert_int_eq(certificate_end_s("/dev/zero", error, sizeof error), 0); /* endless */
}
END_TEST

Suite *certificate_suite(void) {
    Suite *suite = suite_create("certificate");
    TCase *cases = tcase_create("certificate");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_test(cases, the_first_certificate_of_a_file_is_looked_at);
    tcase_add_test(cases, what_is_no_certificate_is_told);
    tcase_add_test(cases, a_file_that_cannot_be_read_is_told);
    suite_add_tcase(suite, cases);
    return suite;
}
