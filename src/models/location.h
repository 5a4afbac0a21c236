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
    bool other_set; /* the environment or a configuration file names another model, which the collection is not of */
} cs_model_location;

/* The model that the vectors of a collection were made with. */
typedef struct cs_collection_model {
    const char *encoder; /* its name */
    const char *path;    /* where it was then, if it was given as a path; NULL: it was not */
    bool foreign;        /* it is not known, and whoever searches says which it was */
} cs_collection_model;

/* Find `model`. It is a path when it contains a '/' or when a directory or weight file of that name exists. Else it is
 * a name, searched for at the places of base/model_places.h.
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

/* Find the model for a collection whose vectors were made with the model `made` (NULL: a new collection, or none). A
 * model given by a flag or an ingest file is used as given. One from the environment or a configuration file is used
 * only when it has the name made->encoder, so that a setting made for another collection does no harm. Else the model
 * at made->path is used if it is still there, else the one named made->encoder; without `made` the default. Errors as
 * cs_model_find. */
clipsearch_status cs_model_choose(const cs_settings *settings, const cs_collection_model *made,
                                  cs_model_location *location, clipsearch_error *err);

/* Open the model that was found. `towers`, `pack_weights` and `precision` as in clipsearch_encoder_options. */
clipsearch_status cs_model_open(const cs_model_location *location, unsigned towers, bool pack_weights,
                                clipsearch_precision precision, clipsearch_encoder **opened, clipsearch_error *err);

#endif
