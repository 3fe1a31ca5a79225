/* Runs all unit tests; the exit status says whether they passed. `CK_RUN_SUITE=route` runs one
 * suite, `CK_FORK=no` runs all tests in this process, for a debugger. */
#include "suites.h"

#include <stdbool.h>
#include <stdlib.h>

/* No test promises a time: this only ends one that hangs. Check's own 4 seconds are too few under
 * sanitizers on a busy machine. */
static const char seconds_to_hang[] = "900";

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", seconds_to_hang, false);
    /* One a line: clang-format puts some numbers of them into columns. */
    // clang-format off
    static Suite *(*const suites[])(void) = {
        accept_encoding_suite,
        announcer_suite,
        backoff_suite,
        certificate_suite,
        children_suite,
        clock_suite,
        combine_writes_suite,
        config_suite,
        content_suite,
        csv_reader_suite,
        data_suite,
        date_suite,
        deaths_suite,
        delay_suite,
        digest_suite,
        edition_suite,
        entity_tag_suite,
        errand_suite,
        figures_suite,
        generate_suite,
        guard_suite,
        handout_suite,
        known_server_suite,
        pool_servers_suite,
        versions_suite,
        item_suite,
        json_text_suite,
        lifecycle_suite,
        list_links_suite,
        list_request_suite,
        listener_suite,
        locked_rows_suite,
        log_suite,
        log_file_suite,
        moderators_suite,
        number_suite,
        memory_suite,
        metrics_suite,
        metrics_text_suite,
        outage_suite,
        pace_suite,
        page_version_suite,
        parameters_suite,
        places_suite,
        pause_suite,
        pausing_suite,
        pool_suite,
        pool_metrics_suite,
        pool_pause_suite,
        prefer_suite,
        product_ids_suite,
        query_suite,
        request_suite,
        route_suite,
        server_address_suite,
        shared_memory_suite,
        rendezvous_suite,
        retention_suite,
        ring_suite,
        standbys_suite,
        statements_suite,
        target_suite,
        text_suite,
        timer_suite,
        timing_suite,
        traceparent_suite,
        unsent_suite,
        view_suite,
        voter_suite,
        weights_suite,
        words_suite,
        write_key_suite,
    };
    // clang-format on
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        srunner_add_suite(runner, suites[i]());
    }
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
