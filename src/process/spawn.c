/* Starts a worker process. */
#include "process/spawn.h"

#include "ops/config_output.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* A file without a name that holds the text; -1 with errno set. */
static int file_of(const char *text) {
    size_t length = strlen(text);
    int descriptor = memfd_create("database-url", MFD_CLOEXEC);
    if (descriptor >= 0 && write(descriptor, text, length) != (ssize_t)length) {
        close(descriptor);
        errno = ENOMEM;
        return -1;
    }
    return descriptor;
}

/* Gives the worker our descriptors under its numbers. */
static bool hand_down(const struct spawn *spawn, int database_url,
                      posix_spawn_file_actions_t *actions) {
    const struct {
        int ours;
        int number;
    } descriptors[] = {
        {spawn->socket, WORKER_SOCKET_FD},        {spawn->ready_pipe, WORKER_READY_FD},
        {spawn->heartbeats, WORKER_HEARTBEAT_FD}, {spawn->memory, WORKER_MEMORY_FD},
        {spawn->presence, WORKER_PRESENCE_FD},    {database_url, WORKER_DATABASE_URL_FD},
    };
    errno = 0;
    for (size_t i = 0; errno == 0 && i < sizeof descriptors / sizeof *descriptors; i++) {
        if (descriptors[i].ours >= 0) {
            errno = posix_spawn_file_actions_adddup2(actions, descriptors[i].ours,
                                                     descriptors[i].number);
        }
    }
    return errno == 0;
}

static pid_t spawn_with(const struct spawn *spawn, int database_url) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", WORKER_DATABASE_URL_FD);
    char **environment = config_environment(spawn->config, database_url < 0 ? NULL : path);
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    if (environment && posix_spawn_file_actions_init(&actions) == 0) {
        if (hand_down(spawn, database_url, &actions)) {
            pid = spawn_in(spawn, &actions, environment);
        }
        int reason = errno;
        posix_spawn_file_actions_destroy(&actions);
        errno = reason;
    }
    config_environment_free(environment);
    return pid;
}

pid_t spawn_worker(const struct spawn *spawn) {
    const char *database_url = spawn->config->database_url;
    if (!*database_url) {
        return spawn_with(spawn, -1);
    }
    int descriptor = file_of(database_url);
    if (descriptor < 0) {
        return -1;
    }
    pid_t pid = spawn_with(spawn, descriptor);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return pid;
}
