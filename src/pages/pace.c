/* The pace of the maker. */
#include "pages/pace.h"

enum {
    LOAD_MS = 100,      /* over which the load is measured, at least */
    BUSY_PERCENT = 5,   /* of a processor, used by the worker */
    LONG_STEP_MS = 250, /* this is its own work, not that of others */
    LAP_MS = 1000,
    LATE_LAP_MS = 2 * LAP_MS, /* when one takes as long, small steps do not keep up */
    DEMAND_MAX = 2000         /* queries that still count when no more come */
};

/* How large steps are. A product is some 0.12 ms of PostgreSQL's work, which requests wait for
 * where there are any; a step is some 0.1 ms more, whatever its size. */
struct step_size {
    int64_t ms; /* of its own work, about */
    int64_t products_min;
    int64_t products_max;
};
static const struct step_size step_size_idle = {20, 100, 200};
static const struct step_size step_size_busy = {1, 8, 8};
static const struct step_size step_size_late = {4, 32, 32};

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

static const struct step_size *step_size(const struct pace *pace) {
    if (!pace->is_busy) {
        return &step_size_idle;
    }
    bool is_late = pace->step_began_ms - pace->lap_began_ms > LATE_LAP_MS;
    return is_late ? &step_size_late : &step_size_busy;
}

/* The next step is twice as large, or half. */
static void resize(struct pace *pace, int64_t took_ms) {
    const struct step_size *size = step_size(pace);
    bool is_small = pace->products < size->products_min;
    if (took_ms <= size->ms || (is_small && took_ms <= LONG_STEP_MS)) {
        pace->products *= 2;
    } else if (took_ms > LONG_STEP_MS || pace->products / 2 >= size->products_min) {
        pace->products = pace->products > 1 ? pace->products / 2 : 1;
    }
    if (pace->products > size->products_max) {
        pace->products = size->products_max;
    }
}

static int64_t rest_after(const struct pace *pace, int64_t took_ms) {
    if (!pace->is_busy) {
        return took_ms * REST_IDLE;
    }
    if (pace->demand == 0) {
        return took_ms * REST_BUSY;
    }
    int64_t usual_ms = step_size(pace)->ms;
    bool others_worked = took_ms > usual_ms && took_ms <= LONG_STEP_MS;
    return (others_worked ? usual_ms : took_ms) * REST_WANTED;
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
