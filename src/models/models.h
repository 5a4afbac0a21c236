/* SPDX-License-Identifier: MIT
 * models.h - finding and opening the model a command works with. */
#ifndef CS_MODELS_MODELS_H
#define CS_MODELS_MODELS_H

#include "config/settings.h"

/* The model when nothing names one. */
#define CS_DEFAULT_MODEL "default"

/* A model's place, a directory or a weight file, and the name collections know it by (NULL: the place's own). cs_free
 * both. */
typedef struct cs_model_place {
    char *directory, *name;
} cs_model_place;

/* Find the model `word`: a directory or weight file when it holds a '/' or is one; else a name, looked for in the
 * user's models ($XDG_DATA_HOME/clipsearch/models), in those installed with the program, and in the source tree the
 * program was built in. Errors: CLIPSEARCH_E_NOT_FOUND (says where was looked), _MEMORY. */
clipsearch_status cs_model_find(const char *word, cs_model_place *place, clipsearch_error *err);
void cs_model_place_free(cs_model_place *place);

/* The same by name alone, without words: CLIPSEARCH_E_NOT_FOUND, _MEMORY. */
clipsearch_status cs_model_find_name(const char *name, cs_model_place *place);

/* `name` in the directory weights of the source tree, when the program lies in a build directory just below it. NULL
 * when that cannot be told; cs_free it. */
char *cs_source_tree_path(const char *name);

/* `name` among the user's models; NULL when HOME is not set. cs_free it. */
char *cs_users_model_path(const char *name);

/* Whether `directory` is the model that comes with the program. */
bool cs_model_is_built_in(const char *directory);

/* Find the model for work on a collection whose vectors the encoder `encoder` made (NULL: a new collection, or none). A
 * model said by a flag or an ingest file is that one. One said by the environment or the configuration file is taken
 * when it goes by the collection's name for it, so that a setting made for another collection is not in the way. Else
 * the collection's, by name; else the default. Errors as cs_model_find. */
clipsearch_status cs_model_choose(const cs_settings *settings, const char *encoder, cs_model_place *place,
                                  clipsearch_error *err);

/* Choose and open. `towers` and `pack_weights` as in clipsearch_encoder_options. */
clipsearch_status cs_model_open(const cs_settings *settings, const char *encoder, unsigned towers, bool pack_weights,
                                clipsearch_encoder **opened, clipsearch_error *err);

#endif
