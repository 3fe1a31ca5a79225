/* `atelier-qa settings`: what is set, by the environment and QA_ENV_FILE. */
#pragma once

int settings_command(int argc, char **argv);
