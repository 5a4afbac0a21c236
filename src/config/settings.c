/* SPDX-License-Identifier: MIT
 * settings.c - settings from several places. */
#include "config/settings.h"

#include "base/collection_name.h"
#include "base/consistency.h"
#include "base/environment.h"
#include "base/file.h"
#include "base/index_types.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/limits.h"
#include "base/replace.h"
#include "base/server_scheme.h"
#include "base/utf8.h"
#include "base/xdg_path.h"
#include "config/names.h"
#include "config/server_access.h"
#include "config/yaml_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_K = 10 };

enum config_key {
    KEY_DATABASE,
    KEY_COLLECTION,
    KEY_MODEL,
    KEY_K,
    KEY_THREADS,
    KEY_PRECISION,
    KEY_DECODE,
    KEY_CPU,
    KEY_MIN_RELEVANCE,
    KEY_TOKEN_FILE,
    KEY_CA,
    KEY_CONSISTENCY,
    CONFIG_KEYS
};

static const cs_yaml_key config_keys[CONFIG_KEYS] = {
    [KEY_DATABASE] = {.name = "database", .kind = CS_KEY_TEXT},
    [KEY_COLLECTION] = {.name = "collection", .kind = CS_KEY_NAME},
    [KEY_MODEL] = {.name = "model", .kind = CS_KEY_TEXT},
    [KEY_K] = {.name = "k", .kind = CS_KEY_COUNT, .min = 1, .max = CS_MAX_K},
    [KEY_THREADS] = {.name = "threads", .kind = CS_KEY_COUNT, .min = 1, .max = CS_MAX_THREADS},
    [KEY_PRECISION] = {.name = "precision", .kind = CS_KEY_CHOICE, .choices = cs_precision_names},
    [KEY_DECODE] = {.name = "decode", .kind = CS_KEY_CHOICE, .choices = cs_decode_names},
    [KEY_CPU] = {.name = "cpu", .kind = CS_KEY_CHOICE, .choices = cs_cpu_names},
    [KEY_MIN_RELEVANCE] = {.name = "min_relevance", .kind = CS_KEY_SHARE},
    [KEY_TOKEN_FILE] = {.name = "token_file", .kind = CS_KEY_TEXT},
    [KEY_CA] = {.name = "ca", .kind = CS_KEY_TEXT},
    [KEY_CONSISTENCY] = {.name = "consistency", .kind = CS_KEY_CHOICE, .choices = cs_consistency_names},
};

clipsearch_status cs_create_parents(const char *path, clipsearch_error *err)
{
    char *copy = cs_strdup(path);
    if (!copy)
        return cs_fail_memory(err, path);
    clipsearch_status status = CLIPSEARCH_OK;
    for (char *slash = strchr(copy + 1, '/'); slash && status == CLIPSEARCH_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot create the directory", copy);
        *slash = '/';
    }
    cs_free(copy);
    return status;
}

static clipsearch_status count_variable(const char *name, size_t max, size_t *value, cs_origin *origin,
                                        clipsearch_error *err)
{
    const char *text = cs_variable(name);
    if (text)
        *origin = CS_FROM_ENVIRONMENT;
    if (text && (!cs_read_count(text, max, value) || *value < 1))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "the environment variable %s must be a whole number from 1 to %zu, not \"%s\"", name, max, text);
    return CLIPSEARCH_OK;
}

/* Set a value that was given (not NULL, not 0), and where it comes from. */
static void set_text(const char *value, cs_origin from, const char **text, cs_origin *origin)
{
    if (!value)
        return;
    *text = value;
    *origin = from;
}

static void set_count(size_t value, cs_origin from, size_t *count, cs_origin *origin)
{
    if (!value)
        return;
    *count = value;
    *origin = from;
}

/* `place` is that of a value in a YAML file, else NULL. */
static void set_model(const char *model, cs_origin from, const cs_yaml_place *place, cs_settings *settings)
{
    if (!model)
        return;
    settings->model = model;
    settings->model_from = from;
    settings->model_place = place ? *place : (cs_yaml_place){.node = NULL};
}

/* One of cs_precision_names, or NULL: not given. */
static void set_precision(const char *name, cs_origin from, cs_settings *settings)
{
    if (!name)
        return;
    settings->precision = (clipsearch_precision)cs_name_index(name, cs_precision_names);
    settings->precision_from = from;
}

/* The same of cs_decode_names. */
static void set_decode(const char *name, cs_origin from, cs_settings *settings)
{
    if (!name)
        return;
    settings->decode = (clipsearch_decode)cs_name_index(name, cs_decode_names);
    settings->decode_from = from;
}

/* ---------------------------------------------------------------- the model of new collections */

char *cs_settings_model_file(void)
{
    return cs_xdg_path("XDG_CONFIG_HOME", ".config", "model.yaml");
}

/* It comes before all others. */
static clipsearch_status read_model_file(cs_settings *settings, clipsearch_error *err)
{
    static const cs_yaml_key key = {.name = "model", .kind = CS_KEY_TEXT};
    const cs_yaml_node *found = NULL;
    char *path = cs_settings_model_file();
    cs_file_info info;
    if (!path || cs_file_stat(path, &info, NULL) == CLIPSEARCH_E_NOT_FOUND) {
        cs_free(path);
        return CLIPSEARCH_OK;
    }
    clipsearch_status status = cs_yaml_load(path, &settings->chosen, err);
    if (status == CLIPSEARCH_OK && cs_yaml_root(settings->chosen))
        status =
            cs_yaml_match(settings->chosen, cs_yaml_root(settings->chosen), "the model file", &key, 1, &found, err);
    cs_free(path);
    if (status == CLIPSEARCH_OK && found)
        set_model(found->text, CS_FROM_MODEL_FILE, &(cs_yaml_place){.yaml = settings->chosen, .node = found}, settings);
    return status;
}

static clipsearch_status write_model_file(const char *path, const char *model, clipsearch_error *err)
{
    cs_buf text = cs_buf_make(1 << 16);
    cs_buf_puts(&text,
                "# The model that clipsearch encodes new collections with. Written by clipsearch model fetch, add "
                "and use;\n# to set another one: clipsearch model use NAME, or the key model in config.yaml.\n"
                "model: ");
    cs_json_put_string(&text, model, strlen(model));
    cs_buf_putc(&text, '\n');
    clipsearch_status status = text.failed ? cs_fail_memory(err, path) : cs_create_parents(path, err);
    if (status == CLIPSEARCH_OK)
        status = cs_replace_file(path, text.data, text.len, err);
    cs_buf_free(&text);
    return status;
}

clipsearch_status cs_settings_write_model(const char *model, clipsearch_error *err)
{
    if (model && !cs_is_utf8(model, strlen(model)))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: the path is not UTF-8, so it cannot be written into a YAML file", model);
    char *path = cs_settings_model_file();
    if (!path)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                       "neither XDG_CONFIG_HOME nor HOME is set, so there is no place for settings");
    clipsearch_status status = CLIPSEARCH_OK;
    if (model)
        status = write_model_file(path, model, err);
    else if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot remove", path);
    cs_free(path);
    return status;
}

/* ---------------------------------------------------------------- all settings */

/* What servers are reached with. The token's file is read when a server is used. */
static clipsearch_status read_access(cs_settings *settings, const char *directory, const cs_yaml_node *const *found,
                                     clipsearch_error *err)
{
    if (found[KEY_TOKEN_FILE]) {
        settings->token_file = cs_yaml_path(settings->config, directory, found[KEY_TOKEN_FILE]->text);
        settings->token_place = (cs_yaml_place){.yaml = settings->config, .node = found[KEY_TOKEN_FILE]};
        settings->token_from = CS_FROM_CONFIG;
    }
    if (found[KEY_CA])
        set_text(cs_yaml_path(settings->config, directory, found[KEY_CA]->text), CS_FROM_CONFIG, &settings->ca,
                 &settings->ca_from);
    if (found[KEY_CONSISTENCY])
        set_text(found[KEY_CONSISTENCY]->text, CS_FROM_CONFIG, &settings->consistency, &settings->consistency_from);
    if ((found[KEY_TOKEN_FILE] && !settings->token_file) || (found[KEY_CA] && !settings->ca))
        return cs_fail_memory(err, "the configuration");
    return CLIPSEARCH_OK;
}

/* What the environment does not say already is put there. */
static clipsearch_status use_access(const cs_settings *settings, clipsearch_error *err)
{
    const bool has_ca = settings->ca_from == CS_FROM_ENVIRONMENT;
    const bool has_consistency = settings->consistency_from == CS_FROM_ENVIRONMENT;
    return cs_server_access_set(has_ca ? NULL : settings->ca, has_consistency ? NULL : settings->consistency, err);
}

/* The configuration file comes first of the rest: everything after it may overwrite what it sets. */
static clipsearch_status read_config(cs_settings *settings, clipsearch_error *err)
{
    char *path = cs_xdg_path("XDG_CONFIG_HOME", ".config", "config.yaml");
    cs_file_info info;
    if (!path || cs_file_stat(path, &info, NULL) == CLIPSEARCH_E_NOT_FOUND) {
        cs_free(path);
        return CLIPSEARCH_OK;
    }
    const cs_yaml_node *found[CONFIG_KEYS] = {NULL};
    clipsearch_status status = cs_yaml_load(path, &settings->config, err);
    const char *directory = status == CLIPSEARCH_OK ? cs_yaml_directory(settings->config, path) : NULL;
    if (status == CLIPSEARCH_OK && cs_yaml_root(settings->config))
        status = cs_yaml_match(settings->config, cs_yaml_root(settings->config), "the configuration", config_keys,
                               CONFIG_KEYS, found, err);
    cs_free(path);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!directory)
        return cs_fail_memory(err, "the configuration");
    if (found[KEY_DATABASE]) {
        settings->db = cs_yaml_database(settings->config, directory, found[KEY_DATABASE]->text);
        settings->db_from = CS_FROM_CONFIG;
    }
    if (found[KEY_MODEL]) {
        const char *model = found[KEY_MODEL]->text;
        if (strchr(model, '/') && !(model = cs_yaml_path(settings->config, directory, model)))
            return cs_fail_memory(err, "the configuration");
        set_model(model, CS_FROM_CONFIG, &(cs_yaml_place){.yaml = settings->config, .node = found[KEY_MODEL]},
                  settings);
    }
    if (found[KEY_DATABASE] && !settings->db)
        return cs_fail_memory(err, "the configuration");
    if (found[KEY_COLLECTION])
        set_text(found[KEY_COLLECTION]->text, CS_FROM_CONFIG, &settings->collection, &settings->collection_from);
    if (found[KEY_K])
        set_count(cs_yaml_count(found[KEY_K]), CS_FROM_CONFIG, &settings->k, &settings->k_from);
    if (found[KEY_THREADS])
        set_count(cs_yaml_count(found[KEY_THREADS]), CS_FROM_CONFIG, &settings->threads, &settings->threads_from);
    if (found[KEY_PRECISION])
        set_precision(found[KEY_PRECISION]->text, CS_FROM_CONFIG, settings);
    if (found[KEY_DECODE])
        set_decode(found[KEY_DECODE]->text, CS_FROM_CONFIG, settings);
    if (found[KEY_CPU])
        set_text(found[KEY_CPU]->text, CS_FROM_CONFIG, &settings->cpu, &settings->cpu_from);
    if (found[KEY_MIN_RELEVANCE]) {
        settings->min_relevance = cs_yaml_share(found[KEY_MIN_RELEVANCE]);
        settings->min_relevance_from = CS_FROM_CONFIG;
    }
    return read_access(settings, directory, found, err);
}

static clipsearch_status read_environment(cs_settings *settings, clipsearch_error *err)
{
    set_text(cs_variable("CLIPSEARCH_DB"), CS_FROM_ENVIRONMENT, &settings->db, &settings->db_from);
    set_model(cs_variable("CLIPSEARCH_MODEL"), CS_FROM_ENVIRONMENT, NULL, settings);
    const char *collection = cs_variable("CLIPSEARCH_COLLECTION");
    if (collection && !cs_can_name_collection(collection))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "the environment variable CLIPSEARCH_COLLECTION must be " CS_COLLECTION_NAME_RULE
                       ", not \"%.64s\"",
                       collection);
    set_text(collection, CS_FROM_ENVIRONMENT, &settings->collection, &settings->collection_from);
    const char *level = NULL, *precision = NULL, *decode = NULL;
    clipsearch_status status = cs_variable_choice("CLIPSEARCH_CPU", cs_cpu_names, &level, err);
    if (status == CLIPSEARCH_OK)
        status = cs_variable_choice("CLIPSEARCH_PRECISION", cs_precision_names, &precision, err);
    if (status == CLIPSEARCH_OK)
        status = cs_variable_choice("CLIPSEARCH_DECODE", cs_decode_names, &decode, err);
    if (status != CLIPSEARCH_OK)
        return status;
    set_text(level, CS_FROM_ENVIRONMENT, &settings->cpu, &settings->cpu_from);
    set_precision(precision, CS_FROM_ENVIRONMENT, settings);
    set_decode(decode, CS_FROM_ENVIRONMENT, settings);
    set_text(cs_variable("CLIPSEARCH_MILVUS_CA"), CS_FROM_ENVIRONMENT, &settings->ca, &settings->ca_from);
    set_text(cs_variable("CLIPSEARCH_MILVUS_CONSISTENCY"), CS_FROM_ENVIRONMENT, &settings->consistency,
             &settings->consistency_from);
    if (cs_variable("CLIPSEARCH_MILVUS_TOKEN"))
        settings->token_from = CS_FROM_ENVIRONMENT;
    status = count_variable("CLIPSEARCH_K", CS_MAX_K, &settings->k, &settings->k_from, err);
    return status == CLIPSEARCH_OK
               ? count_variable("CLIPSEARCH_THREADS", CS_MAX_THREADS, &settings->threads, &settings->threads_from, err)
               : status;
}

static void apply_ingest_file(const cs_ingest_file *file, cs_settings *settings)
{
    set_text(file->database, CS_FROM_INGEST_FILE, &settings->db, &settings->db_from);
    set_model(file->model, CS_FROM_INGEST_FILE, &(cs_yaml_place){.yaml = file->yaml, .node = file->model_node},
              settings);
    set_text(file->collection, CS_FROM_INGEST_FILE, &settings->collection, &settings->collection_from);
    set_precision(file->precision, CS_FROM_INGEST_FILE, settings);
    set_decode(file->decode, CS_FROM_INGEST_FILE, settings);
    if (file->has_threads)
        set_count(file->threads, CS_FROM_INGEST_FILE, &settings->threads, &settings->threads_from);
}

static clipsearch_status apply_given(const cs_given_settings *given, cs_settings *settings, clipsearch_error *err)
{
    if (given->collection && !cs_can_name_collection(given->collection))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--collection must be " CS_COLLECTION_NAME_RULE ", not \"%.64s\"",
                       given->collection);
    set_text(given->db, CS_FROM_FLAG, &settings->db, &settings->db_from);
    set_model(given->model, CS_FROM_FLAG, NULL, settings);
    set_text(given->collection, CS_FROM_FLAG, &settings->collection, &settings->collection_from);
    set_precision(given->precision, CS_FROM_FLAG, settings);
    set_decode(given->decode, CS_FROM_FLAG, settings);
    set_text(given->cpu, CS_FROM_FLAG, &settings->cpu, &settings->cpu_from);
    set_text(given->ca, CS_FROM_FLAG, &settings->ca, &settings->ca_from);
    set_text(given->consistency, CS_FROM_FLAG, &settings->consistency, &settings->consistency_from);
    set_count(given->k, CS_FROM_FLAG, &settings->k, &settings->k_from);
    set_count(given->threads, CS_FROM_FLAG, &settings->threads, &settings->threads_from);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_settings_check_file(const cs_settings *settings, const cs_ingest_file *file, clipsearch_error *err)
{
    clipsearch_error why;
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_yaml_node *place = file->collection_node;
    const bool on_server = cs_server_scheme_of(settings->db) != NULL;
    if (place && settings->collection_from == CS_FROM_INGEST_FILE)
        status = on_server ? cs_check_server_collection_name(file->collection, &why)
                           : cs_check_file_collection_name(file->collection, &why);
    if (status == CLIPSEARCH_OK && (place = file->index_type_node) && !on_server)
        status = cs_index_type_check(CS_FILE_INDEX_TYPES, file->index.type, &why);
    return status == CLIPSEARCH_OK ? status : cs_yaml_fail(file->yaml, place, false, err, "%s", why.message);
}

clipsearch_status cs_settings_use_database(const cs_settings *settings, const char *db, clipsearch_error *err)
{
    clipsearch_error why;
    if (!settings->token_file || !cs_server_scheme_of(db))
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_server_access_read_token(settings->token_file, &why);
    if (status == CLIPSEARCH_E_MEMORY)
        return cs_fail_memory(err, "the environment");
    const cs_yaml_place *place = &settings->token_place;
    return status == CLIPSEARCH_OK ? status
                                   : cs_yaml_fail(place->yaml, place->node, false, err, "token_file: %s", why.message);
}

clipsearch_status cs_settings_load(const cs_given_settings *given, const cs_ingest_file *file, cs_settings *settings,
                                   clipsearch_error *err)
{
    *settings = (cs_settings){
        .db_from = CS_FROM_DEFAULT,
        .collection = CS_DEFAULT_COLLECTION,
        .collection_from = CS_FROM_DEFAULT,
        .model_from = CS_FROM_DEFAULT,
        .k = DEFAULT_K,
        .k_from = CS_FROM_DEFAULT,
        .threads_from = CS_FROM_DEFAULT,
        .precision_from = CS_FROM_DEFAULT,
        .decode_from = CS_FROM_DEFAULT,
        .cpu_from = CS_FROM_DEFAULT,
        .min_relevance_from = CS_FROM_DEFAULT,
        .token_from = CS_FROM_DEFAULT,
        .ca_from = CS_FROM_DEFAULT,
        .consistency_from = CS_FROM_DEFAULT,
        .quiet = given->quiet,
    };
    clipsearch_status status = read_model_file(settings, err);
    if (status == CLIPSEARCH_OK)
        status = read_config(settings, err);
    if (status == CLIPSEARCH_OK)
        status = read_environment(settings, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (file)
        apply_ingest_file(file, settings);
    status = apply_given(given, settings, err);
    if (status == CLIPSEARCH_OK)
        status = use_access(settings, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (settings->cpu && setenv("CLIPSEARCH_CPU", settings->cpu, 1) != 0)
        return cs_fail_memory(err, "the environment");
    if (!settings->db)
        settings->db = settings->default_db = cs_xdg_path("XDG_DATA_HOME", ".local/share", "clipsearch.db");
    if (!settings->db)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                       "neither XDG_DATA_HOME nor HOME is set, so there is no place for the default database");
    return file ? cs_settings_check_file(settings, file, err) : CLIPSEARCH_OK;
}

void cs_settings_free(cs_settings *settings)
{
    cs_yaml_close(&settings->config);
    cs_yaml_close(&settings->chosen);
    cs_free(settings->default_db);
    *settings = (cs_settings){0};
}
