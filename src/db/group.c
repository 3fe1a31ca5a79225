/* A group: its memory, and the text of its parameters. */
#include "db/group.h"

#include "ops/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = sizeof "-9223372036854775808" };

/* How many bytes the parameters take at most, in whatever form. */
static size_t text_size(struct call *const calls[], size_t count) {
    size_t size = CALL_PARAMETERS_MAX * (NUMBER_SIZE + sizeof "[]");
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < calls[i]->parameter_count; k++) {
            const char *text = calls[i]->parameters[k].text;
            size += (text ? strlen(text) : NUMBER_SIZE) + sizeof ",";
        }
    }
    return size;
}

struct group *group_new(enum group_kind kind, enum statement statement, struct call *const calls[],
                        size_t count) {
    size_t calls_size = count * sizeof(struct call *);
    struct group *group = memory_allocate(sizeof *group + calls_size + text_size(calls, count));
    *group = (struct group){
        .kind = kind, .statement = statement, .when_lost = QUERY_UNKNOWN, .count = count};
    for (size_t place = 0; place < count; place++) {
        group->calls[place] = calls[place];
        calls[place]->group = group;
        calls[place]->place = place;
    }
    group->end = (char *)&group->calls[count];
    *group->end = '\0';
    return group;
}

void group_free(struct group *group) {
    PQclear(group->result);
    free(group);
}

static void begin_parameter(struct group *group) {
    *++group->end = '\0';
    group->parameters[group->parameter_count++] = group->end;
}

static void put_text(struct group *group, const char *text, size_t length) {
    memcpy(group->end, text, length);
    group->end += length;
    *group->end = '\0';
}

static void put_value(struct group *group, const struct call_parameter *value) {
    if (value->text) {
        put_text(group, value->text, strlen(value->text));
    } else {
        char text[NUMBER_SIZE];
        int length = snprintf(text, sizeof text, "%" PRId64, value->number);
        put_text(group, text, (size_t)length);
    }
}

void group_add_parameter(struct group *group, const struct call_parameter *value) {
    begin_parameter(group);
    put_value(group, value);
}

void group_add_array(struct group *group, int parameter, const char brackets[2]) {
    begin_parameter(group);
    for (size_t place = 0; place < group->count; place++) {
        put_text(group, place == 0 ? brackets : ",", 1);
        put_value(group, &group->calls[place]->parameters[parameter]);
    }
    put_text(group, brackets + 1, 1);
}
