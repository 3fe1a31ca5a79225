/* The pace of the maker. */
#include "pages/pace.h"

enum {
    LOAD_MS = 100,      /* over which the load is measured, at least */
    BUSY_PERCENT = 5,   /* of a processor, used by the worker */
    STEP_MS = 20,       /* which a step should not take longer than */
    LONG_STEP_MS = 250, /* this is its own work, not that of others */
    PRODUCTS_MIN = 100, /* in a step: some 12 ms of PostgreSQL's work */
    PRODUCTS_MAX = 200,
    LAP_MS = 1000,
    DEMAND_MAX = 2000 /* queries that still count when no more come */
};

/* For each millisecond of work so many of rest. */
enum { REST_IDLE = 1, REST_WANTED = 2, REST_BUSY = 49 };

void pace_init(struct pace *pace, unsigned workers) {
    *pace = (struct pace){.products = 1, .workers = workers, .lap_began_ms = -LAP_MS};
}

bool pace_begin_step(struct pace *pace, int64_t now_ms, bool lap_begins) {
    pace->step_began_ms = now_ms;
    if (!lap_begins) {
        return true;
    }
    if (now_ms - pace->lap_began_ms < LAP_MS) {
        return false;
    }
    pace->lap_began_ms = now_ms;
    return true;
}

static void measure_load(struct pace *pace, const struct pace_step *step) {
    int64_t elapsed_ms = step->now_ms - pace->load_since_ms;
    if (elapsed_ms >= LOAD_MS) {
        int64_t used_ms = step->cpu_ms - pace->load_cpu_ms;
        pace->is_busy = used_ms * 100 > elapsed_ms * BUSY_PERCENT;
        pace->load_since_ms = step->now_ms;
        pace->load_cpu_ms = step->cpu_ms;
    }
}

static void count_demand(struct pace *pace, const struct pace_step *step) {
    int64_t wanted = (int64_t)(step->queries - pace->queries) * (int64_t)pace->workers;
    int64_t demand = pace->demand + wanted - (int64_t)step->made;
    pace->queries = step->queries;
    pace->demand = demand < 0 ? 0 : demand > DEMAND_MAX ? DEMAND_MAX : demand;
}

/* The next step is twice as large, or half. */
static void resize(struct pace *pace, int64_t took_ms) {
    bool is_small = pace->products < PRODUCTS_MIN;
    if (took_ms <= STEP_MS || (is_small && took_ms <= LONG_STEP_MS)) {
        pace->products = pace->products < PRODUCTS_MAX / 2 ? pace->products * 2 : PRODUCTS_MAX;
    } else if (took_ms > LONG_STEP_MS || pace->products / 2 >= PRODUCTS_MIN) {
        pace->products = pace->products > 1 ? pace->products / 2 : 1;
    }
}

static int64_t rest_after(const struct pace *pace, int64_t took_ms) {
    if (!pace->is_busy) {
        return took_ms * REST_IDLE;
    }
    if (pace->demand == 0) {
        return took_ms * REST_BUSY;
    }
    bool others_worked = took_ms > STEP_MS && took_ms <= LONG_STEP_MS;
    return (others_worked ? STEP_MS : took_ms) * REST_WANTED;
}

int64_t pace_end_step(struct pace *pace, const struct pace_step *step) {
    int64_t took_ms = step->now_ms - pace->step_began_ms;
    took_ms = took_ms < 1 ? 1 : took_ms;
    measure_load(pace, step);
    count_demand(pace, step);
    int64_t rest_ms = rest_after(pace, took_ms);
    resize(pace, took_ms);
    int64_t lap_rest_ms = step->lap_ends ? pace->lap_began_ms + LAP_MS - step->now_ms : 0;
    return rest_ms > lap_rest_ms ? rest_ms : lap_rest_ms;
}

void pace_fail_step(struct pace *pace) {
    pace->products = 1;
}
