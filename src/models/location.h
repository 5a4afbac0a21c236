/* SPDX-License-Identifier: MIT
 * location.h - finding and opening models. */
#ifndef CS_MODELS_LOCATION_H
#define CS_MODELS_LOCATION_H

#include "config/settings.h"

/* The model that is used when nothing names one. */
#define CS_DEFAULT_MODEL "default"

/* Where a model is: a directory or a weight file, and the name that collections know it by (NULL: the directory's or
 * file's own). Both are owned. */
typedef struct cs_model_location {
    char *directory, *name;
} cs_model_location;

/* Find `model`. It is a path when it contains a '/' or when a directory or weight file of that name exists. Else it is
 * a name, searched for among the user's models ($XDG_DATA_HOME/clipsearch/models), among those installed with the
 * program, and in the source tree that the program was built in.
 * Errors: CLIPSEARCH_E_NOT_FOUND (lists the paths searched), _MEMORY. */
clipsearch_status cs_model_find(const char *model, cs_model_location *location, clipsearch_error *err);
void cs_model_location_free(cs_model_location *location);

/* The same for a name only, without a message. Errors: CLIPSEARCH_E_NOT_FOUND, _MEMORY. */
clipsearch_status cs_model_find_name(const char *name, cs_model_location *location);

/* `name` in the directory weights of the source tree, when the program's directory is directly below that tree. NULL
 * when that cannot be determined; cs_free it. */
char *cs_source_tree_path(const char *name);

/* `name` among the user's models; NULL when HOME is not set. cs_free it. */
char *cs_user_model_path(const char *name);

/* Whether `directory` is the model that comes with the program. */
bool cs_model_is_built_in(const char *directory);

/* Find the model for a collection whose vectors were made by the encoder `encoder` (NULL: a new collection, or none).
 * A model given by a flag or an ingest file is used as given. One from the environment or the configuration file is
 * used only when its name is `encoder`, so that a setting made for another collection does no harm. Else the model
 * named `encoder` is used, else the default. Errors as cs_model_find. */
clipsearch_status cs_model_choose(const cs_settings *settings, const char *encoder, cs_model_location *location,
                                  clipsearch_error *err);

/* cs_model_choose, and open the model. `towers` and `pack_weights` as in clipsearch_encoder_options. */
clipsearch_status cs_model_open(const cs_settings *settings, const char *encoder, unsigned towers, bool pack_weights,
                                clipsearch_encoder **opened, clipsearch_error *err);

#endif
