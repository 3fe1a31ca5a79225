/* Whom the services of a host trust with their shared memory. */
#include "process/trust.h"

#include "pages/handout.h"

#include <sys/stat.h>
#include <unistd.h>

bool trust_may_change(int connection) {
    uid_t peer = handout_peer(connection);
    return peer == 0 || peer == geteuid();
}

bool trust_is_holder(int connection, int lock_file) {
    struct stat file;
    return trust_may_change(connection) || (geteuid() == 0 && fstat(lock_file, &file) == 0 &&
                                            file.st_uid == handout_peer(connection));
}
