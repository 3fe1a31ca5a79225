/* `atelier-qa generate DIR`: writes a synthetic data set as the three CSV files of the public one.
 */
#pragma once

/* argv[0] is "generate". Returns the exit status: 0 done, 1 failed (what was half written is
 * removed), 2 wrong usage. The reason is told on standard error. */
__attribute__((warn_unused_result)) int generate_command(int argc, char **argv);
