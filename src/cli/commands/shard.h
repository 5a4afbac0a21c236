/* SPDX-License-Identifier: MIT
 * shard.h - ingest --shard. */
#ifndef CS_CLI_COMMANDS_SHARD_H
#define CS_CLI_COMMANDS_SHARD_H

#include "cli/command_line.h"

/* Read --shard N/M, if it is given, into `options`. `remodel`: the ingest file asks for it. Returns CS_EXIT_FOUND, or
 * prints what is wrong and returns the exit status. */
int cs_read_shard(const cs_args *args, bool remodel, clipsearch_ingest_options *options);

#endif
