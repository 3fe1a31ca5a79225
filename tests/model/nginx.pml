/*
 * What NGINX shows (nginx/memory.h, process/member.h) as a model for Spin: services that start, reload,
 * stop, stand still and are killed at any moment, each with one worker; and NGINX. run.sh goes through
 * every order of steps that is possible. coherence.pml has what is done within one memory; here a
 * version is one number. rendezvous.pml has how services find one memory; here in few steps.
 *
 * A GET that starts now, at any service or NGINX, must show:
 *   - every write that was acknowledged;
 *   - every commit that was there when a service joined, when another became the holder without
 *     the last one having stopped, or when all was invalidated for a dead worker.
 * NGINX shows pages only of an edition that a holder has had since the GET began. And when all is
 * quiet, it serves no page that is not the database's.
 *
 * There is no clock: that a holder which stands still is no longer vouched for may come at any time,
 * but comes.
 *
 * Each FAULT_... is a deliberate mistake that must break a property.
 */
#ifndef SERVICES
#define SERVICES 2
#endif
#ifndef WRITES
#define WRITES 1
#endif
#define NOBODY SERVICES

byte database;     /* how many writes are committed; a page shows the first so many */
byte acknowledged; /* a GET must show so many */

/* QA_SHARED_FILE: the holder's lock, its socket, and who is present (a service, or its worker). A
 * process that ends loses its locks and connections at once. */
byte holder = NOBODY;
bool listens;
byte present;

typedef Service {
    bool lives;   /* its supervisor */
    bool stands;  /* still, for ever */
    bool works;   /* its worker */
    bool orphan;  /* a worker ended between a commit and its raise */
    byte memory, edition
};
Service services[SERVICES];

typedef Memory {
    byte version, edition;
    bool vouched, withdrawn;
    byte page, page_version, page_edition /* the ring; version 0: nothing */
};
Memory memories[SERVICES + 1]; /* from 1 on */
byte made;

byte editions; /* bits: of holders, since NGINX began with a GET; 0: it has none */

inline note_edition() {
    if
    :: editions != 0 -> editions = editions | (1 << services[me].edition)
    :: else
    fi
}

#define MINE services[me].memory
#define BIT  (1 << me)
#define NEXT ((me + 1) % SERVICES)
#define SILENT(other) (services[other].stands || !services[other].lives)

inline invalidate() {
    memories[MINE].version++;
    acknowledged = database
}

inline hold() {
    memories[MINE].edition = services[me].edition;
    note_edition();
    memories[MINE].vouched = true;
    memories[MINE].withdrawn = false;
    listens = true
}

inline let_go() {
    if
    :: holder == me -> holder = NOBODY; listens = false
    :: else
    fi
}

#ifdef FAULT_NEW_WHILE_OTHERS_LIVE
#define IS_ALONE true
#else
#define IS_ALONE (present == 0)
#endif

proctype Supervisor(byte me) {
    byte other;
    services[me].lives = true;
end_meet: /* rendezvous_meet() of a newcomer */
    if
    :: atomic { holder == NOBODY -> holder = me };
        if
        :: atomic { /* the other lock exclusively, then shared */
            IS_ALONE ->
            present = present | BIT;
            made++;
            MINE = made;
            memories[MINE].version = 1;
            hold()
           }
        :: atomic { !IS_ALONE -> let_go(); goto end_meet }
        fi
    :: atomic { holder != NOBODY && listens -> /* join() */
        other = holder;
        present = present | BIT
       };
        if
        :: atomic { holder == other && listens -> MINE = services[other].memory }
        :: atomic { else -> present = present & ~BIT; other = 0; goto end_meet }
        fi
    fi;
    atomic { invalidate(); services[me].works = true; other = 0 }; /* member_join(), then workers */
    do
    :: atomic { /* on_holder_gone() */
        holder == NOBODY ->
        holder = me;
        if
        :: memories[MINE].withdrawn
        :: else ->
#ifdef FAULT_TAKES_OVER_AS_IT_IS
            acknowledged = database
#else
            invalidate()
#endif
        fi;
        hold()
       }
    :: atomic { /* member_doubt() */
        services[me].orphan -> services[me].orphan = false; invalidate()
       }
    :: atomic { /* versions_beat() */
        SILENT(NEXT) && services[NEXT].orphan -> services[NEXT].orphan = false; invalidate()
       }
    :: atomic { /* a reload completes: member_set_edition() */
        me == 0 && services[me].edition == 0 ->
        services[me].edition = 1;
        if
        :: holder == me -> memories[MINE].edition = 1; note_edition()
        :: else
        fi
       }
    :: break
    od;
    if /* it ends, or nearly */
    :: atomic { services[me].lives = false; let_go() } /* killed */
    :: atomic { services[me].stands = true };
       end: false
    :: atomic { /* member_stop() */
        if
        :: holder == me -> memories[MINE].vouched = false; memories[MINE].withdrawn = true
        :: else
        fi
       };
       atomic { let_go() }; /* rendezvous_step_down() */
       services[me].lives = false
    fi
}

proctype Worker(byte me) {
    byte must_show, version, page, edition, write;
    bool has_read;
end:
    services[me].works;
end_work:
    do
    :: atomic { /* a write */
        database < WRITES && services[me].works ->
        database++;
        write = database
       };
        if
        :: atomic { /* raised, then acknowledged */
            memories[MINE].version++;
            if
            :: write > acknowledged -> acknowledged = write
            :: else
            fi;
            write = 0
           }
        :: atomic { services[me].orphan = true; write = 0 } /* killed, and replaced */
        fi
    :: atomic { /* a read */
        !has_read -> has_read = true;
        must_show = acknowledged;
        version = memories[MINE].version;
        if /* those who drain have the old settings */
        :: edition = services[me].edition
        :: edition = 0
        fi
       };
        if
        :: atomic {
            memories[MINE].page_version == version && memories[MINE].page_edition == edition ->
            assert(memories[MINE].page >= must_show)
           }
        :: atomic {
            memories[MINE].page_version != version || memories[MINE].page_edition != edition ->
            page = database
           };
           atomic {
            memories[MINE].page = page;
            memories[MINE].page_version = version;
            memories[MINE].page_edition = edition
           }
        fi;
        atomic { must_show = 0; version = 0; page = 0; edition = 0 }
    :: atomic { /* its supervisor has ended, or is about to stop */
        !services[me].lives ->
        services[me].works = false;
        services[me].edition = 0;
        MINE = 0;
        present = present & ~BIT;
        break
       }
    od
}

#ifdef FAULT_NGINX_KEEPS_THE_MEMORY
#define HAS_ENDED false
#else
#define HAS_ENDED \
    (connected != NOBODY && (holder != connected || !listens || memories[mapped].withdrawn))
#endif
#ifdef FAULT_NOT_VOUCHED_FOR
#define MAY_SERVE true
#else
#define MAY_SERVE memories[mapped].vouched
#endif
#ifdef FAULT_ANY_EDITION
#define IS_OF_EDITION true
#else
#define IS_OF_EDITION (memories[mapped].page_edition == memories[mapped].edition)
#endif
#define NGINX_SERVES /* it asks in the end whether the connection has ended, event or not */ \
    (mapped != 0 && MAY_SERVE && IS_OF_EDITION && memories[mapped].page_version == version && \
     !HAS_ENDED)

byte mapped, connected = NOBODY;

active proctype Nginx() {
    byte must_show, version;
    bool asked;
end:
    do
    :: atomic {
        connected == NOBODY && holder != NOBODY && listens && !memories[services[holder].memory].withdrawn ->
        connected = holder;
        mapped = services[holder].memory
       }
    :: atomic { HAS_ENDED -> connected = NOBODY; mapped = 0 }
    :: atomic { /* a request */
        !asked && mapped != 0 -> asked = true;
        must_show = acknowledged;
        editions = 1 << memories[mapped].edition;
        version = memories[mapped].version
       };
       atomic {
        if
        :: NGINX_SERVES ->
            assert(memories[mapped].page >= must_show);
            assert(editions & (1 << memories[mapped].page_edition))
        :: else
        fi;
        must_show = 0; version = 0; editions = 0
       }
    od
}

/* Nobody vouches for who stands still, or has ended. */
active proctype Time() {
    byte me;
end:
    do
    :: atomic {
        mapped != 0 && memories[mapped].vouched && (holder == NOBODY || services[holder].stands) ->
        memories[mapped].vouched = false
       }
    od
}

active proctype Quiet() {
    byte version;
    timeout -> /* nothing else can happen any more */
    atomic {
        version = memories[mapped].version;
        assert(!NGINX_SERVES || memories[mapped].page == database)
    }
}

init {
    byte me;
    atomic {
        for (me : 0 .. SERVICES - 1) {
            run Supervisor(me);
            run Worker(me)
        }
    }
}
