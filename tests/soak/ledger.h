/*
 * The ledger: what was written, and so what a read must show. A product that the checker looks at
 * is a place, with one question that all vote on and answer, one answer of it that all vote on, and
 * a few others of both that come, are voted on, and are reported.
 *
 * Writes that may have been applied count as sent, not as acknowledged. One thread keeps the
 * ledger, so what was acknowledged before a read was sent is what the ledger says at that moment.
 */
#pragma once

#include "page.h"

enum {
    LEDGER_MAIN = 2,   /* slots: the question, its answer, */
    LEDGER_OTHERS = 3, /* other questions, and as many other answers */
    LEDGER_SLOTS = LEDGER_MAIN + 2 * LEDGER_OTHERS,
    LEDGER_GONE_MAX = 256
};

enum list { LIST_QUESTIONS, LIST_ANSWERS };

enum phase { PHASE_FREE, PHASE_POSTING, PHASE_ADDED, PHASE_REPORTING };

/* A question or an answer that may show. */
struct slot {
    enum kind kind;
    enum phase phase;
    int64_t id;
    int64_t votes_acknowledged;
    int64_t votes_sent;  /* no more than these can show */
    int64_t votes_shown; /* the most that a page has shown: the database must keep them */
};

/* What was reported, and acknowledged as the so-manieth write of all. */
struct gone {
    int64_t kind;
    int64_t id;
    uint64_t sequence;
};

struct place {
    int64_t product;
    struct slot slots[LEDGER_SLOTS];
    struct gone gone[LEDGER_GONE_MAX];
    size_t gone_count;
    int64_t strangers; /* elements that may show, of ids that nobody knows */
    size_t in_use;     /* by so many requests under way */
    bool is_closed;    /* no request begins any more */
};

struct ledger {
    struct place *places;
    size_t count;
    int64_t next_product;
    uint64_t sequence; /* of acknowledged writes */
    struct place *last_written;
};

/* What a page must show that is asked for now. */
struct expectation {
    uint64_t sequence;
    int64_t ids[LEDGER_SLOTS]; /* 0: nothing is expected */
    int64_t votes[LEDGER_SLOTS];
};

void ledger_init(struct ledger *ledger, size_t places, int64_t first_product);
void ledger_clear(struct ledger *ledger);

/* A request to a place begins, and ends. With the last one a closed place becomes a new product. */
void ledger_use(struct place *place);
void ledger_release(struct ledger *ledger, struct place *place);

enum outcome { OUTCOME_ACKNOWLEDGED, OUTCOME_REFUSED, OUTCOME_UNKNOWN };

void ledger_vote(struct slot *slot);
/* For what had the id when the vote was sent. */
void ledger_voted(struct ledger *ledger, struct place *place, struct slot *slot, int64_t id,
                  enum outcome outcome);
void ledger_post(struct slot *slot);
/* `id` of what was acknowledged. */
void ledger_posted(struct ledger *ledger, struct place *place, struct slot *slot,
                   enum outcome outcome, int64_t id);
void ledger_report(struct slot *slot);
void ledger_reported(struct ledger *ledger, struct place *place, struct slot *slot,
                     enum outcome outcome);

void ledger_expect(const struct ledger *ledger, const struct place *place,
                   struct expectation *expectation);

/* Keeps in mind what a page has shown. */
void ledger_note_shown(struct place *place, const struct page *page);

enum verdict { VERDICT_FINE, VERDICT_STALE, VERDICT_WRONG };

struct finding {
    enum verdict verdict;
    char text[160];
};

/* A page with at most `most` elements, against what was expected when it was asked for, and what
 * can have been written since. */
struct finding ledger_judge(const struct place *place, enum list list, size_t most,
                            const struct page *page, const struct expectation *expectation);
