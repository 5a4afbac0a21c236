/* SPDX-License-Identifier: MIT
 * ingest_remodel.h - ingest --remodel: a collection is encoded anew with another model. */
#ifndef CS_CLI_COMMANDS_INGEST_REMODEL_H
#define CS_CLI_COMMANDS_INGEST_REMODEL_H

#include "cli/command_line.h"
#include "config/settings.h"

typedef struct cs_remodel_request {
    const cs_args *args;
    cs_settings *settings; /* the model of new collections is the one to encode with */
    size_t batch;
    const clipsearch_image_options *image;
    bool image_given;     /* `image` says whether EXIF is ignored; else the collection's sources do */
    const char *metric;   /* NULL: the model's */
    bool force, skip_bad; /* --remodel=force, --on-bad skip */
    bool quiet_when_same; /* nothing is printed when the collection is of that model already */
} cs_remodel_request;

/* Encode the collection of the settings anew. Prints what was done, or what is wrong, and returns the exit status.
 * *done: the collection is of the new model, even if some images could not be encoded. */
int cs_remodel_collection(const cs_remodel_request *request, bool *done);

#endif
