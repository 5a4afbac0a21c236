/* SPDX-License-Identifier: MIT
 * ingest.c - clipsearch ingest: directories, or what a YAML file names, into a collection. */
#include "cli/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/commands/open.h"
#include "cli/commands/scratch_db.h"
#include "cli/output/bad_files.h"
#include "cli/output/message.h"
#include "cli/output/progress.h"
#include "cli/output/units.h"
#include "cli/signals.h"
#include "config/names.h"

#include <stdlib.h>
#include <string.h>

/* Everything one ingestion holds. */
typedef struct ingest {
    const cs_args *args;
    cs_ingest_file file;       /* the YAML file; else empty */
    clipsearch_source *direct; /* sources of the command line; else NULL */
    cs_settings settings;
    cs_scratch_db scratch;
    clipsearch_database *db;
    clipsearch_collection *collection;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_ingest_options options;
    clipsearch_metric metric;
    bool metric_given;
    clipsearch_index_options index;
    cs_progress_view view;
    cs_bad_files bad;
} ingest;

static bool is_yaml_file(const char *path)
{
    const char *dot = strrchr(cs_path_base(path), '.');
    cs_file_info info;
    return dot && (strcasecmp(dot, ".yaml") == 0 || strcasecmp(dot, ".yml") == 0) &&
           !(cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && info.is_directory);
}

static int read_yaml(ingest *in)
{
    clipsearch_error err;
    const cs_args *args = in->args;
    const char *path = args->operands.items[0].text;
    if (args->include.count || args->exclude.count)
        return cs_report_usage(
            CS_INGEST,
            "--include and --exclude are for directories on the command line; in %s write them as keys of a source",
            path);
    if (cs_ingest_file_load(path, &in->file, &err) != CLIPSEARCH_OK)
        return cs_report_settings(&err);
    in->options.sources = in->file.sources;
    in->options.source_count = in->file.source_count;
    return CS_EXIT_FOUND;
}

static int read_operands(ingest *in)
{
    const cs_args *args = in->args;
    in->direct = cs_zalloc_array(args->operands.count, sizeof *in->direct);
    if (!in->direct)
        return cs_report_memory();
    for (size_t i = 0; i < args->operands.count; i++) {
        clipsearch_source *source = &in->direct[i];
        if (is_yaml_file(args->operands.items[i].text))
            return cs_report_usage(CS_INGEST, "%s: a YAML file must be the only operand; it names its own directories",
                                   args->operands.items[i].text);
        if (!args->operands.items[i].text[0])
            return cs_report_usage(CS_INGEST, "the name of a directory is empty");
        clipsearch_source_init(source);
        source->path = args->operands.items[i].text;
        if (args->include.count)
            source->include = args->include.items;
        source->include_count = args->include.count;
        if (args->exclude.count)
            source->exclude = args->exclude.items;
        source->exclude_count = args->exclude.count;
    }
    in->options.sources = in->direct;
    in->options.source_count = args->operands.count;
    return CS_EXIT_FOUND;
}

/* 0: not given. */
static void merge_index_options(ingest *in)
{
    const cs_args *args = in->args;
    in->index = in->file.index;
    if (args->codes)
        in->index.codes = cs_codes_values[cs_name_index(args->codes, cs_codes_names)];
    if (args->m.given)
        in->index.m = (unsigned)args->m.value;
    if (args->ef_construction.given)
        in->index.ef_construction = (unsigned)args->ef_construction.value;
    if (args->ef.given)
        in->index.ef = (unsigned)args->ef.value;
}

/* Flags win over the YAML file, which wins over the library's defaults. */
static void merge_options(ingest *in)
{
    const cs_args *args = in->args;
    const cs_ingest_file *file = &in->file;
    if (args->batch.given || file->has_batch)
        in->options.batch = args->batch.given ? args->batch.value : file->batch;
    if (args->on_bad || file->has_on_bad)
        in->options.on_bad =
            args->on_bad ? (clipsearch_on_bad)cs_name_index(args->on_bad, cs_on_bad_names) : file->on_bad;
    if (args->exif || file->has_exif)
        in->options.image.ignore_exif = args->exif ? cs_name_index(args->exif, cs_exif_names) == 1 : file->ignore_exif;
    in->metric_given = args->metric || file->has_metric;
    if (in->metric_given)
        in->metric = args->metric ? (clipsearch_metric)cs_name_index(args->metric, cs_metric_names) : file->metric;
    merge_index_options(in);
    in->options.prune = args->prune || file->prune;
    in->options.dry_run = args->dry_run;
    in->options.threads = (unsigned)in->settings.threads;
}

/* Open a temporary database instead of one that does not exist. */
static clipsearch_status open_scratch(ingest *in, clipsearch_error *err)
{
    clipsearch_status status = cs_scratch_db_make(&in->scratch, err);
    return status == CLIPSEARCH_OK ? clipsearch_database_open(in->scratch.path, CLIPSEARCH_CREATE, &in->db, err)
                                   : status;
}

static void close_database(ingest *in)
{
    clipsearch_collection_close(&in->collection);
    clipsearch_database_close(&in->db);
    cs_scratch_db_remove(&in->scratch);
}

/* Open the database and the collection if they exist: in->collection stays NULL when the collection does not, in->db
 * too when the database does not. A dry run opens a temporary database instead. */
static clipsearch_status open_database(ingest *in, clipsearch_error *err)
{
    const bool dry_run = in->options.dry_run;
    cs_file_info info;
    clipsearch_status status = cs_file_stat(in->settings.db, &info, NULL);
    if (status != CLIPSEARCH_E_NOT_FOUND)
        status =
            clipsearch_database_open(in->settings.db, dry_run ? CLIPSEARCH_READ_ONLY : CLIPSEARCH_CREATE, &in->db, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_open(in->db, in->settings.collection, NULL, &in->collection, err);
    if (status != CLIPSEARCH_E_NOT_FOUND)
        return status;
    if (!dry_run)
        return CLIPSEARCH_OK;
    clipsearch_database_close(&in->db);
    return open_scratch(in, err);
}

/* Open the model, `encoder` when the collection names one, and a session with it. */
static int open_model(ingest *in, const char *encoder)
{
    clipsearch_error err;
    clipsearch_session_options session;
    int code = cs_open_model(&in->settings, encoder, CLIPSEARCH_IMAGE_TOWER, true, &in->encoder);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_session_options_init(&session);
    session.threads = (unsigned)in->settings.threads;
    session.max_batch = in->options.batch;
    session.image = in->options.image;
    if (clipsearch_session_open(in->encoder, &session, &in->session, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info info;
    clipsearch_encoder_describe(in->encoder, &info);
    if (!encoder && !in->metric_given) /* a new collection gets the model's usual metric */
        in->metric = info.metric;
    return CS_EXIT_FOUND;
}

static bool walk_only(void *context, const clipsearch_progress *progress)
{
    ingest *in = context;
    if (!in->args->quiet)
        cs_progress_show(&in->view, progress);
    return !progress->walking_done && cs_caught_signal() == 0;
}

/* What is wrong with the sources, their tables or the collection's name should show before a new collection is made, so
 * that none is left behind empty: go through the sources once, up to the first picture, with a throw-away database.
 * When there is no picture at all it is kept open, as there is nothing to store. */
static int rehearse(ingest *in)
{
    clipsearch_error err;
    clipsearch_ingest_report report = {0};
    clipsearch_ingest_options options = in->options;
    options.dry_run = true;
    options.progress = walk_only;
    options.context = in;
    clipsearch_database_close(&in->db);
    clipsearch_status status = open_scratch(in, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_ensure_index(in->db, in->settings.collection, in->encoder, in->metric,
                                                    &in->index, &in->collection, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    status = clipsearch_ingest(in->collection, in->session, &options, &report, &err);
    cs_progress_clear(&in->view);
    if (cs_caught_signal()) {
        cs_print_message("interrupted; nothing was stored");
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    if (status != CLIPSEARCH_OK && status != CLIPSEARCH_E_CANCELLED)
        return cs_report_error(&err, CS_STAGE_INPUT);
    if (report.found)
        close_database(in);
    return CS_EXIT_FOUND;
}

/* The built-in model searches photographs poorly; the user should know why before that. */
static void note_built_in(const ingest *in)
{
    clipsearch_encoder_info info;
    clipsearch_encoder_describe(in->encoder, &info);
    if (!in->args->quiet && cs_model_is_built_in(info.path))
        cs_print_message(
            "using the small built-in model, which was trained on drawn scenes\nFor photographs fetch CLIP's model: "
            "clipsearch model fetch clip-vit-b32");
}

/* Open the collection with the model, and make it, and its database, when it is not there. */
static int bind_collection(ingest *in, bool exists)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    if (!in->db && in->settings.db_from == CS_FROM_DEFAULT)
        status = cs_create_parents(in->settings.db, &err);
    if (!in->db && status == CLIPSEARCH_OK)
        status = clipsearch_database_open(in->settings.db, CLIPSEARCH_CREATE, &in->db, &err);
    if (status == CLIPSEARCH_OK)
        status = exists && in->options.dry_run
                     ? clipsearch_collection_open(in->db, in->settings.collection, in->encoder, &in->collection, &err)
                     : clipsearch_collection_ensure_index(in->db, in->settings.collection, in->encoder, in->metric,
                                                          &in->index, &in->collection, &err);
    if (status == CLIPSEARCH_OK)
        cs_print_notes(in->args, &in->settings, in->db);
    if (status == CLIPSEARCH_E_MISMATCH)
        return cs_report_with_advice(&err, CS_STAGE_MODEL, CS_ADVICE_OTHER_COLLECTION, &in->settings, NULL);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (!exists)
        note_built_in(in);
    return CS_EXIT_FOUND;
}

/* Open the model and the collection. An existing collection gives the model and the metric when nothing else does. */
static int open_collection(ingest *in)
{
    clipsearch_error err;
    clipsearch_collection_info info = {0};
    char *encoder = NULL;
    clipsearch_status status = open_database(in, &err);
    if (status == CLIPSEARCH_OK && in->collection) {
        status = clipsearch_collection_describe(in->collection, &info, &err);
        if (status == CLIPSEARCH_OK && !in->metric_given)
            in->metric = info.metric;
        if (status == CLIPSEARCH_OK && !(encoder = cs_strdup(info.encoder)))
            return cs_report_memory();
    }
    const bool exists = in->collection != NULL;
    clipsearch_collection_close(&in->collection);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    int code = open_model(in, encoder);
    cs_free(encoder);
    if (code == CS_EXIT_FOUND && !exists && !in->options.dry_run)
        code = rehearse(in);
    return code == CS_EXIT_FOUND && !in->collection ? bind_collection(in, exists) : code;
}

static bool on_progress(void *context, const clipsearch_progress *progress)
{
    ingest *in = context;
    if (!in->args->quiet)
        cs_progress_show(&in->view, progress);
    return cs_caught_signal() == 0;
}

static void on_bad_file(void *context, const char *path, const clipsearch_error *why)
{
    ingest *in = context;
    cs_bad_files_add(&in->bad, path, why->message);
}

static void put_count(cs_buf *buf, uint64_t count, const char *what)
{
    if (count)
        cs_buf_printf(buf, "%s%llu %s", buf->len ? ", " : "", (unsigned long long)count, what);
}

/* "Inserted 1000 images into photos (3 skipped, 12 unchanged) in 1.2 s" */
static void print_report(const ingest *in, const clipsearch_ingest_report *report, FILE *out, const char *before)
{
    char duration[32];
    cs_buf more = cs_buf_make(512);
    put_count(&more, report->skipped, "skipped");
    put_count(&more, report->replaced, "replaced");
    put_count(&more, report->unchanged, "unchanged");
    put_count(&more, report->moved, "moved");
    put_count(&more, report->copied, report->copied == 1 ? "copy of another" : "copies of others");
    put_count(&more, report->updated, "with new attributes");
    put_count(&more, report->pruned, "removed");
    fprintf(out, "%s%s %llu image%s into %s%s%s%s in %s\n", before, in->options.dry_run ? "Would insert" : "Inserted",
            (unsigned long long)report->inserted, report->inserted == 1 ? "" : "s", in->settings.collection,
            more.len ? " (" : "", more.len ? more.data : "", more.len ? ")" : "",
            cs_format_duration(report->seconds, duration));
    cs_buf_free(&more);
}

/* CSV rows without an image, and images without a row, are seldom intended. */
static void note_unmatched(const ingest *in, const clipsearch_ingest_report *report)
{
    if (in->args->quiet)
        return;
    if (report->rows_unused)
        cs_print_message(
            "%llu of the CSV rows name%s no image that was found; check the keys key and match in the file",
            (unsigned long long)report->rows_unused, report->rows_unused == 1 ? "s" : "");
    if (report->without_row && in->args->verbose)
        cs_print_message("%llu image%s no row in the CSV file", (unsigned long long)report->without_row,
                         report->without_row == 1 ? " has" : "s have");
}

static int ingest_images(ingest *in)
{
    clipsearch_error err;
    clipsearch_ingest_report report = {0};
    in->options.progress = on_progress;
    in->options.bad_file = on_bad_file;
    in->options.context = in;
    clipsearch_status status = clipsearch_ingest(in->collection, in->session, &in->options, &report, &err);
    cs_progress_clear(&in->view);
    cs_bad_files_print(&in->bad, in->args->verbose);
    if (status == CLIPSEARCH_E_CANCELLED) {
        print_report(in, &report, stderr, "Interrupted. ");
        cs_print_advice("what was stored is kept", CS_ADVICE_RESUME, NULL, NULL);
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    if (status != CLIPSEARCH_OK) {
        int code = cs_report_error(&err, CS_STAGE_INPUT);
        if (report.inserted + report.replaced)
            print_report(in, &report, stderr, "Before that: ");
        return code;
    }
    if (!in->args->quiet)
        print_report(in, &report, stdout, "");
    note_unmatched(in, &report);
    if (report.found == 0 && report.pruned == 0) {
        cs_print_message("no images found%s",
                         in->file.yaml ? "; check sources, include and exclude in the file"
                                       : " (files named *.jpg, *.jpeg or *.png, or as given with --include)");
        return CS_EXIT_NOTHING;
    }
    return report.skipped && report.skipped == report.found ? CS_EXIT_FILE : CS_EXIT_FOUND;
}

int cs_command_ingest(const cs_args *args)
{
    ingest in = {.args = args, .view = cs_progress_open(), .bad = cs_bad_files_make(args->verbose)};
    clipsearch_ingest_options_init(&in.options);
    if (!args->operands.count)
        return cs_report_usage(CS_INGEST, "nothing to ingest was given; give directories, images or one YAML file");
    int code =
        args->operands.count == 1 && is_yaml_file(args->operands.items[0].text) ? read_yaml(&in) : read_operands(&in);
    if (code == CS_EXIT_FOUND)
        code = cs_load_settings(args, in.file.yaml ? &in.file : NULL, &in.settings);
    if (code == CS_EXIT_FOUND) {
        merge_options(&in);
        cs_catch_signals();
        code = open_collection(&in);
    }
    if (code == CS_EXIT_FOUND)
        code = ingest_images(&in);
    clipsearch_session_close(&in.session);
    clipsearch_encoder_close(&in.encoder);
    close_database(&in);
    cs_settings_free(&in.settings);
    cs_ingest_file_close(&in.file);
    cs_bad_files_free(&in.bad);
    cs_free(in.direct);
    return code;
}
