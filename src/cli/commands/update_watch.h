/* SPDX-License-Identifier: MIT
 * update_watch.h - update --watch: follow what the collections of a database remember. */
#ifndef CS_CLI_COMMANDS_UPDATE_WATCH_H
#define CS_CLI_COMMANDS_UPDATE_WATCH_H

#include "cli/commands/open.h"

/* Call `update`, which brings the collections that args names (all of them when it names none) up to date and returns
 * an exit status, then follow the changes of their sources until a signal comes. */
int cs_update_watch(const cs_args *args, const cs_opened *opened, int (*update)(void *context), void *context);

#endif
