/* SPDX-License-Identifier: MIT
 * model_install.h - what model fetch, add and use share: a model's directory, and what new collections use. */
#ifndef CS_CLI_COMMANDS_MODEL_INSTALL_H
#define CS_CLI_COMMANDS_MODEL_INSTALL_H

#include "models/catalogue.h"
#include "cli/command_line.h"

/* A directory that a model is being put into. Zero-initialise. */
typedef struct cs_install {
    const char *directory;
    size_t made; /* of `directory`, the bytes of the part that was there before; the rest was made */
} cs_install;

/* Create the directory with its parents, and check that it has room for `bytes` more. Errors: CLIPSEARCH_E_IO,
 * _MEMORY. */
clipsearch_status cs_install_begin(cs_install *install, const char *directory, uint64_t bytes, clipsearch_error *err);

/* Remove what cs_install_begin made as far as it is empty. */
void cs_install_tidy(const cs_install *install);

/* Print where the files of `model` that `directory` does not have can be had, with their digests, and what to do with
 * them. `refused`: a mirror may help. */
void cs_print_by_hand(const cs_args *args, const cs_known_model *model, const char *directory, bool refused);

/* Compile the vocabulary of the model that has just been put into `directory`. Without it only speed is lost. */
void cs_install_compile(const cs_args *args, const char *directory);

/* Open the model in `directory`, so that the user learns now, and not at the first search, if this build cannot use it.
 * That is an error unless `complete`: its files have just been put there and checked. Then make it the model of new
 * collections, under `name` (NULL: by its absolute path), unless it encodes images only, and print what to run for the
 * collections that there are. Returns the program's exit status. */
int cs_install_use(const cs_args *args, const char *directory, const char *name, bool complete);

#endif
