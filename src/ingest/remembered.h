/* SPDX-License-Identifier: MIT
 * remembered.h - the sources that a collection remembers, so that it can be brought up to date without naming them. */
#ifndef CS_INGEST_REMEMBERED_H
#define CS_INGEST_REMEMBERED_H

#include "backend/backend.h"
#include "ingest/devices.h"
#include "ingest/sources.h"

/* One of them. The pointers in `source` and `image` point into the rest. */
typedef struct cs_remembered_source {
    clipsearch_source source;       /* path: absolute */
    clipsearch_image_options image; /* how its images were read */
    const char *metadata;           /* what of their metadata was stored; NULL: all */
    bool is_file;                   /* it was a file, no directory */
    char *list;                     /* absolute path of the file that lists it; "": none does */
    char *path;
    char *options; /* [options_size] as in cs_source_record */
    size_t options_size;
    const char **include, **exclude; /* into `options` */
    cs_devices devices;
} cs_remembered_source;

/* Zero is an empty list. */
typedef struct cs_remembered {
    cs_remembered_source *sources; /* [count] */
    size_t count, capacity;
} cs_remembered;

/* Read them all into the empty list; free it in any case. An option that is not known (a newer program wrote it) is
 * left out. Errors: those of cs_collection_each_source. */
clipsearch_status cs_remembered_read(cs_remembered *remembered, clipsearch_collection *collection,
                                     clipsearch_error *err);
void cs_remembered_free(cs_remembered *remembered);

/* The one that was a file with this path; NULL: there is none, or `path` is NULL. */
const cs_remembered_source *cs_remembered_file(const cs_remembered *remembered, const char *path);

/* Remember the sources of a run, which have been walked, unless that would change nothing. `before` is what was
 * remembered before it; `run` has the list and how images are read. A source that could not be opened is remembered
 * only as part of a list; so is one that is a list of files (--files-from), without them. The device of a directory is
 * kept as it was seen before while no file is found below it. Errors: those of cs_collection_put_sources. */
clipsearch_status cs_remembered_write(clipsearch_collection *collection, const cs_remembered *before,
                                      const cs_sources *sources, const clipsearch_ingest_options *run,
                                      clipsearch_error *err);

#endif
