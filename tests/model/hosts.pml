/*
 * The protocol by which several hosts on one database show no old page
 * (docs/decisions/066-lease-and-commit-wait.md) as a model for Spin: one page, writes at two hosts,
 * their clocks, the loss of a validator's session, and a failover to a standby. Hosts have nothing in
 * common but the database, and a GET meets one: so only one of them, here, needs a cache, a validator
 * and readers; the other one, elsewhere, writes. What happens within a host is in coherence.pml: here
 * its workers and NGINX are one.
 *
 * What a GET that starts now must show:
 *   - every write that has been answered with 2xx, but for those that a failover to an asynchronous
 *     standby has lost;
 *   - once a write is answered that the new primary has committed: none that was lost.
 * With -DSYNCHRONOUS no write that is answered is ever lost.
 *
 * Only what is not in other models is here: a GET either fills the ring, or is shown what is there. One
 * that is shown a page changes nothing, and one that asks the database shows what that says. The counter
 * and the epoch are one number, as neither ever falls.
 *
 * Time is discrete. What counts are durations: each is that since an event, on the clock of whoever
 * measures it, and stays where it is once it is long enough. In the time of a lease the clocks of two
 * hosts may run apart by one tick.
 *
 * Each FAULT_... is a deliberate mistake that must break a property.
 */
#ifndef WRITES
#define WRITES 1
#endif
#ifndef LEASE
#define LEASE 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#define NEVER 3 /* an xid that no transaction has yet */

#if defined(FAULT_WAIT_WITHOUT_MARGIN) || defined(WITHOUT_DRIFT)
#define WAIT LEASE
#elif defined(FAULT_WAIT_SHORTER_THAN_LEASE)
#define WAIT (LEASE - 1)
#else
#define WAIT (LEASE + 1) /* on the writer's clock, so that the reader's has advanced by LEASE */
#endif

/* The database, in sets of writes: bit 1 << n is that of writer n. The primary that was there first is
 * number 0. */
byte primary;
byte running; /* has its xid */
byte flushed; /* in the primary's log, and not visible yet */
byte visible; /* committed, as snapshots see it */
byte standby; /* of the log, what the standby has */
byte lost;
byte next_xid;
byte xid[WRITES];
byte here; /* writes of this host, whose pages its workers invalidate themselves */

byte acknowledged; /* answered with 2xx */
bool is_new_era;   /* the new primary's first has been */

byte version; /* struct versions */
bool is_filled; /* the ring, with the one page */
byte ring_page, ring_version;

/* Durations. */
byte age;               /* of the lease: since the last completed round began */
byte round_age;         /* since the round under way began */
byte held_age;          /* of the lease that a reader has read */
byte waited[WRITES];
bool is_ahead; /* the writers' clocks, by a tick */

byte losses;

#define IS_UP(number) (primary == number)

inline advance(duration, most) {
    if
    :: duration < most -> duration++
    :: else
    fi
}

inline advance_leases() {
    advance(age, LEASE);
    advance(round_age, LEASE);
    advance(held_age, LEASE)
}

inline advance_waits() {
    advance(waited[0], WAIT);
#if WRITES > 1
    advance(waited[1], WAIT)
#endif
}

active proctype Clock() {
end:
    do
    :: d_step { advance_leases(); advance_waits() }
#ifndef WITHOUT_DRIFT
    :: d_step { !is_ahead -> is_ahead = true; advance_waits() }
    :: d_step { is_ahead -> is_ahead = false; advance_leases() }
#endif
    od
}

#ifndef WITHOUT_FAILOVER
/* Replication: the standby gets what the primary has flushed, some time, in any order. */
active proctype Standby() {
end:
    do
    :: atomic {
            primary == 0 && ((flushed | visible) & ~standby) ->
            if
            :: (flushed | visible) & ~standby & 1 -> standby = standby | 1
            :: (flushed | visible) & ~standby & 2 -> standby = standby | 2
            fi
        }
    od
}

/* The primary dies, and the standby takes its place. What it has not is lost, and its xids begin
 * after what it has: they are used a second time. */
active proctype Failover() {
    atomic {
        primary = 1;
        lost = (running | flushed | visible) & ~standby;
        visible = standby;
        running = 0;
        flushed = 0;
        next_xid = 0;
        if
        :: standby & 1 -> next_xid = xid[0] + 1
        :: else
        fi;
#if WRITES > 1
        if
        :: (standby & 2) && xid[1] >= next_xid -> next_xid = xid[1] + 1
        :: else
        fi;
#endif
#ifdef SYNCHRONOUS
        assert((acknowledged & lost) == 0)
#endif
    }
}

#endif

#define BIT (1 << number)
#ifdef SYNCHRONOUS
#define MAY_COMMIT (IS_UP(on) && (on == 1 || (standby & BIT)))
#else
#define MAY_COMMIT IS_UP(on)
#endif
#define IS_HERE ((here >> number) & 1)

/* A write: its transaction on the primary, then write_respond() of src/qa/write.c, and the
 * commit-wait. */
proctype Writer(byte number) {
    byte on;
    atomic {
#ifndef WITHOUT_FAILOVER
        number == 0 || primary == 1; /* a second one matters where it gets an xid again */
#endif
        if
        :: here = here | BIT
        :: true
        fi;
        on = primary;
        xid[number] = next_xid;
        next_xid++;
        running = running | BIT;
#ifdef FAULT_WAIT_FROM_BEFORE_COMMIT
        waited[number] = 0
#endif
    }
    {
#if !defined(WITHOUT_FAILOVER) || defined(FAULT_RAISED_ON_RECEIPT)
        atomic { IS_UP(on) -> flushed = flushed | BIT };
#endif
        atomic { /* its xid leaves the list of those in progress: from here on snapshots see it */
            MAY_COMMIT ->
            running = running & ~BIT;
            flushed = flushed & ~BIT;
            visible = visible | BIT
        }
    } unless {
        atomic { /* 504, whether it is in the standby or not: on_uncertain() */
            !IS_UP(on) -> version = version + IS_HERE;
            goto done
        }
    };
    atomic { /* QUERY_DONE; if the primary dies now the news of the commit may have come before */
        version = version + IS_HERE;
#ifndef FAULT_WAIT_FROM_BEFORE_COMMIT
        waited[number] = 0
#endif
    };
    atomic {
        waited[number] >= WAIT ->
        acknowledged = acknowledged | BIT;
        is_new_era = is_new_era || on == 1;
#ifdef SYNCHRONOUS
        assert((acknowledged & lost) == 0)
#endif
    };
done:
    on = 0
}

/* What a round finds of one write of another host. */
#ifdef FAULT_WITHOUT_XIP
#define IS_NEW(n) (xid[n] >= last_xmax)
#else
#define IS_NEW(n) (xid[n] >= last_xmax || (last_xip & (1 << xid[n])))
#endif
#ifdef FAULT_RAISED_ON_RECEIPT
#define SEEN ((flushed | visible) & ~here) /* messages leave when they are flushed */
#else
#define SEEN (visible & ~here)
#endif

inline take_snapshot() { /* one statement, so one snapshot */
    has_news = (SEEN & 1) && IS_NEW(0);
    xip = 0;
    if
    :: (running & ~SEEN) & 1 -> xip = xip | (1 << xid[0])
    :: else
    fi;
#if WRITES > 1
    has_news = has_news || ((SEEN & 2) && IS_NEW(1));
    if
    :: (running & ~SEEN) & 2 -> xip = xip | (1 << xid[1])
    :: else
    fi;
#endif
    last_xip = xip;
    last_xmax = next_xid;
    xip = 0
}

/* The validator: rounds, one after the other. Its time is read before the statement is sent, and so
 * before the snapshot; at the same moment is the worst that can be. */
active proctype Validator() {
    byte on, last_xmax, last_xip, xip;
    bool has_news, is_first = true;
end:
    do
    :: atomic {
            if
#ifdef FAULT_OLD_PRIMARY_ANSWERS
            :: on != primary /* where nothing changes any more */
#endif
            :: on != primary -> on = primary; is_first = true; take_snapshot()
            :: on == primary -> take_snapshot()
            :: on == primary && losses < LOSSES -> /* somebody has ended the session */
                losses++;
                is_first = true;
                take_snapshot()
            fi;
            round_age = 0
        };
        atomic { /* invalidate(), in src/pages/rounds.c */
            if
            :: is_first || has_news -> version++
            :: !is_first && !has_news
            fi;
            has_news = false;
            is_first = false
        };
        atomic { /* extend_lease() */
#ifdef FAULT_LEASE_FROM_END_OF_ROUND
            age = 0;
#else
            age = round_age;
#endif
            round_age = LEASE
        }
    od
}

#ifdef FAULT_NO_LEASE
#define HAS_LEASE true
#else
#define HAS_LEASE (held_age < LEASE)
#endif

/* A query whose page is kept: on_send(), PostgreSQL, on_page(). One after the other: what is stored
 * under an older version than another one's is never found. */
active proctype Filler() {
    byte on, page, noted;
end:
    do
    :: atomic { version != ring_version || !is_filled -> on = primary; noted = version };
        if
        :: atomic { IS_UP(on) -> page = visible };
            atomic {
#ifdef FAULT_NOTE_AFTER_QUERY
                noted = version;
#endif
                is_filled = true;
                ring_page = page;
                ring_version = noted;
                page = 0;
                noted = 0
            }
        :: atomic { !IS_UP(on) -> noted = 0 } /* 503 */
        fi
    od
}

inline now_it_comes() { /* a GET that began sooner need not show more */
    must_show = acknowledged;
    must_not_show = (is_new_era -> lost : 0)
}

#define IS_RIGHT ((must_show & ~lost & ~ring_page) == 0 && (must_not_show & ring_page) == 0)

/* A GET that is shown what is in the ring, by NGINX or a worker. */
active proctype Reader() {
    byte must_show, must_not_show, noted;
    atomic {
        now_it_comes();
#ifdef FAULT_LEASE_AFTER_VERSION
        noted = version
#else
        held_age = age /* shared_memory_leased_until_us() */
#endif
    };
#ifdef FAULT_LEASE_AFTER_VERSION
    held_age = age;
#else
    noted = version; /* versions_note() */
#endif
#ifdef FAULT_TIME_FROM_BEFORE_THE_REQUEST
    if /* the clock was read when something else came */
    :: HAS_LEASE -> atomic { now_it_comes(); held_age = 0 }
    :: !HAS_LEASE
    fi;
#endif
    atomic { /* the clock, then ring_find(): later is only stricter */
        HAS_LEASE && is_filled && ring_version == noted -> assert(IS_RIGHT);
        held_age = LEASE;
        must_show = 0;
        must_not_show = 0;
        noted = 0
    }
}

init {
    atomic {
        age = LEASE;
        round_age = LEASE;
        held_age = LEASE;
        xid[0] = NEVER;
#if WRITES > 1
        xid[1] = NEVER;
        run Writer(1);
#endif
        run Writer(0)
    }
}
