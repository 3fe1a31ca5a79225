/* What moderators see in a terminal. */
#include "cli/moderation_text.h"

#include <stdio.h>

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *name) {
    return (long long)json_integer_value(json_object_get(object, name));
}

static bool is_true(const json_t *object, const char *name) {
    return json_is_true(json_object_get(object, name));
}

/* A shopper's text, indented: no control character reaches the terminal. */
static void print_text(const char *indent, const char *text) {
    fputs(indent, stdout);
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        unsigned char next = (unsigned char)at[1];
        if (byte == '\n') {
            printf("\n%s", indent);
        } else if (byte < ' ' || byte == 0x7f) {
            putchar(' ');
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) { /* U+0080 to U+009F */
            putchar(' ');
            at++;
        } else {
            putchar(byte);
        }
    }
    putchar('\n');
}

static void print_reasons(const json_t *item) {
    const char *name;
    json_t *count;
    json_object_foreach(json_object_get(item, "reasons"), name, count) {
        printf(", %s %lld", name, (long long)json_integer_value(count));
    }
}

static void print_item(const json_t *item) {
    printf("%-20s %s, %s, %lld reports", text_of(item, "item"), text_of(item, "state"),
           is_true(item, "shown") ? "shown" : "not shown", number_of(item, "reports"));
    print_reasons(item);
    printf(", product %lld, %s\n", number_of(item, "product_id"), text_of(item, "date"));
    print_text("    ", text_of(item, "body"));
    print_text("    by ", text_of(item, "name"));
}

void moderation_text_list(const json_t *found) {
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(found, "items"), index, item) {
        print_item(item);
    }
    long long total = number_of(found, "total");
    printf("%zu of %lld%s\n", json_array_size(json_object_get(found, "items")), total,
           total == 1000 ? " or more" : "");
}

static void print_items(const char *title, const json_t *items) {
    size_t index;
    json_t *item;
    if (json_array_size(items) > 0) {
        printf("\n%s\n", title);
    }
    json_array_foreach(items, index, item) {
        print_item(item);
    }
}

static void print_state(const json_t *state) {
    printf("%s, %s", text_of(state, "state"), is_true(state, "shown") ? "shown" : "not shown");
}

static void print_entry(const json_t *entry) {
    printf("%lld  %s  %s", number_of(entry, "id"), text_of(entry, "date"),
           text_of(entry, "action"));
    if (*text_of(entry, "item")) {
        printf(" %s", text_of(entry, "item"));
    }
    print_text(", by ", text_of(entry, "actor"));
    if (json_is_object(json_object_get(entry, "before"))) {
        fputs("    ", stdout);
        print_state(json_object_get(entry, "before"));
        fputs(" -> ", stdout);
        print_state(json_object_get(entry, "after"));
        putchar('\n');
    }
    if (*text_of(entry, "note")) {
        print_text("    ", text_of(entry, "note"));
    }
}

void moderation_text_item(const json_t *shown) {
    const json_t *question = json_object_get(shown, "question");
    const json_t *reports = json_object_get(shown, "reports");
    const json_t *log = json_object_get(shown, "log");
    size_t index;
    json_t *one;
    print_item(json_object_get(shown, "item"));
    if (json_is_object(question)) {
        puts("\nIts question:");
        print_item(question);
    }
    print_items("Its answers:", json_object_get(shown, "answers"));
    if (json_array_size(reports) > 0) {
        puts("\nReports:");
    }
    json_array_foreach(reports, index, one) {
        printf("%s  %s\n", text_of(one, "date"), text_of(one, "reason"));
        if (*text_of(one, "note")) {
            print_text("    ", text_of(one, "note"));
        }
    }
    if (json_array_size(log) > 0) {
        puts("\nDecisions:");
    }
    json_array_foreach(log, index, one) {
        print_entry(one);
    }
}

void moderation_text_log(const json_t *found) {
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(found, "entries"), index, entry) {
        print_entry(entry);
    }
}

void moderation_text_decided(const json_t *item, const char *action, bool has_changed) {
    printf("%s: %s%s, %s\n", text_of(item, "item"), has_changed ? "" : "nothing to ",
           has_changed ? text_of(item, "state") : action,
           is_true(item, "shown") ? "shown" : "not shown");
}

void moderation_text_hold(const json_t *decided) {
    const json_t *product = json_object_get(decided, "item");
    bool is_held = is_true(product, "held");
    bool has_changed = json_is_integer(json_object_get(decided, "entry"));
    printf("%s: %s%s\n", text_of(product, "item"),
           has_changed ? ""
           : is_held   ? "nothing to hold, "
                       : "nothing to release, ",
           is_held ? "new questions and answers wait" : "new questions and answers are shown");
}

void moderation_text_held(const json_t *held) {
    const json_t *products = json_object_get(held, "products");
    size_t index;
    json_t *product;
    json_array_foreach(products, index, product) {
        printf("%-20s %s", text_of(product, "item"), text_of(product, "date"));
        print_text(", by ", text_of(product, "actor"));
        if (*text_of(product, "note")) {
            print_text("    ", text_of(product, "note"));
        }
    }
    printf("%zu of %lld\n", json_array_size(products), number_of(held, "total"));
}
