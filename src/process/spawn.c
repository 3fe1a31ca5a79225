/* Starts a child process. */
#include "process/spawn.h"

#include "ops/config_output.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static pid_t spawn_in(const struct spawn *spawn, const posix_spawn_file_actions_t *actions,
                      char **environment) {
    char index[24], slot[24], parent[24];
    snprintf(index, sizeof index, "%d", spawn->identity.index);
    snprintf(slot, sizeof slot, "%d", spawn->identity.heartbeat_slot);
    snprintf(parent, sizeof parent, "%d", spawn->identity.supervisor_pid);
    char name[] = "atelier-qa", worker[] = "worker", admin[] = "admin", validator[] = "validator";
    char *const commands[] = {
        [CHILD_WORKER] = worker, [CHILD_ADMIN] = admin, [CHILD_VALIDATOR] = validator};
    char *arguments[] = {name, commands[spawn->role], index, slot, parent, NULL};
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

struct handed {
    int ours;
    int number; /* under which the child has it */
};

/* False with errno. */
static bool hand_down(const struct handed *all, size_t count, posix_spawn_file_actions_t *actions) {
    errno = 0;
    for (size_t i = 0; errno == 0 && i < count; i++) {
        if (all[i].ours >= 0) {
            errno = posix_spawn_file_actions_adddup2(actions, all[i].ours, all[i].number);
        }
    }
    return errno == 0;
}

/* To a validator likewise. */
static bool hand_down_to_worker(const struct spawn *spawn, int database_url,
                                posix_spawn_file_actions_t *actions) {
    const struct handed all[] = {
        {spawn->socket, WORKER_SOCKET_FD},        {spawn->ready_pipe, WORKER_READY_FD},
        {spawn->heartbeats, WORKER_HEARTBEAT_FD}, {spawn->metrics, WORKER_METRICS_FD},
        {spawn->memory, WORKER_MEMORY_FD},        {spawn->presence, WORKER_PRESENCE_FD},
        {database_url, WORKER_DATABASE_URL_FD},   {spawn->pause, WORKER_PAUSE_FD},
    };
    return hand_down(all, sizeof all / sizeof *all, actions);
}

static bool hand_down_to_admin(const struct spawn *spawn, posix_spawn_file_actions_t *actions) {
    const struct handed all[] = {
        {spawn->ready_pipe, ADMIN_READY_FD}, {spawn->heartbeats, ADMIN_HEARTBEAT_FD},
        {spawn->metrics, ADMIN_METRICS_FD},  {spawn->overview, ADMIN_OVERVIEW_FD},
        {spawn->report, ADMIN_REPORT_FD},    {spawn->pause, ADMIN_PAUSE_FD},
    };
    bool ok = hand_down(all, sizeof all / sizeof *all, actions);
    for (unsigned i = 0; ok && i < spawn->socket_count; i++) {
        const struct handed socket = {spawn->sockets[i], ADMIN_SOCKETS_FD + (int)i};
        ok = hand_down(&socket, 1, actions);
    }
    return ok;
}

/* Takes out what libpq reads, a password maybe. */
static void forget_database(char **environment) {
    char **kept = environment;
    for (char **entry = environment; *entry; entry++) {
        if (strncmp(*entry, "PG", 2) == 0) {
            free(*entry);
        } else {
            *kept++ = *entry;
        }
    }
    *kept = NULL;
}

/* `database_url` is a file; -1: none. */
static pid_t spawn_with(const struct spawn *spawn, const char *database_url_path,
                        int database_url) {
    char **environment = config_environment(spawn->config, database_url_path);
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    if (environment && spawn->role == CHILD_ADMIN) {
        forget_database(environment);
    }
    if (environment && posix_spawn_file_actions_init(&actions) == 0) {
        if (spawn->role == CHILD_ADMIN ? hand_down_to_admin(spawn, &actions)
                                       : hand_down_to_worker(spawn, database_url, &actions)) {
            pid = spawn_in(spawn, &actions, environment);
        }
        int reason = errno;
        posix_spawn_file_actions_destroy(&actions);
        errno = reason;
    }
    config_environment_free(environment);
    return pid;
}

pid_t spawn_child(const struct spawn *spawn) {
    const char *database_url = spawn->config->database_url;
    if (spawn->role == CHILD_ADMIN) {
        return spawn_with(spawn, "/dev/null", -1); /* which is not its business */
    }
    if (!*database_url) {
        return spawn_with(spawn, NULL, -1);
    }
    int descriptor = file_of(database_url);
    if (descriptor < 0) {
        return -1;
    }
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", WORKER_DATABASE_URL_FD);
    pid_t pid = spawn_with(spawn, path, descriptor);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return pid;
}
