/* SPDX-License-Identifier: MIT
 * exit_code.h - the program's exit statuses, documented in clipsearch(1). */
#ifndef CS_CLI_EXIT_CODE_H
#define CS_CLI_EXIT_CODE_H

#include "clipsearch.h"

enum {
    CS_EXIT_FOUND = 0,    /* done; for a search: something was found */
    CS_EXIT_NOTHING = 1,  /* a search found nothing, an ingestion found no image */
    CS_EXIT_USAGE = 2,    /* the command line, an environment variable or a YAML file is wrong */
    CS_EXIT_FILE = 3,     /* a file cannot be read or written */
    CS_EXIT_MODEL = 4,    /* the model is missing, damaged, or not the collection's */
    CS_EXIT_DATABASE = 5, /* the database or collection is missing or damaged, or cannot be written */
    CS_EXIT_INTERNAL = 6, /* out of memory, or a bug */
    CS_EXIT_SIGNAL = 128  /* plus the signal's number: 130 after Ctrl-C */
};

/* What failed: the same library status can mean different things to the user. */
typedef enum cs_stage { CS_STAGE_INPUT, CS_STAGE_MODEL, CS_STAGE_DATABASE } cs_stage;

/* The exit status for a library call that failed with `status` in `stage`. */
int cs_exit_code(clipsearch_status status, cs_stage stage);

#endif
