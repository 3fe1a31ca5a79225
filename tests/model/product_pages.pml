/*
 * The protocol of the ready-made product pages (sql/migrations/0007_product_pages.sql) as a model
 * for Spin: one product, changes, and makers that end at any moment. run.sh goes through every order
 * of steps that is possible.
 *
 * At any moment, whoever looks sees either a page that holds all that is committed, or that it must
 * run the query.
 *
 * A step is what one snapshot sees, or one commit shows: PostgreSQL makes these atomic. What a
 * transaction has locked or changed is undone when it ends without a commit.
 *
 * Each FAULT_... is a deliberate mistake that must break the property.
 */
#define MAKERS 2

/* Changes are bits. */
byte database; /* committed */
byte marks;    /* committed, one for each change */
bool filled;
byte page;     /* the changes that it holds */
bool locked;   /* by a maker, or who empties a table: one at a time */

proctype change(byte which) {
    if
    :: d_step {
        database = database | which;
#ifndef FAULT_NO_MARK
        marks = marks | which
#endif
       }
#ifdef FAULT_MARK_AFTER_COMMIT
    :: database = database | which; marks = marks | which
#endif
    :: true /* rolled back */
    fi
}

proctype make() {
    byte seen, made;
#ifndef FAULT_NO_LOCK
    atomic { !locked -> locked = true }
#endif
    /* Each statement has a snapshot of its own, and sees the changes of its transaction. */
#ifdef FAULT_MARKS_LAST
    made = database;
    seen = marks;
#else
    seen = marks;
    made = database;
#endif
    if
    :: d_step {
        marks = marks & ~seen;
        page = made;
        filled = true
       }
    :: true /* rolled back */
    fi;
    locked = false
}

/* Whoever empties a table drops the pages in its own transaction, and waits for makers. */
proctype empty_table() {
    atomic { !locked -> locked = true }
    d_step { database = 0; filled = false; page = 0 };
    locked = false
}

proctype look() {
    assert(!filled || marks != 0 || page == database)
}

init {
    byte which = 1;
    byte number;
    atomic {
        do
        :: which < 8 -> run change(which); which = which * 2
        :: else -> break
        od;
        for (number : 1 .. MAKERS) { run make() }
        run empty_table();
        run look()
    }
}
