/* The ends of child processes. */
#include "process/deaths.h"

#include <sys/wait.h>

bool death_is_one(const struct child_exit *end, bool is_stopping) {
    bool was_told = end->was_draining || is_stopping;
    return !was_told || !WIFEXITED(end->status) || WEXITSTATUS(end->status) != 0;
}

static enum metrics_death find_cause(const struct child_exit *dead) {
    switch (dead->killed_for) {
    case CHILD_HANGS:
        return METRICS_HUNG;
    case CHILD_DRAINS_LONG:
        return METRICS_DRAINED_LONG;
    case CHILD_WELL:
        break;
    }
    return WIFSIGNALED(dead->status) ? METRICS_BY_SIGNAL : METRICS_BY_EXIT_STATUS;
}

void death_tell(struct service *service, const struct child_exit *dead) {
    static const char *const messages[] = {[CHILD_WORKER] = "a worker died",
                                           [CHILD_ADMIN] = "the admin process died",
                                           [CHILD_VALIDATOR] = "the validator died"};
    bool by_signal = WIFSIGNALED(dead->status);
    publisher_note_exit(&service->publisher, dead);
    metrics_add(&metrics_memory_service(&service->metrics)->deaths[find_cause(dead)],
                dead->role == CHILD_WORKER);
    log_write(&service->logger, LOG_LEVEL_ERROR, messages[dead->role], "{s:i, s:i, s:s, s:i}",
              "index", (int)dead->index, "pid", (int)dead->pid, "by",
              by_signal ? "signal" : "exit status", "value",
              by_signal ? WTERMSIG(dead->status) : WEXITSTATUS(dead->status));
}
