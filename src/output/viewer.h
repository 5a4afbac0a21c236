/* SPDX-License-Identifier: MIT
 * viewer.h - the desktop's program for images. */
#ifndef CS_OUTPUT_VIEWER_H
#define CS_OUTPUT_VIEWER_H

#include "base/error.h"

/* Open the file `path` with xdg-open, in a session of its own and without a shell. Returns when that has ended or has
 * run for two seconds: then the viewer is its child and stays. Errors: CLIPSEARCH_E_NOT_FOUND (xdg-open is not
 * installed), _IO (it reports a failure), _MEMORY. */
clipsearch_status cs_viewer_open(const char *path, clipsearch_error *err);

/* Make a directory that only this user can read, in $TMPDIR or /tmp, and return the path of a file `name` in it (free
 * with cs_free). Nobody removes them: the viewer may read the file at any time. Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_viewer_make_path(const char *name, char **path, clipsearch_error *err);

#endif
