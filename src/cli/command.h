/* SPDX-License-Identifier: MIT
 * command.h - the commands, and what they share. */
#ifndef CS_CLI_COMMAND_H
#define CS_CLI_COMMAND_H

#include "cli/exit_code.h"
#include "config/options.h"

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

/* The help page of `command`, 0 for the whole program. */
void cs_help_print(unsigned command, FILE *out);

/* Say `err` and return the exit status for it. */
int cs_report(const clipsearch_error *err, cs_stage stage);

/* The same for a fault in a YAML file, in the environment or on the command line: CS_EXIT_USAGE unless it could not be
 * read at all. */
int cs_report_settings(const clipsearch_error *err);

/* Say that there is no memory for what is to be done; returns CS_EXIT_INTERNAL. */
int cs_report_memory(void);

/* Say what is wrong with the command line and where its help is; returns CS_EXIT_USAGE. */
int cs_usage(unsigned command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Milliseconds of a clock that never goes back. */
double cs_now_ms(void);

#endif
