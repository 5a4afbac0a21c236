/* SPDX-License-Identifier: MIT
 * command_names.h - the names of the commands, and a bit for each. */
#ifndef CS_CLI_COMMAND_NAMES_H
#define CS_CLI_COMMAND_NAMES_H

#include <stddef.h>

/* A bit per command, so that a row of the table can belong to several commands. */
enum {
    CS_SEARCH = 1,
    CS_INGEST = 2,
    CS_EMBED = 4,
    CS_TOKENIZE = 8,
    CS_INFO = 16,
    CS_HELP = 32,
    CS_VERSION = 64,
    CS_QUERY = 128,
    CS_GET = 256,
    CS_DELETE = 512,
    CS_DROP = 1024,
    CS_COLLECTIONS = 2048,
    CS_MODEL = 4096,
    CS_CHECK = 8192,
    CS_VACUUM = 16384,
    CS_LABEL = 32768,
    CS_UPDATE = 65536,
    CS_DUPLICATES = 131072,
    CS_EXPORT = 262144,
    CS_IMPORT = 524288,
    CS_MERGE = 1048576,
    CS_COMPLETION = 2097152,
    CS_SERVE = 4194304,
    CS_COPY = 8388608,
    CS_CONFIG = 16777216,
    CS_ALL_COMMANDS = 33554431
};

/* The names of the commands; the bit of a command, 0 when there is none of that name; and its name. */
extern const char *const cs_command_names[];
extern const size_t cs_command_count;
unsigned cs_command_of(const char *word);
const char *cs_command_name(unsigned command);

#endif
