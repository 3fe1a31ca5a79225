/* Starts a worker process. */
#include "process/spawn.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>

static pid_t spawn_in(const struct spawn *spawn, const posix_spawn_file_actions_t *actions,
                      char **environment) {
    char index[24], slot[24], parent[24];
    snprintf(index, sizeof index, "%d", spawn->identity.index);
    snprintf(slot, sizeof slot, "%d", spawn->identity.heartbeat_slot);
    snprintf(parent, sizeof parent, "%d", spawn->identity.supervisor_pid);
    char name[] = "atelier-qa", command[] = "worker";
    char *arguments[] = {name, command, index, slot, parent, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, spawn->program, actions, NULL, arguments, environment);
    return errno == 0 ? pid : -1;
}

static bool hand_down(const struct spawn *spawn, posix_spawn_file_actions_t *actions) {
    for (int number = WORKER_FDS_BEGIN; number < WORKER_FDS_END; number++) {
        int descriptor = spawn->descriptors[number - WORKER_FDS_BEGIN];
        errno = descriptor < 0 ? 0 : posix_spawn_file_actions_adddup2(actions, descriptor, number);
        if (errno != 0) {
            return false;
        }
    }
    return true;
}

pid_t spawn_worker(const struct spawn *spawn) {
    char **environment = config_environment(spawn->config);
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    if (environment && posix_spawn_file_actions_init(&actions) == 0) {
        if (hand_down(spawn, &actions)) {
            pid = spawn_in(spawn, &actions, environment);
        }
        int reason = errno;
        posix_spawn_file_actions_destroy(&actions);
        errno = reason;
    }
    config_environment_free(environment);
    return pid;
}
