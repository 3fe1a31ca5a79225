/*
 * The protocol of the coherent response cache (include/pages/versions.h) as a model for Spin:
 * one page, NGINX and two workers, reads, writes, and the end of a worker at any moment. run.sh goes
 * through every order of steps that is possible. How they come to share one memory is in
 * rendezvous.pml.
 *
 * What a GET that starts now must show:
 *   - every write that has been answered with 2xx: promise 2 of the contract;
 *   - every orphaned commit (its worker ended, or its connection broke, before it was answered) that
 *     was there when all was invalidated because of it.
 * And nothing is forgotten: when all is quiet, the ring holds no page that would still be served and
 * is not the database's, but for orphans that were suspected when its version was noted: because of
 * these it was kept for a short time only.
 *
 * A step here is one in the code: an event loop runs one callback after the other, so what a
 * callback does within its process is atomic. Between two accesses to what processes share, the
 * versions, the ring and the database, anything may happen. There is no clock: what takes
 * time may take any, and a page expires, if it is to, after everything else.
 *
 * Each FAULT_... is a deliberate mistake that must break a property.
 */
#ifndef READERS
#define READERS 2
#define WRITES 1
#endif
#define WORKERS 2
#define NGINX WORKERS

/* Writes are the bits 1 and 2. The database is the set of writes that are committed, a page the set
 * of those that it shows. */
byte database;
byte running;      /* sent, and neither committed nor rolled back */
byte acknowledged; /* answered with 2xx */
byte settled;      /* orphaned, and committed when all was invalidated */

/* struct versions, with the one slot of the page. Instead of the time when all was last invalidated
 * it has the writes that may be orphans. */
byte counter, epoch, suspected;

/* ring.c, with the one page. */
typedef Entry { bool filled; byte page, counter, epoch, suspected };
Entry ring;

/* struct flight of flights.c, numbered as the reader that began it (_pid), with what the response
 * to all who wait for it must show. */
typedef Flight { bool open, sent; byte worker, must_show, counter, epoch };
Flight flights[READERS];

byte lives[WORKERS + 1];  /* a worker that ended is replaced by one that knows nothing */
byte unanswered[WORKERS]; /* writes that the worker has sent and not answered */

byte started; /* readers are alike: they may as well start in the order of their numbers */

inline choose_worker() {
    if
    :: worker = 0
    :: worker = 1
    fi;
    life = lives[worker]
}

#define ENDED (lives[worker] != life)

inline store() { /* ring_store(): a checksum makes it one step */
    ring.filled = true; ring.page = page; ring.counter = noted_counter;
    ring.epoch = noted_epoch; ring.suspected = noted_orphans
}

/* What means nothing any more is cleared, so that equal states look equal. */
inline forget_flight(flown) {
    flown.open = false; flown.sent = false; flown.worker = 0; flown.must_show = 0; flown.counter = 0; flown.epoch = 0
}

#define IS_NOTED(of) (of.counter == noted_counter && of.epoch == noted_epoch)
#ifdef FAULT_PAGE_OF_ANY_VERSION
#define IS_FOUND (ring.filled)
#else
#define IS_FOUND (ring.filled && IS_NOTED(ring))
#endif
#ifdef FAULT_JOIN_ANY_FLIGHT
#define MAY_JOIN(flight) (flight.open && flight.worker == worker)
#else
#define MAY_JOIN(flight) \
    (flight.open && flight.worker == worker && (!flight.sent || IS_NOTED(flight)))
#endif

/* versions_invalidate_all(), in two accesses. */
#ifdef FAULT_EPOCH_BEFORE_TIME
#define FIRST_OF_INVALIDATION(orphans)  epoch++; settled = settled | (orphans & database)
#define SECOND_OF_INVALIDATION(orphans) suspected = suspected | orphans
#else
#define FIRST_OF_INVALIDATION(orphans)  suspected = suspected | orphans
#define SECOND_OF_INVALIDATION(orphans) epoch++; settled = settled | (orphans & database)
#endif

/* A GET: lookup_serve() of a worker, or find() in nginx/handler.c, which has a worker serve what it
 * does not find. A query that is sent again, on another connection or out of a group that failed,
 * only takes its snapshot later. */
active [READERS] proctype Reader() {
    byte worker, life, must_show, page, noted_counter, noted_epoch, noted_orphans, i;
    atomic { /* versions_note() is two loads. A GET that began sooner need not show more. */
        started == _pid -> started++;
        if
        :: choose_worker()
#ifndef WITHOUT_NGINX
        :: worker = NGINX
#endif
        fi;
        must_show = acknowledged | settled;
#ifdef FAULT_AGE_BEFORE_NOTE
        noted_orphans = suspected;
#endif
        noted_counter = counter
    }
    {
        noted_epoch = epoch;
#ifdef FAULT_NGINX_NOTES_EARLY
        if /* now the request comes */
        :: worker == NGINX -> must_show = acknowledged | settled
        :: else
        fi;
#endif
        atomic {
            if /* ring_find() and ring_copy(): checksums make them one step */
            :: IS_FOUND ->
                assert((must_show & ~ring.page) == 0);
                goto done
            :: else
            fi;
            if
            :: worker == NGINX -> goto done
            :: else
            fi;
            do /* find_flight() */
            :: i == READERS -> break
            :: i < READERS && MAY_JOIN(flights[i]) ->
                flights[i].must_show = flights[i].must_show | must_show;
                goto done
            :: i < READERS && !MAY_JOIN(flights[i]) -> i++
            od;
            flights[_pid].open = true; /* add_flight() */
            flights[_pid].worker = worker;
            flights[_pid].must_show = must_show
        }
        noted_counter = counter; /* on_send(): versions_note() again */
        atomic {
            noted_epoch = epoch;
            flights[_pid].sent = true;
            flights[_pid].counter = noted_counter;
            flights[_pid].epoch = noted_epoch
        }
#if !defined(FAULT_AGE_BEFORE_NOTE) && !defined(FAULT_FULL_AGE)
        noted_orphans = suspected; /* versions_max_age_ms() */
#endif
        page = database; /* PostgreSQL takes the snapshot */
        atomic {         /* on_page() */
            assert((flights[_pid].must_show & ~page) == 0);
            forget_flight(flights[_pid]);
#ifdef FAULT_NOTE_AFTER_QUERY
            noted_counter = counter;
            noted_epoch = epoch;
#endif
            store();
            goto done
        }
    } unless { atomic { ENDED -> goto done } }; /* NGINX passes it on: another reader */
done:
    atomic { worker = 0; life = 0; must_show = 0; noted_counter = 0; noted_epoch = 0;
             noted_orphans = 0; page = 0; i = 0 }
}

inline raise_versions() {
#ifdef FAULT_VERSION_BEFORE_COMMIT
    skip
#else
    counter++
#endif
}

inline acknowledge() { /* 201 or 204 */
    atomic {
        acknowledged = acknowledged | write;
        unanswered[worker] = unanswered[worker] & ~write
    }
}

/* Writes, or batches of them: combine_writes.c, then on_changed() or on_added() of src/qa/. One that
 * was rolled back and is sent again, each write by itself, is another. */
active proctype Writer() {
    byte worker, life, write;
end:
    do
    :: atomic { /* pool_write() */
            write < WRITES -> write++;
            choose_worker();
#ifdef FAULT_VERSION_BEFORE_COMMIT
            counter++;
#endif
            running = running | write;
            unanswered[worker] = unanswered[worker] | write
        };
        {
            if
            :: atomic { FIRST_OF_INVALIDATION(write) }; /* QUERY_UNKNOWN, at any time: on_uncertain() */
                atomic { /* then 504 */
                    SECOND_OF_INVALIDATION(write);
                    unanswered[worker] = unanswered[worker] & ~write
                }
            :: atomic { /* rolled back: 503 */
                    !(running & write) && !(database & write) ->
                    unanswered[worker] = unanswered[worker] & ~write
                }
            :: atomic { /* QUERY_DONE */
                    !(running & write) && (database & write) ->
#ifdef FAULT_ANSWER_BEFORE_VERSION
                    acknowledge()
                };
                raise_versions()
#else
                    raise_versions()
                };
                acknowledge()
#endif
            fi
        } unless { ENDED } /* NGINX answers 504; what was sent stays sent */
    od
}

/* The server process of a write: it need not notice that its client is gone. */
inline finish(write) {
    running = running & ~write;
    if
    :: database = database | write
    :: true /* rolled back */
    fi
}

active proctype Database() {
end:
    do
    :: atomic { running & 1 -> finish(1) }
    :: atomic { running & 2 -> finish(2) }
    od
}

/* A worker, one as well as the other, ends: killed, crashed, or drained; some time later somebody invalidates all for it:
 * its supervisor (on_exit_of() in supervisor.c), or, when that has died too, the supervisor of
 * another service (versions_beat()). One that drained has left no orphan. */
active proctype WorkerEnd() {
    byte orphans, i;
    atomic {
        lives[0]++;
        for (i : 0 .. READERS - 1) {
            if
            :: flights[i].open && flights[i].worker == 0 -> forget_flight(flights[i])
            :: else
            fi
        };
        orphans = unanswered[0];
        unanswered[0] = 0;
        if
        :: orphans == 0 -> goto forget
        :: else
        fi
    }
#ifndef FAULT_VALID_AFTER_DEATH
    atomic { FIRST_OF_INVALIDATION(orphans) };
    atomic { SECOND_OF_INVALIDATION(orphans) };
#endif
forget:
    atomic { orphans = 0; i = 0 }
}

#define IS_FRESH \
    (!ring.filled || ring.counter != counter || ring.epoch != epoch || \
     (database & ~ring.page & ~ring.suspected) == 0)

active proctype Quiet() {
    timeout -> /* nothing else can happen any more */
    assert(IS_FRESH)
}
