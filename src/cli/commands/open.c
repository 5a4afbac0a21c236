/* SPDX-License-Identifier: MIT
 * open.c - databases, collections and models, and advice when they are missing. */
#include "cli/commands/open.h"

#include "base/server_scheme.h"
#include "cli/command.h"
#include "cli/output/message.h"
#include "cli/signals.h"
#include "config/names.h"

#include <stdio.h>
#include <string.h>

void cs_print_note(void *settings, const char *line)
{
    const cs_settings *own = settings; /* on a server there is no index file to repair */
    cs_print_advice(line, cs_server_scheme_of(own->db) ? CS_ADVICE_NONE : CS_ADVICE_REPAIR, own, NULL);
}

static bool go_on(void *context)
{
    (void)context;
    return !cs_caught_signal();
}

void cs_attend_database(const cs_args *args, cs_settings *settings, clipsearch_database *db)
{
    clipsearch_database_on_wait(db, go_on, NULL);
    if (!args->quiet)
        clipsearch_database_on_note(db, cs_print_note, settings);
}

int cs_open_database(const cs_args *args, unsigned flags, cs_opened *opened)
{
    clipsearch_error err;
    char message[1200];
    int code = cs_load_settings(args, NULL, &opened->settings);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_status status = clipsearch_database_open(opened->settings.db, flags, &opened->db, &err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        snprintf(message, sizeof message, "nothing has been ingested yet: there is no database %s",
                 opened->settings.db);
        cs_print_advice(message, CS_ADVICE_INGEST, &opened->settings, NULL);
        return CS_EXIT_DATABASE;
    }
    if (status == CLIPSEARCH_OK)
        cs_attend_database(args, &opened->settings, opened->db);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_DATABASE);
}

typedef struct name_count {
    char *name; /* [size], of the first */
    size_t size, count;
} name_count;

static bool count_name(void *context, const clipsearch_collection_info *info)
{
    name_count *names = context;
    if (names->count++ == 0)
        snprintf(names->name, names->size, "%s", info->name);
    return names->count < 2;
}

/* Nobody has named a collection, and there is only one, of another name: open that. */
static clipsearch_status open_only(const cs_args *args, cs_opened *opened, clipsearch_error *err)
{
    name_count names = {.name = opened->only, .size = sizeof opened->only};
    clipsearch_error why;
    if (clipsearch_database_collections(opened->db, count_name, &names, &why) != CLIPSEARCH_OK || names.count != 1)
        return CLIPSEARCH_E_NOT_FOUND; /* *err says so */
    if (!args->quiet)
        cs_print_message("there is no collection %s; using %s, the only one", opened->settings.collection,
                         opened->only);
    opened->settings.collection = opened->only;
    return clipsearch_collection_open(opened->db, opened->only, NULL, &opened->collection, err);
}

int cs_open_collection(const cs_args *args, const char *name, unsigned flags, cs_opened *opened)
{
    clipsearch_error err;
    int code = cs_open_database(args, flags, opened);
    if (code != CS_EXIT_FOUND)
        return code;
    if (name)
        opened->settings.collection = name;
    clipsearch_collection_info_init(&opened->info);
    clipsearch_status status =
        clipsearch_collection_open(opened->db, opened->settings.collection, NULL, &opened->collection, &err);
    if (status == CLIPSEARCH_E_NOT_FOUND && !name && flags == CLIPSEARCH_READ_ONLY &&
        opened->settings.collection_from == CS_FROM_DEFAULT)
        status = open_only(args, opened, &err);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        return cs_report_with_advice(&err, CS_STAGE_DATABASE,
                                     flags == CLIPSEARCH_READ_ONLY ? CS_ADVICE_INGEST : CS_ADVICE_COLLECTIONS,
                                     &opened->settings, NULL);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(opened->collection, &opened->info, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_DATABASE);
}

void cs_close_opened(cs_opened *opened)
{
    clipsearch_collection_close(&opened->collection);
    clipsearch_database_close(&opened->db);
    cs_settings_free(&opened->settings);
}

int cs_report_model(const clipsearch_error *err, const cs_settings *settings, const char *encoder)
{
    const bool is_set = settings && settings->model && (!encoder || settings->model_from <= CS_FROM_INGEST_FILE);
    const char *name = is_set ? settings->model : encoder ? encoder : CS_DEFAULT_MODEL;
    const cs_yaml_place *place = is_set ? &settings->model_place : NULL;
    clipsearch_error placed = *err;
    if (err->code != CLIPSEARCH_E_NOT_FOUND)
        return cs_report_error(err, CS_STAGE_MODEL);
    if (place && place->node) {
        cs_yaml_fail(place->yaml, place->node, false, &placed, "%s", err->message);
        placed.code = err->code;
    }
    return cs_report_with_advice(&placed, CS_STAGE_MODEL, cs_advice_for_model(name), settings, name);
}

int cs_report_no_model(const char *collection)
{
    cs_print_message("the collection %s holds vectors that were put without a model: no text and no image can be "
                     "encoded for it\nTo search for what is like one of its items, run: clipsearch search --like ID",
                     collection);
    return CS_EXIT_MODEL;
}

/* A person who sets the variable expects it to count. */
static void note_other_model(const cs_settings *settings, const cs_collection_model *made)
{
    static char said_of[65]; /* update opens the model of a collection several times */
    if (settings->quiet || settings->model_from != CS_FROM_ENVIRONMENT || strcmp(said_of, settings->collection) == 0)
        return;
    snprintf(said_of, sizeof said_of, "%s", settings->collection);
    cs_print_message("CLIPSEARCH_MODEL is %s, but %s was made with the model %s, which is used", settings->model,
                     settings->collection, made->encoder);
}

void cs_note_precision(const cs_settings *settings, const clipsearch_encoder *encoder)
{
    static bool said;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, NULL);
    if (!settings->quiet && info.lacks_bf16 && !said)
        cs_print_message("this processor has no instructions for bf16: %s is computed in f32", info.name);
    said |= info.lacks_bf16;
}

/* Whether the model is the collection's, and a network that encodes images only. */
static bool is_without_texts(const cs_model_location *location, const cs_collection_model *made)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    if (cs_model_open(location, CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, false, CLIPSEARCH_PRECISION_AUTO,
                      &encoder, NULL) != CLIPSEARCH_OK)
        return false;
    clipsearch_encoder_describe(encoder, &info, NULL);
    const bool without = !(info.towers & CLIPSEARCH_TEXT_TOWER) && strcmp(info.name, made->encoder) == 0;
    clipsearch_encoder_close(&encoder);
    return without;
}

int cs_open_model(const cs_settings *settings, const cs_collection_model *made, unsigned towers, bool pack_weights,
                  clipsearch_encoder **opened)
{
    clipsearch_error err;
    cs_model_location location;
    *opened = NULL;
    if (made && made->foreign) {
        if (settings->model_from == CS_FROM_DEFAULT) {
            cs_print_message("the collection %s was made by another program, which does not say with which model; name "
                             "it with --model",
                             settings->collection);
            return CS_EXIT_MODEL;
        }
        made = NULL;
    }
    if (made && !made->encoder[0])
        return cs_report_no_model(settings->collection);
    clipsearch_status status = cs_model_choose(settings, made, &location, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_model_open(&location, towers, pack_weights, settings->precision, opened, &err);
    if (status == CLIPSEARCH_OK && location.other_set)
        note_other_model(settings, made);
    if (status == CLIPSEARCH_OK)
        cs_note_precision(settings, *opened);
    const bool no_texts =
        status == CLIPSEARCH_E_ARGUMENT && made && towers == CLIPSEARCH_TEXT_TOWER && is_without_texts(&location, made);
    cs_model_location_free(&location);
    if (no_texts)
        return cs_report_with_advice(&err, CS_STAGE_MODEL, CS_ADVICE_TEXTS, settings, NULL);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_model(&err, settings, made ? made->encoder : NULL);
}

clipsearch_precision cs_precision_to_follow(const cs_settings *settings, const char *fingerprint, unsigned precisions,
                                            const clipsearch_encoder *encoder)
{
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, NULL);
    const bool weights_decide = info.image_precision != CLIPSEARCH_PRECISION_F32;
    if (settings->precision != CLIPSEARCH_PRECISION_AUTO || weights_decide ||
        strcmp(info.fingerprint, fingerprint) != 0)
        return CLIPSEARCH_PRECISION_AUTO;
    for (unsigned p = CLIPSEARCH_PRECISION_F32 + 1; cs_precision_names[p]; p++)
        if (precisions == 1u << p)
            return (clipsearch_precision)p;
    return CLIPSEARCH_PRECISION_AUTO;
}

int cs_find_model(const char *model, cs_model_location *location)
{
    clipsearch_error err;
    clipsearch_status status = cs_model_find(model, location, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_model(&err, NULL, model);
}
