/* Responses to GET, as a client of the HTTP server gets them. */
#include "http/content.h"
#include "http/server.h"
#include "process/listener.h"
#include "scratch.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

enum { LONG = 5000 };

static struct event_base *base;
static struct http_server *server;
static int client;
static struct http_content plain, gzip; /* what the server responds with; gzip only once offered */
static int bodies;                      /* that are not released */

static void show_content(struct http_request *request) {
    bool is_gzip = gzip.whole && http_content_wants_gzip(request, plain.length);
    const struct http_content *content = is_gzip ? &gzip : &plain;
    if (!http_respond_without_body(request, content, http_content_is_known(request, content))) {
        http_respond_whole(request, content);
    }
}

static void release_body(void *body) {
    free(body);
    bodies--;
}

/* A text of repeated words; its length tells it apart. */
static struct http_body make_body(size_t length) {
    static const char words[] = "questions and answers ";
    char *body = malloc(length);
    for (size_t i = 0; i < length; i++) {
        body[i] = words[i % (sizeof words - 1)];
    }
    bodies++;
    return (struct http_body){body, length, release_body, body};
}

/* Puts this body in the place of the content, in its plain form alone. */
static void replace_content(struct http_body body) {
    http_content_release(&plain);
    http_content_release(&gzip);
    plain = (struct http_content){.type = "text/plain",
                                  .hash = entity_hash_of(body.data, body.length),
                                  .length = body.length};
    http_content_take_body(&plain, body);
}

static void offer_gzip(void) {
    struct http_body body = make_body(plain.length);
    gzip = plain;
    gzip.is_gzip = true;
    void *compressed = http_content_compress(body.data, body.length, &gzip.length);
    ck_assert_ptr_nonnull(compressed);
    http_content_take_body(&gzip, (struct http_body){compressed, gzip.length, free, compressed});
    body.release(body.owner);
}

static size_t length_asked_for;

/* Whether a body of this length is worth compression. */
static void show_worth(struct http_request *request) {
    if (http_content_wants_gzip(request, length_asked_for)) {
        http_send(request, 204, http_no_content_response());
    } else {
        http_respond_problem(request, 404, NULL, "");
    }
}

static void show_once(struct http_request *request) {
    http_respond_content(request, "text/plain", make_body(LONG));
}

static int connect_client(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", scratch_path("server0.sock"));
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(descriptor, (const struct sockaddr *)&address, sizeof address), 0);
    return descriptor;
}

static void start(void) {
    static const struct http_route routes[] = {{HTTP_GET, "/content", show_content, NULL},
                                               {HTTP_GET, "/once", show_once, NULL},
                                               {HTTP_GET, "/worth", show_worth, NULL},
                                               {0, NULL, NULL, NULL}};
    static const struct logger logger = {.level = LOG_LEVEL_ERROR, .worker = -1};
    char listen_on[256], error[256];
    snprintf(listen_on, sizeof listen_on, "unix:%s", scratch_path("server"));
    const struct http_server_settings settings = {
        .listening_socket = listener_open(listen_on, 0, error, sizeof error),
        .max_clients = 10,
        .idle_timeout_s = 10,
        .routes = routes,
    };
    ck_assert_msg(settings.listening_socket >= 0, "%s", error);
    base = event_base_new();
    server = http_server_new(base, &logger, &settings);
    ck_assert_ptr_nonnull(server);
    client = connect_client();
    bodies = 0;
    replace_content(make_body(LONG));
}

static void stop(void) {
    close(client);
    http_content_release(&plain);
    http_content_release(&gzip);
    http_server_free(server);
    event_base_free(base);
    unlink(scratch_path("server0.sock"));
    ck_assert_int_eq(bodies, 0);
}

struct reply {
    int status;
    char headers[1024];
    char body[LONG + 1];
    size_t length;
};

/* The value of a header, which is valid until the next call; NULL where there is none. */
static const char *header(const struct reply *reply, const char *name) {
    static char value[128];
    char start_of_line[64];
    snprintf(start_of_line, sizeof start_of_line, "\r\n%s: ", name);
    const char *found = strcasestr(reply->headers, start_of_line);
    if (!found) {
        return NULL;
    }
    found += strlen(start_of_line);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(found, "\r"), found);
    return value;
}

/* Sends a request with these header lines, and runs the server until its reply is here. */
static struct reply ask_for(const char *method, const char *path, const char *header_lines) {
    char request[512];
    int length = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method,
                          path, header_lines);
    ck_assert_int_eq(send(client, request, (size_t)length, 0), length);

    char received[sizeof(struct reply)] = "";
    size_t count = 0, expected = SIZE_MAX;
    struct reply reply = {.status = 0};
    for (int turn = 0; count < expected; turn++) {
        ck_assert_msg(turn < 1000, "there is no reply to %s", request);
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t more = recv(client, received + count, sizeof received - 1 - count, MSG_DONTWAIT);
        count += more > 0 ? (size_t)more : 0;
        received[count] = '\0';
        const char *end = strstr(received, "\r\n\r\n");
        if (!end || expected != SIZE_MAX) {
            continue;
        }
        size_t headers_length = (size_t)(end + 4 - received);
        ck_assert_uint_lt(headers_length, sizeof reply.headers);
        snprintf(reply.headers, sizeof reply.headers, "%.*s", (int)headers_length, received);
        ck_assert_int_eq(sscanf(received, "HTTP/1.1 %d", &reply.status), 1);
        const char *body_length = header(&reply, "Content-Length");
        bool has_body = body_length && reply.status != 304 && strcmp(method, "HEAD") != 0;
        reply.length = has_body ? strtoul(body_length, NULL, 10) : 0;
        expected = headers_length + reply.length;
    }
    ck_assert_uint_eq(count, expected); /* and nothing after it */
    memcpy(reply.body, received + count - reply.length, reply.length);
    return reply;
}

static struct reply ask(const char *header_lines) {
    return ask_for("GET", "/content", header_lines);
}

static void assert_header(const struct reply *reply, const char *name, const char *expected) {
    const char *value = header(reply, name);
    if (expected) {
        ck_assert_msg(value && strcmp(value, expected) == 0, "%s is %s", name, value);
    } else {
        ck_assert_msg(!value, "%s is %s", name, value);
    }
}

static void assert_plain(const struct reply *reply, size_t length) {
    ck_assert_int_eq(reply->status, 200);
    assert_header(reply, "Content-Encoding", NULL);
    assert_header(reply, "Content-Type", "text/plain");
    assert_header(reply, "Cache-Control", "no-cache");
    assert_header(reply, "Vary", "Accept-Encoding");
    ck_assert_uint_eq(reply->length, length);
    struct http_body body = make_body(length);
    ck_assert_mem_eq(reply->body, body.data, length);
    body.release(body.owner);
}

static void assert_compressed(const struct reply *reply, size_t length) {
    ck_assert_int_eq(reply->status, 200);
    assert_header(reply, "Content-Encoding", "gzip");
    assert_header(reply, "Content-Type", "text/plain");
    assert_header(reply, "Cache-Control", "no-cache");
    assert_header(reply, "Vary", "Accept-Encoding");
    ck_assert_uint_lt(reply->length, length);
    static unsigned char body[LONG];
    z_stream stream = {.next_in = (unsigned char *)reply->body,
                       .avail_in = (uInt)reply->length,
                       .next_out = body,
                       .avail_out = sizeof body};
    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    ck_assert_uint_eq(stream.total_out, length);
    struct http_body expected = make_body(length);
    ck_assert_mem_eq(body, expected.data, length);
    expected.release(expected.owner);
}

static void tag_of_content(char tag[64]) {
    struct reply reply = ask("");
    snprintf(tag, 64, "%s", header(&reply, "ETag"));
}

START_TEST(it_is_plain_with_a_strong_tag) {
    struct reply reply = ask("");
    assert_plain(&reply, LONG);
    ck_assert_int_eq(*header(&reply, "ETag"), '"');
    reply = ask("Accept-Encoding: gzip\r\n"); /* not offered */
    assert_plain(&reply, LONG);
}
END_TEST

START_TEST(it_is_compressed_for_who_takes_gzip_once_that_is_offered) {
    char tag[64], expected[80];
    tag_of_content(tag);
    snprintf(expected, sizeof expected, "W/%s", tag);
    offer_gzip();
    struct reply first = ask("Accept-Encoding: gzip\r\n");
    assert_compressed(&first, LONG);
    assert_header(&first, "ETag", expected);
    struct reply second = ask("Accept-Encoding: br, gzip;q=0.5\r\n");
    ck_assert_uint_eq(second.length, first.length);
    ck_assert_mem_eq(second.body, first.body, first.length);

    static const char *const others[] = {"", "Accept-Encoding: identity\r\n",
                                         "Accept-Encoding: gzip;q=0\r\n"};
    for (size_t i = 0; i < 3; i++) {
        struct reply reply = ask(others[i]);
        assert_plain(&reply, LONG);
        assert_header(&reply, "ETag", tag);
    }
}
END_TEST

START_TEST(neither_a_short_nor_a_very_long_one_is_worth_compression) {
    static const size_t lengths[] = {1023, 1024, 256 * 1024, 256 * 1024 + 1};
    for (size_t i = 0; i < 4; i++) {
        length_asked_for = lengths[i];
        ck_assert_int_eq(ask_for("GET", "/worth", "Accept-Encoding: gzip\r\n").status,
                         i == 1 || i == 2 ? 204 : 404);
        ck_assert_int_eq(ask_for("GET", "/worth", "").status, 404);
    }
}
END_TEST

START_TEST(what_compression_does_not_shorten_has_no_compressed_form) {
    unsigned char noise[LONG];
    for (size_t i = 0; i < LONG; i++) {
        noise[i] = (unsigned char)(random() >> 8);
    }
    size_t length;
    ck_assert_ptr_null(http_content_compress(noise, LONG, &length));
    ck_assert_ptr_null(http_content_compress("", 0, &length));
}
END_TEST

START_TEST(it_is_not_modified_for_who_has_it_in_either_form) {
    char tag[64];
    tag_of_content(tag);
    offer_gzip();
    static const char *const encodings[] = {"", "Accept-Encoding: gzip\r\n"};
    static const char *const matching[] = {"%s", "W/%s", "\"x\", %s", "*"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 4; k++) {
            char tags[100], lines[200], weak[80];
            snprintf(tags, sizeof tags, "%s", matching[k]);
            char *place = strstr(tags, "%s");
            if (place) {
                snprintf(place, sizeof tags - (size_t)(place - tags), "%s", tag);
            }
            snprintf(lines, sizeof lines, "%sIf-None-Match: %s\r\n", encodings[i], tags);
            struct reply reply = ask(lines);
            ck_assert_int_eq(reply.status, 304);
            snprintf(weak, sizeof weak, "W/%s", tag);
            assert_header(&reply, "ETag", i == 0 ? tag : weak);
            assert_header(&reply, "Cache-Control", "no-cache");
            assert_header(&reply, "Vary", "Accept-Encoding");
            assert_header(&reply, "Content-Encoding", NULL);
        }
    }
    struct reply reply = ask("If-None-Match: \"x\"\r\n");
    assert_plain(&reply, LONG);
}
END_TEST

START_TEST(a_304_has_the_length_of_the_200) {
    offer_gzip();
    static const char *const encodings[] = {"", "Accept-Encoding: gzip\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct reply whole = ask(encodings[i]);
        char length[24], lines[128];
        snprintf(length, sizeof length, "%zu", whole.length);
        snprintf(lines, sizeof lines, "%sIf-None-Match: *\r\n", encodings[i]);
        for (int turn = 0; turn < 2; turn++) {
            struct reply reply = ask(lines);
            ck_assert_int_eq(reply.status, 304);
            assert_header(&reply, "Content-Length", length);
            assert_header(&reply, "Connection", NULL); /* it stays open */
        }
    }
}
END_TEST

START_TEST(a_304_has_no_length_where_nginx_would_compress_the_200) {
    struct reply reply = ask("If-None-Match: *\r\nAccept-Encoding: gzip\r\n");
    ck_assert_int_eq(reply.status, 304);
    assert_header(&reply, "Content-Length", NULL);
    assert_header(&reply, "Transfer-Encoding", NULL);
    assert_header(&reply, "Connection", "close");
    char byte;
    ck_assert_int_eq(recv(client, &byte, 1, 0), 0);

    close(client);
    client = connect_client();
    replace_content(make_body(1023)); /* which NGINX leaves alone */
    reply = ask("If-None-Match: *\r\nAccept-Encoding: gzip\r\n");
    assert_header(&reply, "Content-Length", "1023");
}
END_TEST

START_TEST(head_is_like_get_without_the_body) {
    offer_gzip();
    static const char *const encodings[] = {"", "Accept-Encoding: gzip\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct reply get = ask(encodings[i]), head = ask_for("HEAD", "/content", encodings[i]);
        ck_assert_int_eq(head.status, 200);
        static const char *const names[] = {"ETag", "Content-Length", "Content-Encoding",
                                            "Content-Type"};
        for (size_t k = 0; k < 4; k++) {
            char expected[128];
            const char *value = header(&get, names[k]);
            snprintf(expected, sizeof expected, "%s", value ? value : "");
            assert_header(&head, names[k], value ? expected : NULL);
        }
    }
}
END_TEST

START_TEST(a_body_that_is_sent_once_is_released) {
    struct reply reply = ask_for("GET", "/once", "");
    assert_plain(&reply, LONG);
    ck_assert_int_eq(bodies, 1); /* the other content's */
    reply = ask_for("GET", "/once", "Accept-Encoding: gzip\r\nIf-None-Match: *\r\n");
    ck_assert_int_eq(reply.status, 304);
    ck_assert_int_eq(bodies, 1);
}
END_TEST

static void on_drained(void *owner) {
    *(bool *)owner = true;
}

START_TEST(a_draining_server_closes_after_each_answer_that_is_shared) {
    static const char *const lines[] = {"", "Accept-Encoding: gzip\r\n", "If-None-Match: *\r\n"};
    int clients[6];
    bool drained = false;
    offer_gzip();
    for (size_t i = 0; i < 6; i++) {
        struct reply reply = ask(lines[i % 3]);
        assert_header(&reply, "Connection", NULL);
        clients[i] = client;
        client = connect_client();
        ask("");
    }
    http_server_drain(server, on_drained, &drained);
    for (size_t i = 0; i < 6; i++) {
        close(client);
        client = clients[i];
        struct reply reply = ask(lines[i % 3]);
        assert_header(&reply, "Connection", "close");
        const char *first = strcasestr(reply.headers, "\r\nConnection:");
        ck_assert_ptr_null(strcasestr(first + 2, "\r\nConnection:"));
    }
    for (int turn = 0; turn < 100 && !drained; turn++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    ck_assert(drained);
}
END_TEST

Suite *content_suite(void) {
    Suite *suite = suite_create("content");
    TCase *cases = tcase_create("content");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_checked_fixture(cases, start, stop);
    tcase_add_test(cases, it_is_plain_with_a_strong_tag);
    tcase_add_test(cases, it_is_compressed_for_who_takes_gzip_once_that_is_offered);
    tcase_add_test(cases, neither_a_short_nor_a_very_long_one_is_worth_compression);
    tcase_add_test(cases, what_compression_does_not_shorten_has_no_compressed_form);
    tcase_add_test(cases, it_is_not_modified_for_who_has_it_in_either_form);
    tcase_add_test(cases, a_304_has_the_length_of_the_200);
    tcase_add_test(cases, a_304_has_no_length_where_nginx_would_compress_the_200);
    tcase_add_test(cases, head_is_like_get_without_the_body);
    tcase_add_test(cases, a_body_that_is_sent_once_is_released);
    tcase_add_test(cases, a_draining_server_closes_after_each_answer_that_is_shared);
    suite_add_tcase(suite, cases);
    return suite;
}
