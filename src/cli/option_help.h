/* SPDX-License-Identifier: MIT
 * option_help.h - the list of options on a help page. */
#ifndef CS_CLI_OPTION_HELP_H
#define CS_CLI_OPTION_HELP_H

#include <stdio.h>

/* Print the options of `command`, a line each. */
void cs_options_print(unsigned command, FILE *out);

#endif
