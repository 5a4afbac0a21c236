/* SPDX-License-Identifier: MIT
 * settings.h - the settings of a command, from flags, the ingest file, the environment, the configuration file and
 * defaults. The first of these that gives a value wins. */
#ifndef CS_CONFIG_SETTINGS_H
#define CS_CONFIG_SETTINGS_H

#include "config/ingest_yaml.h"

/* The collection that is used when nothing names one. */
#define CS_DEFAULT_COLLECTION "photos"

/* Where a value comes from; the first of these that gives one wins. */
typedef enum cs_origin {
    CS_FROM_FLAG,
    CS_FROM_INGEST_FILE,
    CS_FROM_ENVIRONMENT,
    CS_FROM_CONFIG,
    CS_FROM_MODEL_FILE, /* the model alone: cs_settings_write_model wrote it */
    CS_FROM_DEFAULT
} cs_origin;

/* The settings that a command line gives. NULL or 0: not given. */
typedef struct cs_given_settings {
    const char *db, *collection, *model, *precision, *decode, *cpu, *ca, *consistency;
    size_t k, threads;
    bool quiet;
} cs_given_settings;

typedef struct cs_settings {
    const char *db; /* the database file */
    cs_origin db_from;
    const char *collection;
    cs_origin collection_from;
    const char *model; /* a name or a path; NULL: not given */
    cs_origin model_from;
    cs_yaml_place model_place;
    size_t k;
    size_t threads; /* 0: one per processor */
    clipsearch_precision precision;
    clipsearch_decode decode;
    const char *cpu; /* NULL: all that there is */
    cs_origin k_from, threads_from, precision_from, decode_from, cpu_from;
    const char *ca, *consistency; /* of servers; NULL: the system's authorities, the first of cs_consistency_names */
    cs_origin min_relevance_from, token_from, ca_from, consistency_from;
    float min_relevance;    /* of the hits of texts; 0: all are shown. Only the configuration file has it */
    bool quiet;             /* print only results and errors */
    const char *token_file; /* of a server's token; NULL: the configuration names none */
    cs_yaml_place token_place;
    cs_yaml *config;  /* the configuration file, which owns some of the strings above; NULL: there is none */
    cs_yaml *chosen;  /* the same of the model file */
    char *default_db; /* owned */
} cs_settings;

/* Fill `settings` from `given`, from `file` (may be NULL) and the other places. An instruction set that was chosen is
 * put into the environment variable CLIPSEARCH_CPU, where the library reads it, and what servers are reached with into
 * those of config/server_access.h, but for the token: call this before the library is used.
 * Free `settings` in any case. Errors: CLIPSEARCH_E_ARGUMENT (an environment variable or `given` has a wrong value),
 * _NOT_FOUND (there is no place for the default database, and nothing else), _FORMAT (a YAML file, with line and
 * column), _IO, _LIMIT, _MEMORY. */
clipsearch_status cs_settings_load(const cs_given_settings *given, const cs_ingest_file *file, cs_settings *settings,
                                   clipsearch_error *err);
void cs_settings_free(cs_settings *settings);

/* Whether the database of `settings` can have the collection and the index that `file` describes, as far as its kind
 * shows. cs_settings_load has done this for its own file. Errors: CLIPSEARCH_E_FORMAT with line and column. */
clipsearch_status cs_settings_check_file(const cs_settings *settings, const cs_ingest_file *file,
                                         clipsearch_error *err);

/* Before the database `db` is opened, that of the settings or another: if it is on a server, read the token that the
 * configuration has for it, unless one is in the environment. Errors: CLIPSEARCH_E_FORMAT (the token's file cannot be
 * read: with the configuration's line and column), _MEMORY. */
clipsearch_status cs_settings_use_database(const cs_settings *settings, const char *db, clipsearch_error *err);

/* Where new collections are told which model to use when nothing else does: $XDG_CONFIG_HOME/clipsearch/model.yaml,
 * which only programs write. NULL when neither HOME nor the variable is set; cs_free it. */
char *cs_settings_model_file(void);

/* Write that file: `model` is a name or an absolute path; NULL removes the file. Errors: CLIPSEARCH_E_NOT_FOUND (there
 * is no place for it), _ARGUMENT (a path that is not UTF-8, which YAML cannot hold), _IO, _MEMORY. */
clipsearch_status cs_settings_write_model(const char *model, clipsearch_error *err);

/* Create the missing parent directories of the file `path`, accessible to their owner only, as the XDG specification
 * asks. Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_create_parents(const char *path, clipsearch_error *err);

#endif
