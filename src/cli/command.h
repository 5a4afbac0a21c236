/* SPDX-License-Identifier: MIT
 * command.h - the commands, and how they report errors. */
#ifndef CS_CLI_COMMAND_H
#define CS_CLI_COMMAND_H

#include "cli/advice.h"
#include "cli/exit_code.h"
#include "cli/command_line.h"
#include "config/settings.h"

#include <stdio.h>

/* Each runs one command and returns the program's exit status (exit_code.h). */
int cs_command_search(const cs_args *args);
int cs_command_ingest(const cs_args *args);
int cs_command_embed(const cs_args *args);
int cs_command_tokenize(const cs_args *args);
int cs_command_info(const cs_args *args);
int cs_command_query(const cs_args *args);
int cs_command_get(const cs_args *args);
int cs_command_delete(const cs_args *args);
int cs_command_drop(const cs_args *args);
int cs_command_collections(const cs_args *args);
int cs_command_model(const cs_args *args);
int cs_command_check(const cs_args *args);
int cs_command_vacuum(const cs_args *args);
int cs_command_update(const cs_args *args);
int cs_command_version(const cs_args *args);
int cs_command_label(const cs_args *args);
int cs_command_duplicates(const cs_args *args);
int cs_command_export(const cs_args *args);
int cs_command_import(const cs_args *args);
int cs_command_merge(const cs_args *args);
int cs_command_copy(const cs_args *args);
int cs_command_completion(const cs_args *args);
int cs_command_serve(const cs_args *args);

/* Print the help page of `command`, or with 0 that of the whole program. */
void cs_help_print(unsigned command, FILE *out);

/* What the command `name` does, in a few words, as the first help page says; "" for others. */
const char *cs_help_summary(const char *name);

/* The functions below print a message when something is wrong and return the exit status for it. */

/* Load the settings for `args` and `file` (may be NULL), and the token if their database is on a server. Free them in
 * any case. */
int cs_load_settings(const cs_args *args, const cs_ingest_file *file, cs_settings *settings);

/* The same without the token and without a file: for what opens no database on a server, also while the token's file is
 * missing. */
int cs_load_settings_without_token(const cs_args *args, cs_settings *settings);

/* Print `err`. */
int cs_report_error(const clipsearch_error *err, cs_stage stage);

/* Print `err` and advice; the rest as cs_print_advice. */
int cs_report_with_advice(const clipsearch_error *err, cs_stage stage, cs_advice advice, const cs_settings *settings,
                          const char *name);

/* Print an error in a YAML file, in the environment or on the command line: CS_EXIT_USAGE unless the file could not be
 * read at all. */
int cs_report_settings(const clipsearch_error *err);

/* Report that memory ran out; returns CS_EXIT_INTERNAL. */
int cs_report_memory(void);

/* Print what is wrong with the command line and where its help is; returns CS_EXIT_USAGE. */
int cs_report_usage(unsigned command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for operands of a command that takes none. */
int cs_report_operands(unsigned command);

#endif
