/* Messages between the holder of the shared memory and who asks for it. */
#include "pages/handout.h"

#include "ops/config.h"
#include "ops/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128 };

/* What a packet is. The numbers are those of no other program, and never change: the one before
 * KIND_COUNT was that of both sums in one packet. */
enum kind { KIND_WISH = 0x71612d31, KIND_REPLY, KIND_COUNT = KIND_REPLY + 2 };

struct packet {
    uint32_t kind;
    uint32_t layout;
    uint64_t values[2]; /* wish; result; which count, and its number */
};

_Static_assert(sizeof(struct packet) == 24, "versions of the program understand each other");

enum { ONE_DESCRIPTOR = CMSG_LEN(sizeof(int)) /* the room would hold two */ };

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

bool handout_socket_path(const char *shared_file, char path[PATH_MAX]) {
    int length = snprintf(path, PATH_MAX, "%s.sock", shared_file);
    errno = ENAMETOOLONG;
    return length >= 0 && length < PATH_MAX;
}

static int close_with(int descriptor, int reason) {
    if (descriptor >= 0) {
        close(descriptor);
    }
    errno = reason;
    return -1;
}

/* The socket's address. A path that is longer than an address may be is told by way of its folder,
 * which *folder opens then; else it is -1. False with errno. */
static bool make_address(const char *shared_file, struct sockaddr_un *address, int *folder) {
    char path[PATH_MAX];
    *folder = -1;
    if (!handout_socket_path(shared_file, path)) {
        return false;
    }
    char *name = strrchr(path, '/');
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) < sizeof address->sun_path || !name) {
        int length = snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
        errno = ENAMETOOLONG;
        return (size_t)length < sizeof address->sun_path;
    }
    *name++ = '\0';
    *folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0) {
        return false;
    }
    int length =
        snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder, name);
    if ((size_t)length >= sizeof address->sun_path) {
        (void)close_with(*folder, ENAMETOOLONG);
        return false;
    }
    return true;
}

static int open_socket(void) {
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

uid_t handout_peer(int connection) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    bool is_known = getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0;
    return is_known ? peer.uid : (uid_t)-1;
}

int handout_connect(const char *shared_file) {
    struct sockaddr_un address;
    int folder;
    if (!make_address(shared_file, &address, &folder)) {
        return -1;
    }
    int connection = open_socket();
    bool is_connected = connection >= 0 &&
                        connect(connection, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close_with(folder, errno);
    return is_connected ? connection : close_with(connection, errno);
}

int handout_listen(const char *shared_file) {
    struct sockaddr_un address;
    int folder;
    if (!make_address(shared_file, &address, &folder)) {
        return -1;
    }
    (void)unlink(address.sun_path);
    int listening = open_socket();
    bool listens = listening >= 0 && unix_socket_bind_for_all(listening, &address) &&
                   listen(listening, BACKLOG) == 0;
    (void)close_with(folder, errno);
    return listens ? listening : close_with(listening, errno);
}

/* Sends a packet, with a descriptor unless that is -1. */
static bool send_packet(int connection, struct packet packet, int descriptor) {
    struct iovec part = {&packet, sizeof packet};
    union control control = {.room = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS,
                                          .cmsg_len = CMSG_LEN(sizeof descriptor)};
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    return sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof packet;
}

/* The descriptor that came with a message, or -1. */
static int descriptor_of(const struct msghdr *message) {
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int descriptor = -1;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof descriptor)) {
        memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    }
    return descriptor;
}

/* The next packet; false with errno, which is 0 at the connection's end and EPROTO where it is no
 * packet. `descriptor`, unless NULL, gets what came with it. */
static bool receive_packet(int connection, struct packet *packet, int *descriptor) {
    struct iovec part = {packet, sizeof *packet};
    union control control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = descriptor ? &control : NULL,
                             /* The system closes further ones. */
                             .msg_controllen = descriptor ? ONE_DESCRIPTOR : 0};
    ssize_t length = recvmsg(connection, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length >= 0 && descriptor) {
        *descriptor = descriptor_of(&message); /* also of a packet without a byte */
    }
    if (length <= 0) {
        errno = length == 0 ? 0 : errno;
        return false;
    }
    if (length != sizeof *packet || (message.msg_flags & MSG_TRUNC)) {
        errno = EPROTO;
        return false;
    }
    return true;
}

static bool is_not_yet(int reason) {
    return reason == EAGAIN || reason == EWOULDBLOCK || reason == EINTR;
}

bool handout_ask(int connection, enum handout_wish wish) {
    return send_packet(
        connection,
        (struct packet){.kind = KIND_WISH, .layout = SHARED_FILE_LAYOUT, .values = {wish}}, -1);
}

enum handout_result handout_receive(int connection, int *descriptor) {
    struct packet packet = {0};
    *descriptor = -1;
    bool is_packet = receive_packet(connection, &packet, descriptor);
    if (!is_packet && is_not_yet(errno)) {
        return HANDOUT_NOTHING_YET;
    }
    bool is_reply = is_packet && packet.kind == KIND_REPLY;
    bool is_granted = is_reply && packet.values[0] == HANDOUT_GRANTED;
    if (is_granted && *descriptor >= 0 && packet.layout == SHARED_FILE_LAYOUT) {
        return HANDOUT_GRANTED;
    }
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
    if (is_reply && packet.layout != SHARED_FILE_LAYOUT) {
        return HANDOUT_OTHER_LAYOUT;
    }
    return is_reply && packet.values[0] == HANDOUT_REFUSED ? HANDOUT_REFUSED : HANDOUT_ENDED;
}

bool handout_has_ended(int connection) {
    char byte;
    ssize_t length = recv(connection, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
    return length >= 0 || !is_not_yet(errno);
}

bool handout_tell_count(int connection, unsigned count, uint64_t number) {
    return send_packet(connection,
                       (struct packet){.kind = KIND_COUNT,
                                       .layout = SHARED_FILE_LAYOUT,
                                       .values = {count, number}},
                       -1);
}

enum handout_heard handout_hear(int connection, struct handout_message *message) {
    struct packet packet;
    if (!receive_packet(connection, &packet, NULL)) {
        return is_not_yet(errno) ? HANDOUT_HEARD_NOTHING : HANDOUT_HEARD_END;
    }
    *message = (struct handout_message){.is_of_other_layout = packet.layout != SHARED_FILE_LAYOUT};
    if (packet.kind == KIND_WISH) {
        message->wish = (enum handout_wish)packet.values[0];
        return HANDOUT_HEARD_WISH;
    }
    if (packet.kind == KIND_COUNT) {
        message->count = packet.values[0];
        message->number = packet.values[1];
        return HANDOUT_HEARD_COUNT;
    }
    return HANDOUT_HEARD_END;
}

bool handout_reply(int connection, enum handout_result result, int descriptor) {
    return send_packet(
        connection,
        (struct packet){.kind = KIND_REPLY, .layout = SHARED_FILE_LAYOUT, .values = {result}},
        descriptor);
}
