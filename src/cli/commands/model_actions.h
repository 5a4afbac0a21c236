/* SPDX-License-Identifier: MIT
 * model_actions.h - what clipsearch model does. */
#ifndef CS_CLI_COMMANDS_MODEL_ACTIONS_H
#define CS_CLI_COMMANDS_MODEL_ACTIONS_H

#include "models/catalogue.h"
#include "config/options.h"

/* Each is given the words behind the action's own and returns the program's exit status. */
int cs_command_model_list(const cs_args *args, const char *const *words, size_t count);
int cs_command_model_fetch(const cs_args *args, const char *const *words, size_t count);
int cs_command_model_info(const cs_args *args, const char *const *words, size_t count);
int cs_command_model_verify(const cs_args *args, const char *const *words, size_t count);
int cs_command_model_convert(const cs_args *args, const char *const *words, size_t count);

/* The catalogue that `args` names, else the program's own. Has said what is wrong when it returns anything but
 * CS_EXIT_FOUND. Close in any case. */
int cs_model_catalogue(const cs_args *args, cs_catalogue *catalogue);

/* How much of a known model is in a directory. */
typedef enum cs_presence { CS_ABSENT, CS_PARTLY, CS_PRESENT } cs_presence;

/* By names and, where they are known, sizes. */
cs_presence cs_model_presence(const cs_known_model *model, const char *directory);

/* The directory that holds the known model among the user's models, those installed and the source tree's; NULL when
 * there is none. cs_free it. */
char *cs_model_directory(const char *name);

#endif
