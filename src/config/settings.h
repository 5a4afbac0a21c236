/* SPDX-License-Identifier: MIT
 * settings.h - what a command works with, from all the places it can be said: flags, then the ingest file, then the
 * environment, then the configuration file, then defaults. */
#ifndef CS_CONFIG_SETTINGS_H
#define CS_CONFIG_SETTINGS_H

#include "config/ingest_yaml.h"
#include "config/options.h"

/* Where a value was said, nearest first. */
typedef enum cs_origin {
    CS_FROM_FLAG,
    CS_FROM_INGEST_FILE,
    CS_FROM_ENVIRONMENT,
    CS_FROM_CONFIG,
    CS_FROM_DEFAULT
} cs_origin;

typedef struct cs_settings {
    const char *db; /* the database file */
    cs_origin db_from;
    const char *collection;
    const char *model; /* a name or a directory; NULL: not said anywhere */
    cs_origin model_from;
    size_t k;
    size_t threads;   /* 0: one per processor */
    bool quiet;       /* notes of the library are not passed on */
    cs_yaml *config;  /* the configuration file, whose texts the others point into; NULL: there is none */
    char *default_db; /* owned */
} cs_settings;

/* Fill `settings` from `args`, from `file` (may be NULL) and the rest, and put the instruction set chosen, if any,
 * where the library looks for it (the environment's CLIPSEARCH_CPU). Call before the library is used; free in any case.
 * Errors: CLIPSEARCH_E_ARGUMENT (an environment variable that says nonsense; nowhere to put a default database),
 * CLIPSEARCH_E_FORMAT (the configuration file, with line and column), _IO, _LIMIT, _MEMORY. */
clipsearch_status cs_settings_load(const cs_args *args, const cs_ingest_file *file, cs_settings *settings,
                                   clipsearch_error *err);
void cs_settings_free(cs_settings *settings);

/* Make the directories above the file `path` that are missing, readable by their owner alone, as the XDG specification
 * asks. CLIPSEARCH_E_IO. */
clipsearch_status cs_make_directories_for(const char *path, clipsearch_error *err);

/* $`variable`/clipsearch/`rest`, or with the variable unset or relative, ~/`fallback`/clipsearch/`rest`: the XDG base
 * directories. NULL without err when neither HOME nor the variable is set; cs_free it. */
char *cs_xdg_path(const char *variable, const char *fallback, const char *rest);

#endif
