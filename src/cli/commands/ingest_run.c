/* SPDX-License-Identifier: MIT
 * ingest_run.c - opens the model and the collection, ingests, and says on the way what happens. */
#include "cli/commands/ingest_command.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/commands/ingest_remodel.h"
#include "cli/commands/open.h"
#include "cli/output/kept_images.h"
#include "cli/output/message.h"
#include "cli/signals.h"
#include "config/names.h"
#include "config/path_advice.h"

#include <string.h>

void cs_ingest_begin(cs_ingest_command *in, const cs_args *args)
{
    *in = (cs_ingest_command){
        .args = args, .view = cs_progress_open(), .json = {.printed = -1}, .bad = cs_bad_files_make(args->verbose)};
    clipsearch_ingest_options_init(&in->options);
    clipsearch_image_options_init(&in->image);
    clipsearch_index_options_init(&in->index);
    clipsearch_ingest_target_init(&in->target);
    in->options.image = &in->image;
    in->target.index = &in->index;
}

/* What is known of a collection before the model is opened. */
typedef struct found_collection {
    bool exists;
    char *encoder, *model_path; /* the name of its encoder, and its path or NULL (cs_free) */
    char fingerprint[65];
    clipsearch_metric metric;
    unsigned precisions; /* what its vectors were computed in */
} found_collection;

static void free_found(found_collection *found)
{
    cs_free(found->encoder);
    cs_free(found->model_path);
}

/* Look the collection up. That it, or its database, does not exist is no error. */
static int find_collection(const cs_ingest_command *in, found_collection *found)
{
    clipsearch_error err;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    clipsearch_status status =
        clipsearch_database_open(in->settings.db, in->options.dry_run ? CLIPSEARCH_READ_ONLY : 0, &db, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_open(db, in->settings.collection, NULL, &collection, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(collection, &info, &err);
    found->exists = status == CLIPSEARCH_OK;
    if (found->exists) {
        found->metric = info.metric;
        found->precisions = info.precisions;
        snprintf(found->fingerprint, sizeof found->fingerprint, "%s", info.fingerprint);
        found->encoder = cs_strdup(info.fingerprint[0] ? info.encoder : ""); /* "": vectors put without a model */
        found->model_path = info.model_path ? cs_strdup(info.model_path) : NULL;
    }
    const bool copied = !found->exists || (found->encoder && (!info.model_path || found->model_path));
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    if (!copied)
        return cs_report_memory();
    if (found->exists && info.foreign) {
        cs_print_message("the collection %s was not made by clipsearch, which reads it and changes nothing in it",
                         in->settings.collection);
        return CS_EXIT_DATABASE;
    }
    return status == CLIPSEARCH_OK || status == CLIPSEARCH_E_NOT_FOUND ? CS_EXIT_FOUND
                                                                       : cs_report_error(&err, CS_STAGE_DATABASE);
}

/* New images get vectors of the precision that the collection has, unless another was asked for. */
static int follow_precision(cs_ingest_command *in, const found_collection *found, const cs_collection_model *made)
{
    cs_settings settings = in->settings;
    settings.precision = cs_precision_to_follow(&settings, found->fingerprint, found->precisions, in->encoder);
    if (settings.precision == CLIPSEARCH_PRECISION_AUTO)
        return CS_EXIT_FOUND;
    clipsearch_encoder_close(&in->encoder);
    return cs_open_model(&settings, made, CLIPSEARCH_IMAGE_TOWER, true, &in->encoder);
}

/* Say that new images get vectors of a precision that the collection has none of. */
static void note_precision(const cs_ingest_command *in, const found_collection *found,
                           const clipsearch_encoder_info *model)
{
    const bool another = found->precisions && !(found->precisions & 1u << model->image_precision);
    cs_buf words = cs_buf_make(64);
    cs_put_precisions(&words, found->precisions, "", " and ");
    if (another && words.data && !words.failed && strcmp(found->fingerprint, model->fingerprint) == 0 &&
        !in->settings.quiet)
        cs_print_message("the vectors of %s were computed in %s; those of new images are computed in %s, which differ "
                         "a little\nclipsearch ingest --remodel encodes all images in one precision",
                         in->settings.collection, words.data, cs_precision_names[model->image_precision]);
    cs_buf_free(&words);
}

/* Open the model, that of the collection when it exists, and a session with it. */
static int open_model(cs_ingest_command *in, const found_collection *found)
{
    clipsearch_error err;
    clipsearch_session_options session;
    const cs_collection_model made = {.encoder = found->encoder, .path = found->model_path};
    if (cs_ingest_is_progress(in, "json"))
        in->settings.quiet = true; /* standard error is JSON then */
    int code = cs_open_model(&in->settings, found->exists ? &made : NULL, CLIPSEARCH_IMAGE_TOWER, true, &in->encoder);
    if (code == CS_EXIT_FOUND && found->exists)
        code = follow_precision(in, found, &made);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_session_options_init(&session);
    session.threads = (unsigned)in->settings.threads;
    session.max_batch = in->options.batch;
    session.image = &in->image;
    if (clipsearch_session_open(in->encoder, &session, &in->session, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    snprintf(in->model_name, sizeof in->model_name, "%s", info.name);
    if (found->exists)
        note_precision(in, found, &info);
    if (!found->exists && !in->metric_given) /* a new collection gets the model's usual metric */
        in->target.metric = info.metric;
    return CS_EXIT_FOUND;
}

/* The built-in model is small; the user should know of the better one before photographs are missed. */
static void announce_built_in(const cs_ingest_command *in)
{
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    if (!in->args->quiet && cs_model_is_built_in(info.path))
        cs_print_message("using the small built-in model, which knows a thousand kinds of thing\n"
                         "CLIP's model finds more: clipsearch model fetch clip-vit-b32");
}

bool cs_ingest_is_progress(const cs_ingest_command *in, const char *kind)
{
    return strcmp(in->args->progress ? in->args->progress : "auto", kind) == 0;
}

static void print_json_note(void *context, const char *line)
{
    const cs_settings *settings = context;
    cs_progress_json_message(settings->collection, "note", NULL, line);
}

/* A dry run has encoded nothing: what is to be ingested afterwards is counted with the collection's own model. */
static void use_own_model(cs_ingest_command *in)
{
    in->settings.model = NULL;
    in->settings.model_from = CS_FROM_DEFAULT;
    in->settings.precision = CLIPSEARCH_PRECISION_AUTO;
    in->settings.precision_from = CS_FROM_DEFAULT;
    in->metric_given = false;
}

int cs_ingest_remodel(cs_ingest_command *in, bool quiet_when_same, bool *done)
{
    const cs_args *args = in->args;
    const cs_remodel_request request = {
        .args = args,
        .settings = &in->settings,
        .batch = in->options.batch,
        .image = &in->image,
        .image_given = args->exif || in->file.has_exif,
        .metric = in->metric_given ? cs_metric_names[in->target.metric] : NULL,
        .force = args->remodel && strcmp(args->remodel, "force") == 0,
        .skip_bad = in->on_bad == CS_ON_BAD_SKIP,
        .quiet_when_same = quiet_when_same,
    };
    *done = true;
    if (!args->remodel && !in->file.remodel)
        return CS_EXIT_FOUND;
    if (!args->remodel) { /* a YAML file says so also of a collection that it is going to make */
        found_collection found = {0};
        const int code = find_collection(in, &found);
        free_found(&found);
        *done = code == CS_EXIT_FOUND;
        if (code != CS_EXIT_FOUND || !found.exists)
            return code;
    }
    const int code = cs_remodel_collection(&request, done);
    if (*done && args->dry_run)
        use_own_model(in);
    return code;
}

int cs_ingest_prepare(cs_ingest_command *in)
{
    clipsearch_error err;
    found_collection found = {0};
    int code = find_collection(in, &found);
    if (code == CS_EXIT_FOUND && found.exists && !in->metric_given)
        in->target.metric = found.metric;
    if (code == CS_EXIT_FOUND)
        code = open_model(in, &found);
    free_found(&found);
    in->announce_built_in = !found.exists && !in->options.dry_run;
    in->json.collection = in->settings.collection;
    in->target.database = in->settings.db;
    in->target.collection = in->settings.collection;
    in->target.note = cs_ingest_is_progress(in, "json") ? print_json_note : in->args->quiet ? NULL : cs_print_note;
    in->target.context = &in->settings;
    if (code == CS_EXIT_FOUND && !in->options.dry_run && in->settings.db_from == CS_FROM_DEFAULT &&
        cs_create_parents(in->settings.db, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_DATABASE);
    return code;
}

static void announce_wait(cs_ingest_command *in, const clipsearch_progress *progress)
{
    char process[40] = "";
    if (progress->holder)
        snprintf(process, sizeof process, " (number %lld)", (long long)progress->holder);
    if (!in->args->quiet && !in->wait_announced)
        cs_print_message("another process%s is ingesting into %s; waiting until it has finished", process,
                         in->settings.collection);
    in->wait_announced = true;
}

static bool on_progress(void *context, const clipsearch_progress *progress)
{
    cs_ingest_command *in = context;
    if (in->announce_built_in && !cs_ingest_is_progress(in, "json") && progress->walking_done && progress->found) {
        cs_progress_clear(&in->view);
        announce_built_in(in);
        in->announce_built_in = false;
    }
    if (cs_ingest_is_progress(in, "json"))
        cs_progress_json_show(&in->json, progress);
    else if (progress->phase == CLIPSEARCH_PHASE_WAIT)
        announce_wait(in, progress);
    else if (!in->args->quiet && cs_ingest_is_progress(in, "auto"))
        cs_progress_show(&in->view, progress);
    return cs_caught_signal() == 0;
}

static void on_bad_file(void *context, const char *path, const clipsearch_error *why)
{
    cs_ingest_command *in = context;
    if (cs_ingest_is_progress(in, "json"))
        cs_progress_json_message(in->settings.collection, "bad", path, why->message);
    else if (in->on_bad != CS_ON_BAD_STOP) /* then it is the error that ends the run */
        cs_bad_files_add(&in->bad, path, why->message);
}

static void on_kept(void *context, const clipsearch_kept_images *images)
{
    cs_ingest_command *in = context;
    cs_buf words = cs_buf_make(1 << 14);
    cs_put_kept_images(&words, images);
    const char *text = words.data && !words.failed ? words.data : images->directory;
    cs_progress_clear(&in->view);
    if (cs_ingest_is_progress(in, "json"))
        cs_progress_json_message(in->settings.collection, "kept", images->directory, text);
    else
        cs_print_message("%s", text);
    cs_buf_free(&words);
}

/* Append what can be done about a source that cannot be read. A YAML file can be corrected; what a collection alone
 * remembers must be forgotten. */
static void put_source_advice(const cs_ingest_command *in, const char *path, const cs_yaml_node *place, cs_buf *words)
{
    const char *written = place ? place->text : path;
    const char *advice = written ? cs_path_advice(written, place != NULL) : NULL;
    if (advice)
        cs_buf_printf(words, "; %s", advice);
    if (in->sum && !place && path) {
        cs_buf_puts(words, "; ");
        cs_put_forget(words, &in->settings, path);
    }
}

/* A source that cannot be read: where it is written, and what probably was meant. */
static void on_bad_source(void *context, size_t source, const clipsearch_error *why)
{
    cs_ingest_command *in = context;
    const cs_ingest_file *file = &in->file;
    const cs_yaml_node *place = file->yaml ? file->source_nodes[in->numbers ? in->numbers[source] : source] : NULL;
    const char *path = in->options.sources[source].path;
    cs_buf words = cs_buf_make(1 << 14);
    char where[512] = "";
    if (place)
        snprintf(where, sizeof where, "%s:%zu:%zu: ", cs_yaml_name(file->yaml), place->line, place->column);
    put_source_advice(in, path, place, &words);
    cs_progress_clear(&in->view);
    if (cs_ingest_is_progress(in, "json"))
        cs_progress_json_message(in->settings.collection, "missing", path, why->message);
    else
        cs_print_message("%s%s%s", where, why->message, words.data && !words.failed ? words.data : "");
    cs_buf_free(&words);
}

/* Find out whether that is what does not fit. */
static void compare_models(cs_ingest_command *in)
{
    found_collection found = {0};
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    if (find_collection(in, &found) == CS_EXIT_FOUND)
        in->other_model = found.exists && strcmp(found.fingerprint, info.fingerprint) != 0;
    free_found(&found);
}

/* While we watched, or waited for our turn, another process has encoded the collection anew with another model: open
 * that one. */
static int open_again(cs_ingest_command *in)
{
    clipsearch_session_close(&in->session);
    clipsearch_encoder_close(&in->encoder);
    in->wait_announced = false;
    return cs_ingest_prepare(in);
}

/* Say where the YAML file has the ef_construction that was refused for being below m. The file alone does not show that
 * it will be: options may give another m, and a Milvus server takes it. */
static void place_error(const cs_ingest_command *in, clipsearch_error *err)
{
    const cs_yaml_node *node = in->args->ef_construction.given ? NULL : in->file.ef_construction_node;
    const unsigned m = in->index.m ? in->index.m : CS_DEFAULT_M;
    const clipsearch_error why = *err;
    if (err->code != CLIPSEARCH_E_ARGUMENT || !node || in->index.ef_construction >= m)
        return;
    cs_yaml_fail(in->file.yaml, node, false, err, "%s", why.message);
    err->code = why.code;
}

/* With --progress json: the last line, or for `update` what cs_print_sum needs for it. */
static void print_json_end(const cs_ingest_command *in, const clipsearch_ingest_report *report,
                           clipsearch_status status, clipsearch_error *err, int code)
{
    err->code = status;
    if (status == CLIPSEARCH_OK || cs_ingest_all_missing(in, report))
        err->message[0] = '\0'; /* there is none, or it was said */
    if (in->sum)
        cs_add_report(in->sum, report, err);
    else
        cs_progress_json_end(in->settings.collection, report, status, code, err->message[0] ? err->message : NULL);
}

int cs_ingest_images(cs_ingest_command *in)
{
    clipsearch_error err;
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    in->options.progress = on_progress;
    in->options.bad_file = on_bad_file;
    in->options.kept = on_kept;
    in->options.bad_source = on_bad_source;
    in->options.context = in;
    clipsearch_status status = clipsearch_ingest_into(&in->target, in->session, &in->options, &report, &err);
    if (status == CLIPSEARCH_E_MISMATCH && in->settings.model_from > CS_FROM_INGEST_FILE) {
        const int again = open_again(in);
        if (again != CS_EXIT_FOUND)
            return again;
        status = clipsearch_ingest_into(&in->target, in->session, &in->options, &report, &err);
    } else if (status == CLIPSEARCH_E_MISMATCH) {
        compare_models(in);
    }
    if (status != CLIPSEARCH_OK)
        place_error(in, &err);
    cs_progress_clear(&in->view);
    in->created = report.created;
    in->copied = report.copied > 0;
    const int code = cs_ingest_exit_code(in, status, &report);
    if (cs_ingest_is_progress(in, "json")) {
        print_json_end(in, &report, status, &err, code);
        return code;
    }
    cs_bad_files_print(&in->bad, in->args->verbose);
    if (status == CLIPSEARCH_OK)
        cs_ingest_print_success(in, &report);
    else
        cs_ingest_print_failure(in, &report, &err);
    return code;
}
