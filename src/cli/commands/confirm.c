/* SPDX-License-Identifier: MIT
 * confirm.c - a question on the terminal, answered by a line. */
#include "cli/commands/confirm.h"

#include "cli/command.h"
#include "cli/output/message.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Whether the next line says yes; the end of the input is no. */
static bool read_yes(void)
{
    char line[64];
    if (!fgets(line, sizeof line, stdin))
        return false;
    line[strcspn(line, " \t\r\n")] = '\0';
    return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}

int cs_confirm(const cs_args *args, unsigned command, const char *fact, const char *question)
{
    if (args->yes)
        return CS_EXIT_FOUND;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return cs_report_usage(command, "%s; nobody can be asked here, so this needs --yes", fact);
    cs_print_message("%s", fact);
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (read_yes())
        return CS_EXIT_FOUND;
    cs_print_message("nothing was removed");
    return CS_EXIT_NOTHING;
}
