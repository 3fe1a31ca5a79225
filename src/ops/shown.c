/* Values as their owners show them. */
#include "ops/shown.h"

#include <stdbool.h>
#include <string.h>

static const char white_space[] = " \t\r\n";

/* Keeps `length` bytes from `start` on, which is within `text`. */
static void keep(char *text, const char *start, size_t length) {
    memmove(text, start, length);
    text[length] = '\0';
}

static void trim(char *text) {
    const char *start = text + strspn(text, white_space);
    size_t length = strlen(start);
    while (length > 0 && strchr(white_space, start[length - 1])) {
        length--;
    }
    keep(text, start, length);
}

void shown_value(char *text) {
    trim(text);
    size_t length = strlen(text);
    if (length >= 2 && (*text == '"' || *text == '\'') && text[length - 1] == *text) {
        keep(text, text + 1, length - 2);
        trim(text);
    }
}

static bool cut_end(char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    bool is_there = length >= end_length && strcmp(text + length - end_length, end) == 0;
    if (is_there) {
        text[length - end_length] = '\0';
    }
    return is_there;
}

void shown_loaderio_token(char *text) {
    static const char prefix[] = "loaderio-";
    const char *start = text + (*text == '/');
    if (strncmp(start, prefix, sizeof prefix - 1) == 0) {
        keep(text, start + sizeof prefix - 1, strlen(start + sizeof prefix - 1));
        (void)cut_end(text, "/");
        (void)(cut_end(text, ".txt") || cut_end(text, ".html"));
    }
}
