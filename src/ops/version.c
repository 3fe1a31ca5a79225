/* The program's version. */
#include "ops/version.h"

#include "version_text.h"

const char version_number[] = VERSION_NUMBER;
const char version_revision[] = VERSION_REVISION;
