/* The sums of all metrics. */
#include "admin/sum.h"

#include "admin/pauses.h"
#include "ops/certificate.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "qa/metrics_names.h"

static void see_pause(const struct admin *admin, struct metrics_seen *seen) {
    struct pause_progress progress = pause_look(admin->pauses->pause, clock_ms());
    metrics_set(&seen->is_paused, progress.is_on);
    metrics_set(&seen->pauses[METRICS_RESUMED], progress.resumed);
    metrics_set(&seen->pauses[METRICS_TIMED_OUT], progress.timed_out);
}

static void see_supervisor(const struct admin *admin, struct metrics_seen *seen) {
    struct service_view view;
    admin->look(admin->owner, &view);
    int64_t silence_ms = clock_ms() - view.tick_ms;
    metrics_set(&seen->supervisor_silence_ms, silence_ms > 0 ? (uint64_t)silence_ms : 0);
}

/* Each time: a renewed one needs no reload. */
static void see_certificate(const struct admin *admin, struct metrics_seen *seen) {
    char error[256];
    if (*admin->certificate) {
        metrics_set(&seen->certificate_ends_s,
                    (uint64_t)certificate_end_s(admin->certificate, error, sizeof error));
    }
}

struct metrics_sum *admin_sum(const struct admin *admin) {
    if (!admin->metrics) {
        return NULL;
    }
    const struct metrics_names names = qa_metrics_names();
    struct metrics_sum *sum = memory_allocate(sizeof *sum);
    metrics_memory_sum(admin->metrics, metrics_layout_of_workers(&names), sum);
    return sum;
}

void admin_see(const struct admin *admin, struct metrics_seen *seen) {
    see_pause(admin, seen);
    see_supervisor(admin, seen);
    see_certificate(admin, seen);
}
