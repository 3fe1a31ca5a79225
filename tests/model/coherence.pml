/*
 * The protocol of the coherent response cache (include/cache/generations.h) as a model for Spin:
 * one page, two workers, reads, writes, and the end of a worker at any moment. run.sh goes through
 * every order of steps that is possible.
 *
 * What a GET that starts now must show:
 *   - every write that has been answered with 2xx: promise 2 of the contract;
 *   - every orphaned commit (its worker ended, or its connection broke, before it was answered) for
 *     which the epoch has been raised the second time.
 * And nothing is forgotten: when all is quiet, no worker holds a page that it would still serve and
 * that is not the database's.
 *
 * A step here is one in the code: an event loop runs one callback after the other, so what a
 * callback does within its process is atomic. Between two accesses to what processes share, the
 * generations and the database, anything may happen. There is no clock: what takes time may take
 * any, but for the one bound that the protocol relies on (EXPIRES).
 *
 * Each FAULT_... is a deliberate mistake, or a broken bound, that must break a property. Nothing
 * may depend on the expiry of pages: here they never expire.
 */
#ifndef READERS
#define READERS 2
#define WRITES 2
#endif
#define WORKERS 2
#define SUPERVISOR WORKERS /* it has a timer, as each worker has */

/* Writes are the bits 1 and 2. The database is the set of writes that are committed, a page the set
 * of those that it shows. */
byte database;
byte running;      /* sent, and neither committed nor rolled back */
byte acknowledged; /* answered with 2xx */
byte settled;      /* orphaned, committed, and the epoch has been raised the second time */

/* struct generations, with the one slot of the page. */
byte counter, epoch;

/* page_cache.c, with the one page. */
typedef Entry { bool filled; byte page, counter, epoch };
Entry cache[WORKERS];

/* struct flight of pages.c, numbered as the reader that began it (_pid), with what the answer to
 * all who wait for it must show. */
typedef Flight { bool open; byte worker, must_show, counter, epoch };
Flight flights[READERS];

byte lives[WORKERS];           /* a worker that ended is replaced by one that knows nothing */
byte unanswered[WORKERS];      /* writes that the worker has sent and not answered */
byte raise_again[WORKERS + 1]; /* the orphans that the pending timer is for; 0: not pending */

byte started; /* readers are alike: they may as well start in the order of their numbers */

inline choose_worker() {
    if
    :: worker = 0
    :: worker = 1
    fi;
    life = lives[worker]
}

#define ENDED (lives[worker] != life)

/* What means nothing any more is cleared, so that equal states look equal. */
inline forget_entry(entry) {
    entry.filled = false; entry.page = 0; entry.counter = 0; entry.epoch = 0
}

inline forget_flight(flown) {
    flown.open = false; flown.worker = 0; flown.must_show = 0; flown.counter = 0; flown.epoch = 0
}

#define IS_NOTED(of) (of.counter == noted_counter && of.epoch == noted_epoch)
#ifdef FAULT_JOIN_ANY_FLIGHT
#define MAY_JOIN(flight) (flight.open && flight.worker == worker)
#else
#define MAY_JOIN(flight) (flight.open && flight.worker == worker && IS_NOTED(flight))
#endif

/* A GET: pages_serve(). A query that is sent again, on another connection or out of a group that
 * failed, only takes its snapshot later. */
active [READERS] proctype Reader() {
    byte worker, life, must_show, page, noted_counter, noted_epoch, i;
    atomic { /* generations_note() is two loads. A GET that began sooner need not show more. */
        started == _pid -> started++;
        choose_worker();
        must_show = acknowledged | settled;
        noted_counter = counter
    }
    {
        atomic {
            noted_epoch = epoch;
            if /* page_cache_find() */
            :: cache[worker].filled && IS_NOTED(cache[worker]) ->
                assert((must_show & ~cache[worker].page) == 0);
                goto done
            :: else -> forget_entry(cache[worker])
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
            flights[_pid].must_show = must_show;
            flights[_pid].counter = noted_counter;
            flights[_pid].epoch = noted_epoch
        }
        page = database; /* PostgreSQL takes the snapshot */
        atomic {         /* on_shared_page() */
            assert((flights[_pid].must_show & ~page) == 0);
            forget_flight(flights[_pid]);
#ifdef FAULT_NOTE_AFTER_QUERY
            noted_counter = counter;
            noted_epoch = epoch;
#endif
            cache[worker].filled = true; /* page_cache_store() */
            cache[worker].page = page;
            cache[worker].counter = noted_counter;
            cache[worker].epoch = noted_epoch;
            goto done
        }
    } unless { atomic { ENDED -> goto done } }; /* NGINX passes it on: another reader */
done:
    atomic { worker = 0; life = 0; must_show = 0; noted_counter = 0; noted_epoch = 0; i = 0 }
}

inline raise_generations() {
#ifdef FAULT_GENERATION_BEFORE_COMMIT
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

/* Writes, or batches of them: batcher.c, then on_changed() or on_added() of src/qa/. One that was
 * rolled back and is sent again, item by item, is another. */
active proctype Writer() {
    byte worker, life, write;
end:
    do
    :: atomic { /* pool_write() */
            write < WRITES -> write++;
            choose_worker();
#ifdef FAULT_GENERATION_BEFORE_COMMIT
            counter++;
#endif
            running = running | write;
            unanswered[worker] = unanswered[worker] | write
        };
        {
            if
            :: atomic { /* QUERY_UNKNOWN, which may come at any time: on_uncertain(), then 504 */
                    epoch++;
                    raise_again[worker] = raise_again[worker] | write;
                    unanswered[worker] = unanswered[worker] & ~write
                }
            :: atomic { /* rolled back: 503 */
                    !(running & write) && !(database & write) ->
                    unanswered[worker] = unanswered[worker] & ~write
                }
            :: atomic { /* QUERY_DONE */
                    !(running & write) && (database & write) ->
#ifdef FAULT_ANSWER_BEFORE_GENERATION
                    acknowledge()
                };
                raise_generations()
#else
                    raise_generations()
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

/* A worker ends: killed, crashed, or drained; some time later, on_exit_of() in supervisor.c. It
 * must act after a drain too: a timer of the worker's own has gone with it. */
active proctype WorkerEnd() {
    byte worker, life, orphans, i;
    bool drained;
    atomic {
        choose_worker();
        lives[worker]++;
        forget_entry(cache[worker]);
        for (i : 0 .. READERS - 1) {
            if
            :: flights[i].open && flights[i].worker == worker -> forget_flight(flights[i])
            :: else
            fi
        };
        drained = (unanswered[worker] == 0);
        orphans = unanswered[worker] | raise_again[worker];
        unanswered[worker] = 0;
        raise_again[worker] = 0
    }
    atomic { /* raise_epoch() */
#ifdef FAULT_DRAINED_WITHOUT_EPOCH
        if
        :: drained -> goto forget
        :: else
        fi;
#endif
        epoch++;
        raise_again[SUPERVISOR] = raise_again[SUPERVISOR] | orphans;
forget:
        worker = 0; life = 0; orphans = 0; drained = false
    }
}

/* on_raise_again() of worker.c and supervisor.c. The bound: when the timer expires that was set
 * after a loss, the server processes that the loss left behind have ended. PostgreSQL keeps it as
 * long as it runs and a commit takes no longer than the margin: the statement timeout does not
 * cover the commit. Where the bound is broken, old pages stay until they expire. */
#ifdef FAULT_ORPHAN_OUTLIVES_TIMER
#define EXPIRES(owner) (raise_again[owner] != 0)
#else
#define EXPIRES(owner) (raise_again[owner] != 0 && (raise_again[owner] & running) == 0)
#endif

inline on_raise_again(owner) {
#ifndef FAULT_NO_SECOND_EPOCH
    epoch++;
#endif
    settled = settled | (raise_again[owner] & database);
    raise_again[owner] = 0
}

active proctype Timers() {
end:
    do
    :: atomic { EXPIRES(0) -> on_raise_again(0) }
    :: atomic { EXPIRES(1) -> on_raise_again(1) }
    :: atomic { EXPIRES(SUPERVISOR) -> on_raise_again(SUPERVISOR) }
    od
}

#define IS_FRESH(entry) \
    (!entry.filled || entry.counter != counter || entry.epoch != epoch || entry.page == database)

active proctype Quiet() {
    timeout -> /* nothing else can happen any more */
    assert(IS_FRESH(cache[0]) && IS_FRESH(cache[1]))
}
