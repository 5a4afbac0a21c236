/* SPDX-License-Identifier: MIT
 * model_actions.h - the actions of clipsearch model. */
#ifndef CS_CLI_COMMANDS_MODEL_ACTIONS_H
#define CS_CLI_COMMANDS_MODEL_ACTIONS_H

#include "models/catalogue.h"
#include "cli/command_line.h"

/* Each gets the operands after the action's name and returns the program's exit status. */
int cs_command_model_list(const cs_args *args, const char *const *operands, size_t count);
int cs_command_model_fetch(const cs_args *args, const char *const *operands, size_t count);
int cs_command_model_add(const cs_args *args, const char *const *operands, size_t count);
int cs_command_model_use(const cs_args *args, const char *const *operands, size_t count);
int cs_command_model_info(const cs_args *args, const char *const *operands, size_t count);
int cs_command_model_verify(const cs_args *args, const char *const *operands, size_t count);
int cs_command_model_convert(const cs_args *args, const char *const *operands, size_t count);

/* The name of action number `i`, from 0; NULL when there are no more. */
const char *cs_model_action_name(size_t i);

/* Load the catalogue that `args` names, else the program's own. Returns CS_EXIT_FOUND, or prints what is wrong and
 * returns the exit status for it. Close the catalogue in any case. */
int cs_model_catalogue(const cs_args *args, cs_catalogue *catalogue);

/* Whether the file is in `directory`, of the right size as far as that is known. */
bool cs_known_file_is_there(const cs_known_file *file, const char *directory);

/* How much of a known model is in a directory. */
typedef enum cs_presence { CS_ABSENT, CS_PARTLY, CS_PRESENT } cs_presence;

/* Compares file names and, where they are known, sizes. */
cs_presence cs_model_presence(const cs_known_model *model, const char *directory);

/* The directory of the known model, among the user's models, the installed ones and those of the source tree; NULL when
 * there is none. cs_free it. */
char *cs_model_directory(const char *name);

#endif
