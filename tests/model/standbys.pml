/*
 * Reads from standbys (docs/decisions/076-reads-from-standbys.md) as a model for Spin: one page, writes at
 * whatever host, one host that reads, its validator, and a standby that replays the log some time later.
 *
 * A GET must show every write that was answered with 2xx before it came, and every one for which somebody
 * at its own host has raised the version: who moderates by a command sees at once what that has done.
 *
 * Clocks are in hosts.pml, which shows what a lease means: whoever finds at some moment that the lease lasts
 * knows that the last completed round began after every write became visible that is answered by then. That
 * is what a lease is here; else it may have ended at any time.
 *
 * The log has one record for each commit, and so a position is a number of commits.
 *
 * Each FAULT_... is a deliberate mistake that must break the property.
 */
#ifndef WRITES
#define WRITES 1
#endif

/* Sets of writes: bit 1 << n is that of writer n. */
byte visible;      /* on the primary, as snapshots see it */
byte acknowledged; /* answered with 2xx */
byte inserted;     /* the primary's position in the log */
byte position[WRITES]; /* of each commit; 0: there is none yet */
byte replayed;         /* the standby's */

byte version; /* struct versions */
byte needed;  /* versions_replay_needed() */
byte leased;  /* what was visible when the last completed round began */
byte raised;  /* writes that somebody at this host has raised the version for, and noted when */
byte known;   /* of them, those that a GET at this host has to show, answered or not */

bool is_filled; /* the ring, with the one page */
byte ring_page, ring_version;

/* The flight for the page: to be joined while it has a version. */
bool is_sent;
byte flight_version, must_show;

proctype Writer(byte number) {
    atomic { inserted++; position[number] = inserted };
    visible = visible | (1 << number);
    if
    :: raised = raised | (1 << number); /* it is this host's: versions_raise() */
        version++;
        known = known | (1 << number)
    :: true
    fi;
    acknowledged = acknowledged | (1 << number)
}

active proctype Standby() {
end:
    do
    :: atomic { replayed < inserted -> replayed++ }
    od
}

#define HAS_REPLAYED(n) (position[n] > 0 && position[n] <= replayed)
#if WRITES > 1
#define SHOWN_BY_STANDBY ((HAS_REPLAYED(0) -> 1 : 0) + (HAS_REPLAYED(1) -> 2 : 0))
#else
#define SHOWN_BY_STANDBY (HAS_REPLAYED(0) -> 1 : 0)
#endif

/* end_round(), in src/pages/rounds.c. That it finds all that has become visible is in hosts.pml. */
active proctype Validator() {
    byte began, seen, found, at;
end:
    do
    :: began = visible;
#ifdef FAULT_POSITION_BEFORE_SNAPSHOT
        at = inserted;
        found = visible;
#else
        found = visible; /* the statement's snapshot */
        at = inserted;
#endif
        if
        :: (found & ~seen) != 0 ->
#ifdef FAULT_VERSION_BEFORE_POSITION
            version++;
            needed = at
#else
            needed = at;
            version++    /* both: versions_raise_at() */
#endif
        :: else
        fi;
        atomic { seen = found; leased = began; began = 0; found = 0; at = 0 }
    od
}

#ifdef FAULT_STANDBY_WITHOUT_LEASE
#define HAS_LEASE(held, must) true
#else
#define HAS_LEASE(held, must) ((must & ~held) == 0)
#endif

#ifdef FAULT_RAISES_OF_OTHERS_NOT_NOTED
#define IS_KNOWN(held, others) true
#else
#define IS_KNOWN(held, others) ((others & ~held) == 0)
#endif

/* A GET that finds nothing, and its flight. Each has steps of its own, in the order of on_send() and
 * connection_send(). */
active proctype Flight() {
    byte held, asked, others, at, page;
end:
    do
    :: atomic { !is_filled || ring_version != version -> must_show = acknowledged | known };
        held = leased; /* shared_memory_leased_until_us(), shared_memory_round_us() */
#ifdef FAULT_NEEDED_BEFORE_VERSION
        atomic { others = raised; asked = needed };
        atomic { flight_version = version; is_sent = true };
#else
        atomic { flight_version = version; is_sent = true };
        others = raised; /* versions_replay_needed(): before the round began, or nobody knows */
        asked = needed;
#endif
        if
        :: HAS_LEASE(held, acknowledged) && IS_KNOWN(held, others) -> /* the clock */
#ifdef FAULT_POSITION_WITH_PAGE
            page = SHOWN_BY_STANDBY; /* the snapshot of a statement is older than what it calls */
            at = replayed;
#else
            at = replayed;
            page = SHOWN_BY_STANDBY;
#endif
            if
#ifdef FAULT_UNCHECKED
            :: true
#else
            :: at >= asked
            :: else -> page = visible /* the primary is asked as well */
#endif
            fi
        :: page = visible /* the lease has ended, or no standby is there */
        fi;
        atomic {
            is_sent = false;
            assert((must_show & ~page) == 0);
            is_filled = true;
            ring_page = page;
            ring_version = flight_version;
            must_show = 0;
            held = 0;
            asked = 0;
            others = 0;
            at = 0;
            page = 0
        }
    od
}

/* A GET that is shown the page of the ring, or joins the flight. */
active proctype Reader() {
    byte must, answered, held, noted;
    atomic { (acknowledged | known) != 0 -> must = acknowledged | known; answered = acknowledged };
    held = leased;
    noted = version;
    atomic {
        (answered & ~held) == 0 ->
        if
        :: is_filled && ring_version == noted -> assert((must & ~ring_page) == 0)
        :: is_sent && flight_version == noted -> must_show = must_show | must
        :: else
        fi
    };
end:
    false
}

init {
    atomic {
#if WRITES > 1
        run Writer(1);
#endif
        run Writer(0)
    }
}
