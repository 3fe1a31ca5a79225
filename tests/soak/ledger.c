/* What was written, and what a page must show of it. */
#include "ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A place whose page shows so many elements that nobody knows has little room for others. */
enum { STRANGERS_MAX = 2 };

static enum kind kind_of_slot(size_t index) {
    bool is_main = index < LEDGER_MAIN;
    return is_main ? (enum kind)index : (enum kind)((index - LEDGER_MAIN) / LEDGER_OTHERS);
}

static void renew(struct ledger *ledger, struct place *place) {
    *place = (struct place){.product = ledger->next_product++};
    for (size_t i = 0; i < LEDGER_SLOTS; i++) {
        place->slots[i].kind = kind_of_slot(i);
    }
}

void ledger_init(struct ledger *ledger, size_t places, int64_t first_product) {
    *ledger = (struct ledger){.count = places, .next_product = first_product};
    ledger->places = calloc(places, sizeof *ledger->places);
    if (!ledger->places) {
        perror("calloc");
        exit(1);
    }
    for (size_t i = 0; i < places; i++) {
        renew(ledger, &ledger->places[i]);
    }
    ledger->last_written = ledger->places;
}

void ledger_clear(struct ledger *ledger) {
    free(ledger->places);
}

void ledger_use(struct place *place) {
    place->in_use++;
}

void ledger_release(struct ledger *ledger, struct place *place) {
    place->is_closed = place->is_closed || place->gone_count == LEDGER_GONE_MAX ||
                       place->strangers > STRANGERS_MAX;
    if (--place->in_use == 0 && place->is_closed) {
        renew(ledger, place);
    }
}

static void acknowledge(struct ledger *ledger, struct place *place) {
    ledger->sequence++;
    ledger->last_written = place;
}

/* A slot for another. What it held may show for ever. */
static void give_up(struct place *place, struct slot *slot) {
    place->strangers++;
    slot->phase = PHASE_FREE;
}

void ledger_vote(struct slot *slot) {
    slot->votes_sent++;
}

void ledger_voted(struct ledger *ledger, struct place *place, struct slot *slot, int64_t id,
                  enum outcome outcome) {
    bool is_there = slot->id == id; /* another client may have reported it meanwhile */
    if (outcome == OUTCOME_ACKNOWLEDGED) {
        slot->votes_acknowledged += is_there;
        acknowledge(ledger, place);
    } else if (outcome == OUTCOME_REFUSED) {
        slot->votes_sent -= is_there;
    }
}

void ledger_post(struct slot *slot) {
    slot->phase = PHASE_POSTING;
}

void ledger_posted(struct ledger *ledger, struct place *place, struct slot *slot,
                   enum outcome outcome, int64_t id) {
    if (outcome == OUTCOME_ACKNOWLEDGED) {
        *slot = (struct slot){.kind = slot->kind, .phase = PHASE_ADDED, .id = id};
        acknowledge(ledger, place);
    } else if (outcome == OUTCOME_REFUSED) {
        slot->phase = PHASE_FREE;
    } else {
        give_up(place, slot);
    }
}

void ledger_report(struct slot *slot) {
    slot->phase = PHASE_REPORTING;
}

void ledger_reported(struct ledger *ledger, struct place *place, struct slot *slot,
                     enum outcome outcome) {
    if (outcome == OUTCOME_ACKNOWLEDGED) {
        acknowledge(ledger, place);
        if (place->gone_count < LEDGER_GONE_MAX) { /* else the place is about to be closed */
            place->gone[place->gone_count++] =
                (struct gone){slot->kind, slot->id, ledger->sequence};
            slot->phase = PHASE_FREE;
        }
    } else if (outcome == OUTCOME_REFUSED) {
        slot->phase = PHASE_ADDED;
    } else {
        give_up(place, slot);
    }
}

void ledger_expect(const struct ledger *ledger, const struct place *place,
                   struct expectation *expectation) {
    expectation->sequence = ledger->sequence;
    for (size_t i = 0; i < LEDGER_SLOTS; i++) {
        const struct slot *slot = &place->slots[i];
        expectation->ids[i] = slot->phase == PHASE_ADDED ? slot->id : 0;
        expectation->votes[i] = slot->votes_acknowledged;
    }
}

__attribute__((format(printf, 2, 3))) static struct finding found(enum verdict verdict,
                                                                  const char *format, ...) {
    struct finding finding = {.verdict = verdict};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding.text, sizeof finding.text, format, arguments);
    va_end(arguments);
    return finding;
}

static const struct slot *slot_of(const struct place *place, const struct element *element) {
    for (size_t i = 0; i < LEDGER_SLOTS; i++) {
        const struct slot *slot = &place->slots[i];
        if (slot->phase >= PHASE_ADDED && slot->id == element->id &&
            (int64_t)slot->kind == element->kind) {
            return slot;
        }
    }
    return NULL;
}

void ledger_note_shown(struct place *place, const struct page *page) {
    for (size_t i = 0; i < LEDGER_SLOTS; i++) {
        struct slot *slot = &place->slots[i];
        const struct element *element = page_find(page, slot->kind, slot->id);
        if (slot->phase >= PHASE_ADDED && element && element->helpfulness > slot->votes_shown) {
            slot->votes_shown = element->helpfulness;
        }
    }
}

/* The latest are the likeliest. */
static const struct gone *gone_of(const struct place *place, const struct element *element) {
    for (size_t i = place->gone_count; i > 0; i--) {
        const struct gone *gone = &place->gone[i - 1];
        if (gone->id == element->id && gone->kind == element->kind) {
            return gone;
        }
    }
    return NULL;
}

static int64_t being_posted(const struct place *place) {
    int64_t count = 0;
    for (size_t i = 0; i < LEDGER_SLOTS; i++) {
        count += place->slots[i].phase == PHASE_POSTING;
    }
    return count;
}

/* Nothing shows that cannot be there, or not any more. */
static struct finding judge_shown(const struct place *place, const struct page *page,
                                  const struct expectation *expectation) {
    int64_t strangers = 0;
    for (size_t i = 0; i < page->count; i++) {
        const struct element *element = &page->elements[i];
        const struct slot *slot = slot_of(place, element);
        const struct gone *gone = slot ? NULL : gone_of(place, element);
        if (slot && element->helpfulness > slot->votes_sent) {
            return found(VERDICT_WRONG, "%ld votes show of %ld sent", element->helpfulness,
                         slot->votes_sent);
        }
        if (gone && gone->sequence <= expectation->sequence) {
            return found(VERDICT_STALE, "what was reported shows, id %ld", gone->id);
        }
        strangers += !slot && !gone;
    }
    if (strangers > place->strangers + being_posted(place)) {
        return found(VERDICT_WRONG, "%ld elements show that nobody has posted", strangers);
    }
    return found(VERDICT_FINE, "%s", "");
}

struct finding ledger_judge(const struct place *place, enum list list, size_t most,
                            const struct page *page, const struct expectation *expectation) {
    struct finding finding = judge_shown(place, page, expectation);
    /* Another page has the rest. */
    bool is_full = page_count(page, list == LIST_QUESTIONS ? KIND_QUESTION : KIND_ANSWER) >= most;
    for (size_t i = 0; i < LEDGER_SLOTS && finding.verdict == VERDICT_FINE; i++) {
        const struct slot *slot = &place->slots[i];
        int64_t id = expectation->ids[i];
        if (id == 0 || (list == LIST_ANSWERS && slot->kind == KIND_QUESTION)) {
            continue;
        }
        const struct element *element = page_find(page, slot->kind, id);
        if (element && element->helpfulness < expectation->votes[i]) {
            finding = found(VERDICT_STALE, "%ld votes show of %ld acknowledged, id %ld",
                            element->helpfulness, expectation->votes[i], id);
        }
        if (!element && !is_full && slot->id == id && slot->phase == PHASE_ADDED) {
            finding = found(VERDICT_STALE, "what was posted is missing, id %ld", id);
        }
    }
    return finding;
}
