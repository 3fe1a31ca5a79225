/* What the process ends with. */
#pragma once

enum {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,   /* wrong usage or a wrong setting: nothing was done */
    STATUS_REJECTS = 3, /* import: done, but some rows were rejected */
    STATUS_UNTOLD = 4,  /* import: done, but a service may show old pages until they expire */
    STATUS_UNKNOWN = 5, /* import: the connection broke at the very end: done, or not */
};
