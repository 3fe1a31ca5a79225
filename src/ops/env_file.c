/* A file of settings: one NAME=VALUE line after the other. */
#include "ops/env_file.h"

#include <string.h>

static const char blanks[] = " \t";
static const char name_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

static char *skip_blanks(char *text) {
    return text + strspn(text, blanks);
}

static void cut_trailing_blanks(char *text) {
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1])) {
        text[--length] = '\0';
    }
}

/* Ends `text`, which begins behind a blank or not, where a comment begins. */
static void cut_comment(char *text, char before) {
    for (; *text; before = *text++) {
        if (*text == '#' && (before == ' ' || before == '\t')) {
            *text = '\0';
            return;
        }
    }
}

/* Takes the quotes off in place; the reason why not, or NULL. */
static const char *unquote(char *text) {
    char quote = *text;
    char *in = text + 1;
    char *out = text;
    for (; *in != quote; in++) {
        if (quote == '"' && *in == '\\' && in[1] && strchr("\"\\$`", in[1])) {
            in++;
        }
        if (*in == '\0') {
            return "has a quote that is not closed";
        }
        *out++ = *in;
    }
    char *behind = in + 1;
    cut_comment(behind, quote);
    if (*skip_blanks(behind)) {
        return "goes on behind the closing quote";
    }
    *out = '\0';
    return NULL;
}

/* Splits a line that is neither blank nor a comment; the reason why not, or NULL. */
static const char *split(char *text, struct env_line *line) {
    static const char export[] = "export";
    const size_t export_length = sizeof export - 1;
    if (strncmp(text, export, export_length) == 0 && strspn(text + export_length, blanks) > 0) {
        text = skip_blanks(text + export_length);
    }
    size_t length = strspn(text, name_characters);
    char *equals = skip_blanks(text + length);
    if (length == 0 || *equals != '=') {
        return "is not NAME=VALUE";
    }
    char *value = skip_blanks(equals + 1);
    char before = value[-1];
    text[length] = '\0';
    line->name = text;
    line->value = value;
    if (*value == '"' || *value == '\'') {
        return unquote(value);
    }
    cut_comment(value, before);
    cut_trailing_blanks(value);
    return NULL;
}

enum env_line_kind env_file_next(char **rest, struct env_line *line) {
    for (char *text; (text = strsep(rest, "\n"));) {
        line->number++;
        text = skip_blanks(text);
        cut_trailing_blanks(text);
        if (*text != '\0' && *text != '#') {
            line->reason = split(text, line);
            return line->reason ? ENV_LINE_WRONG : ENV_LINE_SETTING;
        }
    }
    return ENV_LINE_END;
}
