/*
 * How supervisors come to use one shared memory (include/process/rendezvous.h) as a model for Spin:
 * each may die at any moment, with or without workers that outlive it, and start anew.
 *
 * What must hold: all who may change a memory, supervisors and orphaned workers, have the same.
 *
 * A step here is a system call. When a process dies, the system closes its descriptors in any order:
 * its lock may be free while its socket is still there, or the other way round.
 *
 * Each FAULT_... is a deliberate mistake that must break this.
 */
#define SUPERVISORS 3
#ifndef DEATHS
#define DEATHS 3
#endif
#define NOBODY SUPERVISORS

/* QA_SHARED_FILE. */
byte holder = NOBODY;    /* who has byte 0 */
byte exclusive = NOBODY; /* who has byte 1 for itself */
bool present[SUPERVISORS];

/* Of each supervisor. */
bool lives[SUPERVISORS];
bool listens[SUPERVISORS]; /* or its socket is not closed yet */
byte life[SUPERVISORS];    /* which one */
byte memory[SUPERVISORS];  /* 0: none */

byte orphans[SUPERVISORS]; /* the memory of workers that have outlived it; 0: there are none */

byte made;   /* memories */
byte deaths;

#ifdef FAULT_WORKERS_ARE_NOT_PRESENT
#define PRESENT(k) (present[k])
#else
#define PRESENT(k) (present[k] || orphans[k] != 0)
#endif
#define NOBODY_IS_PRESENT (!PRESENT(0) && !PRESENT(1) && !PRESENT(2) && exclusive == NOBODY)

/* Of two memories that are in use, `used` is one. */
#define IS_OTHER(k) ((memory[k] != 0 && memory[k] != used) || (orphans[k] != 0 && orphans[k] != used))

inline use(which) {
    used = which;
    memory[i] = used;
    assert(!(IS_OTHER(0) || IS_OTHER(1) || IS_OTHER(2)))
}

#define MAY_DIE atomic { deaths < DEATHS -> deaths++; lives[i] = false; goto dies }

proctype Supervisor(byte i) {
    byte other, other_life, used;
starts:
    lives[i] = true;
meets:
    if
    :: atomic { holder == NOBODY -> holder = i; goto holds }
    :: atomic { holder != NOBODY -> goto joins }
    :: MAY_DIE
    fi;
holds:
    if
    :: atomic { memory[i] != 0 -> listens[i] = true; goto end_stays }
#ifdef FAULT_NOBODY_LOOKS_WHO_IS_PRESENT
    :: atomic { memory[i] == 0 -> exclusive = i }
#else
    :: atomic { memory[i] == 0 && NOBODY_IS_PRESENT -> exclusive = i }
    :: atomic { memory[i] == 0 && !NOBODY_IS_PRESENT -> holder = NOBODY; goto meets }
#endif
    :: MAY_DIE
    fi;
    if
    :: atomic { true -> exclusive = NOBODY; present[i] = true; made++; use(made) }
    :: MAY_DIE
    fi;
    if
    :: atomic { true -> listens[i] = true; goto end_stays }
    :: MAY_DIE
    fi;
joins:
    if
    :: atomic { listens[0] && i != 0 -> other = 0 }
    :: atomic { listens[1] && i != 1 -> other = 1 }
    :: atomic { listens[2] && i != 2 -> other = 2 }
    :: atomic { !listens[0] && !listens[1] && !listens[2] -> goto meets }
    :: MAY_DIE
    fi;
    other_life = life[other];
#ifndef FAULT_ASK_BEFORE_BEING_PRESENT
    if
    :: atomic { exclusive == NOBODY -> present[i] = true }
    :: atomic { exclusive != NOBODY -> goto meets }
    :: MAY_DIE
    fi;
#endif
    if
    :: atomic { lives[other] && listens[other] && life[other] == other_life -> used = memory[other] }
    :: atomic { !listens[other] || life[other] != other_life ->
            present[i] = memory[i] != 0; goto meets }
    :: MAY_DIE
    fi;
    if
    :: atomic { exclusive == NOBODY || present[i] -> present[i] = true; use(used); goto end_stays }
    :: MAY_DIE
    fi;
end_stays:
    if
    :: atomic { holder != i && (!listens[other] || life[other] != other_life) -> goto meets }
    :: MAY_DIE
    fi;
dies:
    if
    :: memory[i] != 0 -> orphans[i] = memory[i]
    :: true
    fi;
    atomic {
        memory[i] = 0; present[i] = false;
        if
        :: exclusive == i -> exclusive = NOBODY
        :: else
        fi
    };
    if
    :: listens[i] = false; holder = (holder == i -> NOBODY : holder)
    :: holder = (holder == i -> NOBODY : holder); listens[i] = false
    fi;
    life[i]++;
    goto starts
}

active proctype Workers() {
end:
    do
    :: atomic { orphans[0] != 0 -> orphans[0] = 0 }
    :: atomic { orphans[1] != 0 -> orphans[1] = 0 }
    :: atomic { orphans[2] != 0 -> orphans[2] = 0 }
    od
}

init {
    atomic { run Supervisor(0); run Supervisor(1); run Supervisor(2) }
}
