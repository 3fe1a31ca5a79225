/* Links between the pages of a list. */
#include "qa/list_links.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a query may have beside letters and digits (RFC 3986, 3.4). */
static bool may_stay(struct http_text text, size_t i) {
    unsigned char character = (unsigned char)text.data[i];
    if (character == '%') {
        return text.length - i > 2 && isxdigit((unsigned char)text.data[i + 1]) &&
               isxdigit((unsigned char)text.data[i + 2]);
    }
    return character < 0x80 && character != '\0' &&
           (isalnum(character) || strchr("-._~!$&'()*+,;=:@/?", character));
}

/* Adds a pair and an ampersand; what is no part of a URI is escaped. False when there is no room.
 */
static bool add_pair(char query[LIST_LINKS_QUERY_MAX], size_t *used, struct http_text pair) {
    static const char digits[] = "0123456789ABCDEF";
    enum { ESCAPE = 3 };
    for (size_t i = 0; i < pair.length; i++) {
        unsigned char character = (unsigned char)pair.data[i];
        if (*used + ESCAPE >= LIST_LINKS_QUERY_MAX) {
            return false;
        }
        if (may_stay(pair, i)) {
            query[(*used)++] = (char)character;
        } else {
            query[(*used)++] = '%';
            query[(*used)++] = digits[character >> 4];
            query[(*used)++] = digits[character & 15];
        }
    }
    query[(*used)++] = '&';
    return true;
}

/* All but the page. */
static bool copy_query(const struct http_target *target, char query[LIST_LINKS_QUERY_MAX],
                       size_t *used) {
    struct http_text rest = target->query;
    *used = 0;
    while (rest.length > 0) {
        const struct http_text pair = http_target_take_pair(&rest);
        if (pair.length > 0 && !http_target_has_name(target, pair, "page") &&
            !add_pair(query, used, pair)) {
            return false;
        }
    }
    return true;
}

static size_t add_link(char links[LIST_LINKS_SIZE], size_t used, struct http_text query,
                       int64_t page, const char *relation) {
    int length =
        snprintf(links + used, LIST_LINKS_SIZE - used, "%s<?%.*spage=%" PRId64 ">; rel=\"%s\"",
                 used > 0 ? ", " : "", (int)query.length, query.data, page, relation);
    return used + (size_t)length;
}

size_t list_links_write(const struct http_target *target, const struct page_key *key, bool has_more,
                        bool is_not_modified, char links[LIST_LINKS_SIZE]) {
    char buffer[LIST_LINKS_QUERY_MAX];
    struct http_text query = {buffer, 0};
    size_t used = 0;
    if (!page_key_is_list(key) || (!has_more && key->page == 1 && !is_not_modified) ||
        !copy_query(target, buffer, &query.length)) {
        return 0;
    }
    if (has_more && key->page < INT64_MAX) {
        used = add_link(links, used, query, key->page + 1, "next");
    }
    if (key->page > 1) {
        used = add_link(links, used, query, key->page - 1, "prev");
    }
    return used > 0 ? used : add_link(links, used, query, 1, "first");
}
