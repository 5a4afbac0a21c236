/* SPDX-License-Identifier: MIT
 * advice.h - what to do next after an error. Messages of the library and of the modules below cli state facts only; all
 * suggestions of commands and options are here. */
#ifndef CS_CLI_ADVICE_H
#define CS_CLI_ADVICE_H

#include "base/buf.h"
#include "config/settings.h"

typedef enum cs_advice {
    CS_ADVICE_NONE,
    CS_ADVICE_INGEST,           /* there is nothing to search yet */
    CS_ADVICE_DATABASE,         /* name a database file */
    CS_ADVICE_OTHER_COLLECTION, /* the collection was made with other parameters */
    CS_ADVICE_OTHER_MODEL,      /* the model is not the collection's */
    CS_ADVICE_REPAIR,           /* the index is missing, stale or damaged; `name` "": all collections */
    CS_ADVICE_FETCH,            /* `name` is a known model that is not installed */
    CS_ADVICE_MODEL,            /* name a model */
    CS_ADVICE_KNOWN_MODELS,     /* show the known models */
    CS_ADVICE_RESUME,           /* what was done is kept */
    CS_ADVICE_RETRY,            /* the error may not occur again */
    CS_ADVICE_TRUNCATE,         /* a text is too long */
    CS_ADVICE_LOCAL_URL,        /* a URL leads to this computer or a private network */
    CS_ADVICE_SMALLER_SHEET,    /* a contact sheet would be too high */
    CS_ADVICE_FORCE,            /* --prune was refused */
    CS_ADVICE_REMODEL,          /* the collection is of another model than `name`, which it can be encoded anew with */
    CS_ADVICE_TEXTS,            /* the collection is of a model that encodes images only */
    CS_ADVICE_FORCE_REMODEL,    /* --remodel was refused */
    CS_ADVICE_COLLECTIONS,      /* what was to be changed or removed is not there */
    CS_ADVICE_NO_TERMINAL       /* images cannot be drawn on standard output */
} cs_advice;

/* Print `message`, and on a second line the advice. The commands in it get the --db and --collection of `settings`
 * (NULL: none). `name` is the collection or model that it is about (NULL: the settings' collection). */
void cs_print_advice(const char *message, cs_advice advice, const cs_settings *settings, const char *name);

/* Append how to forget a source of the settings' collection: "to forget it, run: clipsearch update ..." */
void cs_put_forget(cs_buf *buf, const cs_settings *settings, const char *path);

/* The advice for a model that could not be found: whether `name` is a known one. */
cs_advice cs_advice_for_model(const char *name);

#endif
