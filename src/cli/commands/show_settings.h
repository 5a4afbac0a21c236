/* SPDX-License-Identifier: MIT
 * show_settings.h - the settings, and where each comes from. */
#ifndef CS_CLI_COMMANDS_SHOW_SETTINGS_H
#define CS_CLI_COMMANDS_SHOW_SETTINGS_H

#include "cli/command_line.h"

/* Print them, as JSON with --json. Returns the exit status. */
int cs_show_settings(const cs_args *args);

#endif
