/* SPDX-License-Identifier: MIT
 * ingest_command.h - one ingestion by the program: what its parts share. */
#ifndef CS_CLI_COMMANDS_INGEST_COMMAND_H
#define CS_CLI_COMMANDS_INGEST_COMMAND_H

#include "cli/command.h"
#include "cli/commands/ingest_group.h"
#include "cli/output/bad_files.h"
#include "cli/output/progress.h"
#include "cli/output/progress_json.h"
#include "config/names.h"
#include "config/path_list.h"

#include <limits.h>

/* Everything one ingestion holds. */
typedef struct cs_ingest_command {
    const cs_args *args;
    cs_ingest_file file;               /* the YAML file; else empty */
    clipsearch_source *direct;         /* sources of the command line; else NULL */
    cs_path_list list;                 /* of --files-from */
    const size_t *numbers;             /* with --watch: which of all sources those of the options are; else NULL */
    const clipsearch_source *followed; /* [followed_count] with --watch: all sources */
    size_t followed_count;
    bool only_changes; /* with --watch: not the first time */
    bool created;      /* the last run made the collection */
    bool copied;       /* it found files with the content of other items */
    cs_settings settings;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_ingest_options options;
    clipsearch_image_options image;
    clipsearch_index_options index;
    clipsearch_ingest_target target;
    cs_exif_choice exif; /* of the command line */
    bool metric_given;
    bool other_model;       /* the collection is of another model than the one that was opened, */
    char model_name[129];   /* which has this name */
    bool announce_built_in; /* the model, before the first image of a new collection */
    cs_on_bad on_bad;
    bool wait_announced;
    char list_path[PATH_MAX]; /* absolute path of the YAML file */
    cs_group_sum *sum;        /* update: the report is added to it, and not printed */
    cs_progress_view view;
    cs_progress_json json;
    cs_bad_files bad;
} cs_ingest_command;

/* ---- what is to be ingested, and how: ingest_sources.c, ingest_options.c */

/* Whether `path` is named as a YAML file and is no directory. */
bool cs_is_ingest_file(const char *path);
/* Take the sources from the YAML file that is the only operand, or from the operands and --files-from. Return an exit
 * status, having printed what is wrong. */
int cs_ingest_read_file(cs_ingest_command *in);
int cs_ingest_read_operands(cs_ingest_command *in);
/* Set the options of the run. Flags win over the YAML file, which wins over the library's defaults. */
void cs_ingest_merge_options(cs_ingest_command *in);

/* ---- the run: ingest_run.c */

/* Set everything to its default. `in` keeps pointers to itself, so it must stay where it is. */
void cs_ingest_begin(cs_ingest_command *in, const cs_args *args);
/* Open the model and set the target. An existing collection gives the model and the metric when nothing else does.
 * Returns an exit status, having printed what is wrong. */
int cs_ingest_prepare(cs_ingest_command *in);
/* Encode the collection anew with another model, when that is asked for, before anything is ingested into it.
 * `quiet_when_same`: for update, which reads the same YAML file each time. *done: the images can be ingested. Returns
 * an exit status. */
int cs_ingest_remodel(cs_ingest_command *in, bool quiet_when_same, bool *done);
/* Ingest, and print the report. Returns an exit status. */
int cs_ingest_images(cs_ingest_command *in);
/* Whether --progress is `kind`. */
bool cs_ingest_is_progress(const cs_ingest_command *in, const char *kind);

/* ---- how it went: ingest_report.c */

/* The exit status of a run that ended with `status`. Bad images count as --on-bad says. */
int cs_ingest_exit_code(const cs_ingest_command *in, clipsearch_status status, const clipsearch_ingest_report *report);
/* No source could be read. Each was named. */
bool cs_ingest_all_missing(const cs_ingest_command *in, const clipsearch_ingest_report *report);
/* "Inserted 1000 images into photos (3 skipped, 12 unchanged) in 1.2 s" behind `before` */
void cs_ingest_print_report(const cs_ingest_command *in, const clipsearch_ingest_report *report, FILE *out,
                            const char *before);
/* In words, how an ingestion ended that was done, and one that was not. */
void cs_ingest_print_success(const cs_ingest_command *in, const clipsearch_ingest_report *report);
void cs_ingest_print_failure(const cs_ingest_command *in, const clipsearch_ingest_report *report,
                             const clipsearch_error *err);

#endif
