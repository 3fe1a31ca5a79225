/* A group: its memory, and the text of its parameters. */
#include "db/group.h"

#include "ops/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = sizeof "-9223372036854775808" };

struct group *group_new(enum statement statement, size_t calls_max, size_t text_size) {
    size_t calls_size = calls_max * sizeof(struct call *);
    struct group *group = memory_allocate(sizeof *group + calls_size + 1 + text_size);
    *group = (struct group){.statement = statement};
    group->end = (char *)&group->calls[calls_max];
    *group->end = '\0';
    return group;
}

void group_free(struct group *group) {
    PQclear(group->result);
    free(group);
}

void group_add(struct group *group, struct call *call) {
    call->group = group;
    call->place = group->count;
    group->calls[group->count++] = call;
}

void group_begin_parameter(struct group *group) {
    *++group->end = '\0';
    group->parameters[group->parameter_count++] = group->end;
}

void group_put_text(struct group *group, const char *text, size_t length) {
    memcpy(group->end, text, length);
    group->end += length;
    *group->end = '\0';
}

void group_put_parameter(struct group *group, const struct call_parameter *parameter) {
    if (parameter->text) {
        group_put_text(group, parameter->text, strlen(parameter->text));
    } else {
        char text[NUMBER_SIZE];
        int length = snprintf(text, sizeof text, "%" PRId64, parameter->number);
        group_put_text(group, text, (size_t)length);
    }
}

size_t group_parameter_size(const struct call_parameter *parameter) {
    return parameter->text ? strlen(parameter->text) : NUMBER_SIZE - 1;
}
