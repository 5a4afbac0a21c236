/* SPDX-License-Identifier: MIT
 * model_places.h - where installed models are: one list of places, for the library and the program. */
#ifndef CS_BASE_MODEL_PLACES_H
#define CS_BASE_MODEL_PLACES_H

#include "base/buf.h"
#include "base/error.h"

/* The places, in their order: the user's models ($XDG_DATA_HOME/clipsearch/models, ~/.local/share/clipsearch/models);
 * beside the file that holds this code, which is the library or a program: in a Python package, in an installation
 * wherever it was moved to, in the source tree that it was built in; and where it was built to be installed. */

/* Find the directory of the model `name`. *path [cs_free] receives it as the place has it, links not resolved. The
 * paths searched are added to `searched` (may be NULL), as " A, B": messages are one line. Errors, without a message:
 * CLIPSEARCH_E_NOT_FOUND (no such directory, or no name: it is empty, begins with '.' or has a '/'), _MEMORY. */
clipsearch_status cs_find_model_directory(const char *name, char **path, cs_buf *searched);

/* Whether `directory` is the model `name` of a place other than the user's, links followed. */
bool cs_is_installed_model(const char *directory, const char *name);

#endif
