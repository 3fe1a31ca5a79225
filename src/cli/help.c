/* The manual of each command. */
#include "cli/help.h"

#include "ops/config_output.h"

#include <stdio.h>
#include <string.h>

static const char program_name[] = "atelier-qa";

static const struct embedded_help *find(const char *name) {
    for (const struct embedded_help *help = embedded_help; help->name; help++) {
        if (strcmp(help->name, name) == 0) {
            return help;
        }
    }
    return NULL;
}

static void print_commands(void) {
    for (const struct embedded_help *help = embedded_help; help->name; help++) {
        if (strcmp(help->name, program_name) != 0) {
            printf("  %-10s %.*s\n", help->name, (int)strcspn(help->text, "\n"), help->text);
        }
    }
}

static bool is_line(const char *line, size_t length, const char *word) {
    return length == strlen(word) && memcmp(line, word, length) == 0;
}

static void print_line(const char *line, size_t length) {
    if (is_line(line, length, "@commands@")) {
        print_commands();
    } else if (is_line(line, length, "@settings@")) {
        config_print_help();
    } else {
        printf("%.*s\n", (int)length, line);
    }
}

bool help_print(const char *name) {
    const struct embedded_help *help = find(name);
    if (!help) {
        return false;
    }
    const char *line = help->text + strcspn(help->text, "\n");
    while (*line == '\n' && line[1] != '\0') {
        line++;
        size_t length = strcspn(line, "\n");
        print_line(line, length);
        line += length;
    }
    return true;
}

bool help_is_asked(const char *argument) {
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}
