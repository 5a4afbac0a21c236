/* SPDX-License-Identifier: MIT
 * confirm.h - asks before much is removed. */
#ifndef CS_CLI_COMMANDS_CONFIRM_H
#define CS_CLI_COMMANDS_CONFIRM_H

#include "cli/command_line.h"

/* With --yes: CS_EXIT_FOUND. Else on a terminal print `fact` ("the collection photos has 12 images") and ask `question`
 * ("Drop it?"): CS_EXIT_FOUND when the answer is yes, else CS_EXIT_NOTHING. Where nobody can be asked, say that --yes
 * is needed: CS_EXIT_USAGE. */
int cs_confirm(const cs_args *args, unsigned command, const char *fact, const char *question);

#endif
