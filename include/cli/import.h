/* `atelier-qa import DIR`: loads the three CSV files of a data set into the database. */
#pragma once

/* argv[0] is "import". Returns the exit status: 0 all rows were good, 1 failed (the database is as
 * it was), 2 wrong usage, 3 done, but some rows were rejected. Tells on standard error. */
__attribute__((warn_unused_result)) int import_command(int argc, char **argv);
