/* The query that makes a page. */
#include "pages/page_query.h"

#include "ops/memory.h"

/* How many rows are before the page: so many that those of the page and one more can be counted. */
static int64_t offset_of(const struct page_key *key) {
    const int64_t most = INT64_MAX - key->count - 1;
    return key->page - 1 > most / key->count ? most : (key->page - 1) * key->count;
}

/* Whether the statement for the usual pages serves: it looks for the rows before the page once
 * more, to say whether the list goes on behind it. */
static bool is_plain(const struct page_query *query) {
    enum { SKIPPED_TWICE_MOST = 1000 };
    return query->key->order == PAGE_HELPFUL && query->key->choice == PAGE_ALL && !query->text &&
           offset_of(query->key) <= SKIPPED_TWICE_MOST;
}

/* The text of a search, and whether it is to be shown where its words are. */
static void add_search(const struct page_query *query, struct call *call) {
    call_add_text(call, memory_strdup(query->text));
    call_add_int64(call, query->key->shows_matches);
}

/* The statement for a page of questions, and what it takes. */
static void ask_for_questions(const struct page_query *query, struct call *call) {
    const struct page_key *key = query->key;
    call->statement = query->text             ? STATEMENT_SEARCH_QUESTIONS
                      : !is_plain(query)      ? STATEMENT_SORT_QUESTIONS
                      : query->is_for_standby ? STATEMENT_STANDBY_QUESTIONS
                                              : STATEMENT_LIST_QUESTIONS;
    call_add_int64(call, key->id);
    call_add_int64(call, key->count);
    call_add_int64(call, offset_of(key));
    call_add_int64(call, query->answers_per_question);
    if (!is_plain(query)) {
        call_add_int64(call, key->order);
        call_add_int64(call, key->choice);
    }
    if (query->text) {
        add_search(query, call);
    }
}

/* Likewise of answers. */
static void ask_for_answers(const struct page_query *query, struct call *call) {
    const struct page_key *key = query->key;
    call->statement = query->text       ? STATEMENT_SEARCH_ANSWERS
                      : is_plain(query) ? STATEMENT_LIST_ANSWERS
                                        : STATEMENT_SORT_ANSWERS;
    call_add_int64(call, key->id);
    call_add_int64(call, key->page);
    call_add_int64(call, key->count);
    call_add_int64(call, offset_of(key));
    if (!is_plain(query)) {
        call_add_int64(call, key->order);
    }
    if (query->text) {
        add_search(query, call);
    }
}

/* Likewise of the total of either. */
static void ask_for_total(const struct page_query *query, struct call *call) {
    bool is_of_questions = query->key->kind == PAGE_QUESTIONS;
    call->statement = is_of_questions ? STATEMENT_COUNT_QUESTIONS : STATEMENT_COUNT_ANSWERS;
    if (query->text) {
        call->statement =
            is_of_questions ? STATEMENT_COUNT_FOUND_QUESTIONS : STATEMENT_COUNT_FOUND_ANSWERS;
    }
    call_add_int64(call, query->key->id);
    if (is_of_questions) {
        call_add_int64(call, query->key->choice);
    }
    if (query->text) {
        call_add_text(call, memory_strdup(query->text));
    }
}

/* Likewise of one question, and of the counts of several products. */
static void ask_for_question(const struct page_query *query, struct call *call) {
    const struct page_key *key = query->key;
    call->statement =
        key->kind == PAGE_DOCUMENT ? STATEMENT_SHOW_DOCUMENT : STATEMENT_SHOW_QUESTION;
    call_add_int64(call, key->id);
    call_add_int64(call, query->answers_per_question);
}

static void ask_for_counts(const char *products, struct call *call) {
    call->statement = STATEMENT_COUNT_PRODUCTS;
    call_add_text(call, memory_strdup(products));
}

void page_query_put(const struct page_query *query, struct call *call) {
    switch ((enum page_kind)query->key->kind) {
    case PAGE_QUESTIONS:
    case PAGE_ANSWERS:
        if (page_key_is_total(query->key)) {
            ask_for_total(query, call);
        } else if (query->key->kind == PAGE_QUESTIONS) {
            ask_for_questions(query, call);
        } else {
            ask_for_answers(query, call);
        }
        break;
    case PAGE_QUESTION:
    case PAGE_DOCUMENT:
        ask_for_question(query, call);
        break;
    case PAGE_COUNTS:
        ask_for_counts(query->text, call);
    }
}
