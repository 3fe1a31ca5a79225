/* Rows from CSV, whatever the pieces in which it comes. */
#include "import/csv_reader.h"
#include "suites.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT = 64, SHOWN_BYTES = 4096 };

/* A source that gives a text in pieces of one size, and may fail at the end. */
struct pieces {
    const char *next;
    size_t left;
    size_t piece;
    bool fails;
};

static ssize_t read_piece(void *owner, char *buffer, size_t size) {
    struct pieces *pieces = owner;
    size_t length = pieces->left < pieces->piece ? pieces->left : pieces->piece;
    length = length < size ? length : size;
    if (length == 0 && pieces->fails) {
        return -1;
    }
    memcpy(buffer, pieces->next, length);
    pieces->next += length;
    pieces->left -= length;
    return (ssize_t)length;
}

static size_t show(char *shown, size_t length, struct csv_text text) {
    int count =
        snprintf(shown + length, SHOWN_BYTES - length, "<%.*s>", (int)text.length, text.bytes);
    return length + (size_t)count;
}

/* All rows as text: "LINE<field><field>" for a sound one, "LINE!fault<raw>" for a faulty one, each
 * behind a blank. */
static void show_rows(const char *csv, char separator, size_t piece, char *shown) {
    static const char *const faults[] = {"", "open", "misplaced", "long"};
    struct pieces pieces = {.next = csv, .left = strlen(csv), .piece = piece};
    struct csv_reader *reader = csv_reader_new(read_piece, &pieces, separator, LIMIT);
    struct csv_row row;
    size_t length = 0;
    enum csv_result result;
    shown[0] = '\0';
    while ((result = csv_reader_next(reader, &row)) == CSV_ROW) {
        length += (size_t)snprintf(shown + length, SHOWN_BYTES - length, " %d%s%s", (int)row.line,
                                   row.fault ? "!" : "", faults[row.fault]);
        if (row.fault) {
            length = show(shown, length, row.raw);
        }
        for (size_t i = 0; !row.fault && i < row.column_count; i++) {
            length = show(shown, length, row.fields[i]);
        }
    }
    ck_assert_int_eq(result, CSV_END);
    ck_assert_int_eq(csv_reader_next(reader, &row), CSV_END);
    csv_reader_free(reader);
}

/* However the bytes come, the rows are these. */
static void check_separated(const char *csv, char separator, const char *expected) {
    for (size_t piece = 1; piece <= strlen(csv) + 1; piece++) {
        char shown[SHOWN_BYTES];
        show_rows(csv, separator, piece, shown);
        ck_assert_msg(strcmp(shown, expected) == 0, "in pieces of %zu: '%s' became '%s', not '%s'",
                      piece, csv, shown, expected);
    }
}

static void check_rows(const char *csv, const char *expected) {
    check_separated(csv, ',', expected);
}

#define BYTES_60 "012345678901234567890123456789012345678901234567890123456789"

START_TEST(fields_are_separated_by_commas_and_rows_by_line_ends) {
    check_rows("a,b\nc,d\n", " 1<a><b> 2<c><d>");
    check_rows("a,b\r\nc,d\r\n", " 1<a><b> 2<c><d>");
    check_rows("a,b\r\nc,d\n", " 1<a><b> 2<c><d>");
    check_rows(" a , b \n", " 1< a >< b >");
    check_rows("a\rb,c\n", " 1<a\rb><c>");
}
END_TEST

START_TEST(the_last_line_needs_no_end) {
    check_rows("", "");
    check_rows("a", " 1<a>");
    check_rows("a,b\nc", " 1<a><b> 2<c>");
    check_rows("a,", " 1<a><>");
    check_rows("a,\"b\"", " 1<a><b>");
    check_rows("\"\"", " 1<>");
}
END_TEST

START_TEST(a_line_of_nothing_but_blanks_and_separators_is_skipped) {
    check_rows("\n", "");
    check_rows("a\n\nb\n", " 1<a> 3<b>");
    check_rows("\r\n\r\n", "");
    check_rows("\n \t\n,,,\r\n , \na\n\n,", " 5<a>");
    check_rows("\"\"\n", " 1<>");
    check_rows(",\"\"\n", " 1<><>");
    check_rows("\"\n\n\"\n", " 1<\n\n>");
}
END_TEST

START_TEST(blanks_around_a_quoted_field_are_skipped) {
    check_rows("1, \"a, b\" , \t\"c\"  \r\n\t\"d\" \n", " 1<1><a, b><c> 2<d>");
    check_rows(" \"a\" ", " 1<a>");
    check_rows(" a , b\n", " 1< a >< b>");
    check_rows("a, \"b\nc\n", " 1!open<a, \"b> 2<c>");
    check_rows("a, \"b\" c\n", " 1!misplaced<a, \"b\" c>");
}
END_TEST

START_TEST(fields_may_be_separated_by_something_else) {
    check_separated("a;b,c;\"d;e\"\n;;\nf;", ';', " 1<a><b,c><d;e> 3<f><>");
    check_separated("a\tb\t \"c\" \t\t\" d\"\n\t\n\te\n", '\t', " 1<a><b><c><>< d> 3<><e>");
    check_separated("a|b, c\n", '|', " 1<a><b, c>");
}
END_TEST

START_TEST(quotes_keep_commas_line_ends_and_quotes) {
    check_rows("\"a,b\",c\n", " 1<a,b><c>");
    check_rows("\"a\nb\",c\nd\n", " 1<a\nb><c> 3<d>");
    check_rows("\"a\r\nb\"\r\nd\r\n", " 1<a\r\nb> 3<d>");
    check_rows("\"a \"\"b\"\" c\"\n", " 1<a \"b\" c>");
    check_rows("\"\"\"\",\"\"\"\"\"\"\n", " 1<\"><\"\">");
    check_rows("\"\",\"\"\n", " 1<><>");
    check_rows("\"a\"\"\",\"\"\"b\"\n", " 1<a\"><\"b>");
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped_at_the_beginning_only) {
    check_rows("\xEF\xBB\xBF"
               "a,b\n",
               " 1<a><b>");
    check_rows("\xEF\xBB\xBF\"a\",b\n", " 1<a><b>");
    check_rows("\xEF\xBB\xBF", "");
    check_rows("a\n\xEF\xBB\xBF"
               "b\n",
               " 1<a> 2<\xEF\xBB\xBF"
               "b>");
    check_rows("\xEF\xBB", " 1<\xEF\xBB>");
}
END_TEST

START_TEST(an_open_quote_costs_one_line) {
    check_rows("a\n\"b\nc\nd\n", " 1<a> 2!open<\"b> 3<c> 4<d>");
    check_rows("a,\"b", " 1!open<a,\"b>");
    check_rows("\"", " 1!open<\">");
    check_rows("\"\"\"", " 1!open<\"\"\">");
    check_rows("\"a\n" BYTES_60 "\nb,c\n", " 1!open<\"a> 2<" BYTES_60 "> 3<b><c>");
}
END_TEST

START_TEST(a_misplaced_quote_costs_one_line) {
    check_rows("a\"b,c\nd\n", " 1!misplaced<a\"b,c> 2<d>");
    check_rows("\"a\"b,c\nd\n", " 1!misplaced<\"a\"b,c> 2<d>");
    check_rows("\"a\" b,c\r\nd\n", " 1!misplaced<\"a\" b,c> 2<d>");
    check_rows("\"a\"\r", " 1!misplaced<\"a\"\r>");
    check_rows("\"a\"\rb\n", " 1!misplaced<\"a\"\rb>");
    check_rows("1,\"a\n2,\"b\",c\n3\n", " 1!misplaced<1,\"a> 2<2><b><c> 3<3>");
}
END_TEST

START_TEST(a_row_is_at_most_as_long_as_the_limit) {
    check_rows(BYTES_60 ",,,\nb\n", " 1<" BYTES_60 "><><><> 2<b>");
    check_rows(BYTES_60 ",,,,\nb\n", " 1!long<" BYTES_60 ",,,,> 2<b>");
    check_rows(BYTES_60 ",,,", " 1<" BYTES_60 "><><><>");
    check_rows(BYTES_60 BYTES_60 BYTES_60 "\nb\n", " 1!long<" BYTES_60 "0123> 2<b>");
    check_rows(BYTES_60 BYTES_60, " 1!long<" BYTES_60 "0123>");
    check_rows("\"" BYTES_60 BYTES_60 "\"\nb\n", " 1!long<\"" BYTES_60 "012> 2<b>");
    check_rows("\"a\nb\"," BYTES_60 "\nc\n", " 1!long<\"a> 2!misplaced<b\"," BYTES_60 "> 3<c>");
}
END_TEST

START_TEST(the_raw_row_is_kept_as_it_came) {
    const char *csv = "a,\"b \"\"\n c\"\r\nd";
    struct pieces pieces = {.next = csv, .left = strlen(csv), .piece = 3};
    struct csv_reader *reader = csv_reader_new(read_piece, &pieces, ',', LIMIT);
    struct csv_row row;
    ck_assert_int_eq(csv_reader_next(reader, &row), CSV_ROW);
    ck_assert_uint_eq(row.raw.length, strlen("a,\"b \"\"\n c\""));
    ck_assert_mem_eq(row.raw.bytes, csv, row.raw.length);
    csv_reader_free(reader);
}
END_TEST

START_TEST(fields_past_the_last_are_counted_but_not_kept) {
    char csv[4 * CSV_COLUMNS_MAX];
    size_t count = 2 * CSV_COLUMNS_MAX - 1;
    memset(csv, ',', count);
    csv[0] = 'a';
    struct pieces pieces = {.next = csv, .left = count, .piece = count};
    struct csv_reader *reader = csv_reader_new(read_piece, &pieces, ',', sizeof csv);
    struct csv_row row;
    ck_assert_int_eq(csv_reader_next(reader, &row), CSV_ROW);
    ck_assert_uint_eq(row.column_count, count);
    csv_reader_free(reader);
}
END_TEST

START_TEST(bytes_of_any_value_pass) {
    static const char csv[] = "a\0b,\xFF\n";
    struct pieces pieces = {.next = csv, .left = sizeof csv - 1, .piece = 2};
    struct csv_reader *reader = csv_reader_new(read_piece, &pieces, ',', LIMIT);
    struct csv_row row;
    ck_assert_int_eq(csv_reader_next(reader, &row), CSV_ROW);
    ck_assert_uint_eq(row.column_count, 2);
    ck_assert_uint_eq(row.fields[0].length, 3);
    ck_assert_mem_eq(row.fields[0].bytes, "a\0b", 3);
    ck_assert_mem_eq(row.fields[1].bytes, "\xFF", 1);
    csv_reader_free(reader);
}
END_TEST

START_TEST(a_source_that_fails_is_told) {
    struct pieces pieces = {.next = "a\nb", .left = 3, .piece = 1, .fails = true};
    struct csv_reader *reader = csv_reader_new(read_piece, &pieces, ',', LIMIT);
    struct csv_row row;
    enum csv_result result;
    while ((result = csv_reader_next(reader, &row)) == CSV_ROW) {
    }
    ck_assert_int_eq(result, CSV_UNREADABLE);
    csv_reader_free(reader);
}
END_TEST

Suite *csv_reader_suite(void) {
    Suite *suite = suite_create("csv_reader");
    TCase *cases = tcase_create("csv_reader");
    tcase_add_test(cases, fields_are_separated_by_commas_and_rows_by_line_ends);
    tcase_add_test(cases, the_last_line_needs_no_end);
    tcase_add_test(cases, a_line_of_nothing_but_blanks_and_separators_is_skipped);
    tcase_add_test(cases, blanks_around_a_quoted_field_are_skipped);
    tcase_add_test(cases, fields_may_be_separated_by_something_else);
    tcase_add_test(cases, quotes_keep_commas_line_ends_and_quotes);
    tcase_add_test(cases, a_byte_order_mark_is_skipped_at_the_beginning_only);
    tcase_add_test(cases, an_open_quote_costs_one_line);
    tcase_add_test(cases, a_misplaced_quote_costs_one_line);
    tcase_add_test(cases, a_row_is_at_most_as_long_as_the_limit);
    tcase_add_test(cases, the_raw_row_is_kept_as_it_came);
    tcase_add_test(cases, fields_past_the_last_are_counted_but_not_kept);
    tcase_add_test(cases, bytes_of_any_value_pass);
    tcase_add_test(cases, a_source_that_fails_is_told);
    suite_add_tcase(suite, cases);
    return suite;
}
