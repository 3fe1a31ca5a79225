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
    char index[24], slot[24], parent[24], follows[24];
    snprintf(index, sizeof index, "%d", spawn->identity.index);
    snprintf(slot, sizeof slot, "%d", spawn->identity.heartbeat_slot);
    snprintf(parent, sizeof parent, "%d", spawn->identity.supervisor_pid);
    snprintf(follows, sizeof follows, "%d", spawn->identity.follows);
    char name[] = "atelier-qa", worker[] = "worker", admin[] = "admin", validator[] = "validator";
    char *const commands[] = {
        [CHILD_WORKER] = worker, [CHILD_ADMIN] = admin, [CHILD_VALIDATOR] = validator};
    char *arguments[] = {name, commands[spawn->role], index, slot, parent, follows, NULL};
    pid_t pid;
    errno = posix_spawn(&pid, spawn->program, actions, NULL, arguments, environment);
    return errno == 0 ? pid : -1;
}

/* A file without a name that holds the text; -1 with errno set. */
static int file_of(const char *text) {
    size_t length = strlen(text);
    int descriptor = memfd_create("secret", MFD_CLOEXEC);
    if (descriptor >= 0 && write(descriptor, text, length) != (ssize_t)length) {
        close(descriptor);
        errno = ENOMEM;
        return -1;
    }
    return descriptor;
}

struct handed {
    int ours;   /* -1: none */
    int number; /* under which the child has it */
};

/* A number for which there is none is closed: whoever started us may have left something open
 * there. False with errno. */
static bool hand_down(const struct handed *all, size_t count, posix_spawn_file_actions_t *actions) {
    errno = 0;
    for (size_t i = 0; errno == 0 && i < count; i++) {
        if (all[i].ours >= 0) {
            errno = posix_spawn_file_actions_adddup2(actions, all[i].ours, all[i].number);
        }
    }
    for (size_t i = 0; errno == 0 && i < count; i++) {
        if (all[i].ours < 0) {
            errno = posix_spawn_file_actions_addclose(actions, all[i].number);
        }
    }
    return errno == 0;
}

/* What is in a file of its own, which others must not read in the environment; -1: none. */
struct secrets {
    int database_url; /* a worker's, or a moderator's */
    int read_database_url;
    int tokens;
};

static const struct secrets no_secrets = {-1, -1, -1};

/* To a validator likewise. */
static bool hand_down_to_worker(const struct spawn *spawn, const struct secrets *secrets,
                                posix_spawn_file_actions_t *actions) {
    const struct handed all[] = {
        {spawn->socket, WORKER_SOCKET_FD},
        {spawn->ready_pipe, WORKER_READY_FD},
        {spawn->heartbeats, WORKER_HEARTBEAT_FD},
        {spawn->metrics, WORKER_METRICS_FD},
        {spawn->memory, WORKER_MEMORY_FD},
        {spawn->presence, WORKER_PRESENCE_FD},
        {spawn->pause, WORKER_PAUSE_FD},
        {secrets->database_url, WORKER_DATABASE_URL_FD},
        {secrets->read_database_url, WORKER_READ_DATABASE_URL_FD},
    };
    return hand_down(all, sizeof all / sizeof *all, actions);
}

static bool hand_down_to_admin(const struct spawn *spawn, const struct secrets *secrets,
                               posix_spawn_file_actions_t *actions) {
    bool has_moderators = secrets->tokens >= 0;
    const struct handed all[] = {
        {spawn->ready_pipe, ADMIN_READY_FD},
        {spawn->heartbeats, ADMIN_HEARTBEAT_FD},
        {spawn->metrics, ADMIN_METRICS_FD},
        {spawn->overview, ADMIN_OVERVIEW_FD},
        {spawn->report, ADMIN_REPORT_FD},
        {spawn->pause, ADMIN_PAUSE_FD},
        {secrets->tokens, ADMIN_TOKENS_FD},
        {secrets->database_url, ADMIN_DATABASE_URL_FD},
        {has_moderators ? spawn->memory : -1, ADMIN_MEMORY_FD},
    };
    struct handed sockets[ADMIN_SOCKETS_MAX];
    for (unsigned i = 0; i < ADMIN_SOCKETS_MAX; i++) {
        sockets[i] = (struct handed){i < spawn->socket_count ? spawn->sockets[i] : -1,
                                     ADMIN_SOCKETS_FD + (int)i};
    }
    return hand_down(all, sizeof all / sizeof *all, actions) &&
           hand_down(sockets, ADMIN_SOCKETS_MAX, actions);
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

static pid_t spawn_with(const struct spawn *spawn, const struct config_files *files,
                        const struct secrets *secrets) {
    char **environment = config_environment(spawn->config, files);
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    if (environment && spawn->role == CHILD_ADMIN) {
        forget_database(environment);
    }
    if (environment && posix_spawn_file_actions_init(&actions) == 0) {
        if (spawn->role == CHILD_ADMIN ? hand_down_to_admin(spawn, secrets, &actions)
                                       : hand_down_to_worker(spawn, secrets, &actions)) {
            pid = spawn_in(spawn, &actions, environment);
        }
        int reason = errno;
        posix_spawn_file_actions_destroy(&actions);
        errno = reason;
    }
    config_environment_free(environment);
    return pid;
}

enum { PATH_SIZE = 32 };

static const char *path_of(int descriptor, char path[PATH_SIZE]) {
    snprintf(path, PATH_SIZE, "/proc/self/fd/%d", descriptor);
    return path;
}

/* A text that is empty needs no file. False with errno. */
static bool keep_secret(const char *text, int *descriptor) {
    *descriptor = *text ? file_of(text) : -1;
    return !*text || *descriptor >= 0;
}

/* errno stays. */
static void close_secrets(const struct secrets *secrets) {
    const int all[] = {secrets->database_url, secrets->read_database_url, secrets->tokens};
    int reason = errno;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] >= 0) {
            close(all[i]);
        }
    }
    errno = reason;
}

/* A worker or a validator. */
static pid_t spawn_worker(const struct spawn *spawn) {
    const char *database_url = spawn->config->database_url;
    const char *read_database_url = spawn->config->read_database_url;
    struct secrets secrets = no_secrets;
    bool ok = keep_secret(database_url, &secrets.database_url) &&
              keep_secret(read_database_url, &secrets.read_database_url);
    char path[PATH_SIZE], read_path[PATH_SIZE];
    const struct config_files files = {
        .database_url = *database_url ? path_of(WORKER_DATABASE_URL_FD, path) : NULL,
        .read_database_url =
            *read_database_url ? path_of(WORKER_READ_DATABASE_URL_FD, read_path) : NULL};
    pid_t pid = ok ? spawn_with(spawn, &files, &secrets) : -1;
    close_secrets(&secrets);
    return pid;
}

/* What moderators need, only where there are some. */
static pid_t spawn_admin(const struct spawn *spawn) {
    const struct config *config = spawn->config;
    struct config_files files = {.database_url = "/dev/null"}; /* which is not its business */
    struct secrets secrets = no_secrets;
    char url_path[PATH_SIZE], tokens_path[PATH_SIZE];
    if (*config->moderation_tokens) {
        secrets.database_url = file_of(config->moderation_database_url);
        secrets.tokens = file_of(config->moderation_tokens);
        files.moderation_database_url = path_of(ADMIN_DATABASE_URL_FD, url_path);
        files.moderation_tokens = path_of(ADMIN_TOKENS_FD, tokens_path);
    }
    bool ok = !*config->moderation_tokens || (secrets.database_url >= 0 && secrets.tokens >= 0);
    pid_t pid = ok ? spawn_with(spawn, &files, &secrets) : -1;
    close_secrets(&secrets);
    return pid;
}

pid_t spawn_child(const struct spawn *spawn) {
    return spawn->role == CHILD_ADMIN ? spawn_admin(spawn) : spawn_worker(spawn);
}
