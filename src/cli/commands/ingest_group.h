/* SPDX-License-Identifier: MIT
 * ingest_group.h - one ingestion of sources that belong together, for `update`. */
#ifndef CS_CLI_COMMANDS_INGEST_GROUP_H
#define CS_CLI_COMMANDS_INGEST_GROUP_H

#include "cli/command_line.h"
#include "config/ingest_yaml.h"
#include "config/settings.h"

typedef struct cs_source_group {
    const clipsearch_source *sources; /* [count] */
    size_t count;
    bool part;                             /* of what is remembered, which stays as it is */
    const char *list;                      /* the YAML file that lists them; NULL: none */
    const cs_ingest_file *file;            /* what it says now; NULL: it is not there */
    const clipsearch_image_options *image; /* without `file`, */
    const char *metadata;                  /* and this */
} cs_source_group;

/* The reports of a collection's groups, added up. Zero: none has ended. */
typedef struct cs_group_sum {
    clipsearch_ingest_report report;
    size_t ended;           /* groups that are counted in it */
    clipsearch_error error; /* of the first that failed; code CLIPSEARCH_OK: none did */
} cs_group_sum;

/* Ingest the group into the collection of `settings`, which exists, and add the report to `sum`. Prints what is wrong,
 * but not the report; with --progress json that is left to cs_print_sum. Returns an exit status. */
int cs_ingest_group(const cs_args *args, const cs_settings *settings, const cs_source_group *group, cs_group_sum *sum);

/* Say what becomes of images whose files are gone, when they were first found to be so; or that --prune was refused. */
void cs_note_gone(const cs_args *args, const clipsearch_ingest_report *report);

/* Add the report of a group that ended with `err` (code CLIPSEARCH_OK: well) to `sum`. */
void cs_add_report(cs_group_sum *sum, const clipsearch_ingest_report *report, const clipsearch_error *err);

/* Print the line of a collection whose groups were ingested, with the exit status `code` in all; with --progress json
 * as an object. */
void cs_print_sum(const cs_args *args, const char *collection, const cs_group_sum *sum, int code);

#endif
