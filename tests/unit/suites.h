/* The unit tests: one suite for each module. main.c runs them all. */
#pragma once

#include <check.h>

Suite *accept_encoding_suite(void);
Suite *backoff_suite(void);
Suite *children_suite(void);
Suite *clock_suite(void);
Suite *combine_writes_suite(void);
Suite *config_suite(void);
Suite *content_suite(void);
Suite *csv_reader_suite(void);
Suite *data_suite(void);
Suite *date_suite(void);
Suite *entity_tag_suite(void);
Suite *generate_suite(void);
Suite *versions_suite(void);
Suite *json_text_suite(void);
Suite *lifecycle_suite(void);
Suite *listener_suite(void);
Suite *locked_rows_suite(void);
Suite *log_suite(void);
Suite *number_suite(void);
Suite *memory_suite(void);
Suite *outage_suite(void);
Suite *local_cache_suite(void);
Suite *parameters_suite(void);
Suite *pool_suite(void);
Suite *query_suite(void);
Suite *request_suite(void);
Suite *route_suite(void);
Suite *server_address_suite(void);
Suite *ring_suite(void);
Suite *statements_suite(void);
Suite *text_suite(void);
Suite *timer_suite(void);
Suite *weights_suite(void);
