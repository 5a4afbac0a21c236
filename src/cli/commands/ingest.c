/* SPDX-License-Identifier: MIT
 * ingest.c - clipsearch ingest: directories or a YAML file to a collection. */
#include "cli/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/output/bad_files.h"
#include "models/models.h"
#include "cli/commands/open.h"
#include "cli/output/progress.h"
#include "cli/output/say.h"
#include "cli/commands/scratch_db.h"
#include "config/settings.h"
#include "cli/signals.h"
#include "config/words.h"

#include <stdlib.h>
#include <string.h>

/* Everything one ingestion holds. */
typedef struct ingest {
    const cs_args *args;
    cs_ingest_file file;       /* of a YAML file; else empty */
    clipsearch_source *direct; /* sources of the command line; else NULL */
    cs_settings settings;
    cs_scratch_db scratch;
    clipsearch_database *db;
    clipsearch_collection *collection;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_ingest_options options;
    clipsearch_image_options image;
    clipsearch_metric metric;
    bool metric_said;
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
    const char *path = args->words.items[0].text;
    if (args->include.count || args->exclude.count)
        return cs_usage(CS_INGEST, "--include and --exclude go with directories; in %s they are keys of a source",
                        path);
    if (cs_ingest_file_load(path, &in->file, &err) != CLIPSEARCH_OK)
        return cs_report_settings(&err);
    in->options.sources = in->file.sources;
    in->options.source_count = in->file.source_count;
    return CS_EXIT_FOUND;
}

static int read_words(ingest *in)
{
    const cs_args *args = in->args;
    in->direct = cs_zalloc_array(args->words.count, sizeof *in->direct);
    if (!in->direct)
        return cs_report_memory();
    for (size_t i = 0; i < args->words.count; i++) {
        clipsearch_source *source = &in->direct[i];
        if (is_yaml_file(args->words.items[i].text))
            return cs_usage(CS_INGEST, "%s: a YAML file is given alone; it names its own directories",
                            args->words.items[i].text);
        if (!args->words.items[i].text[0])
            return cs_usage(CS_INGEST, "a directory's name is empty");
        clipsearch_source_init(source);
        source->path = args->words.items[i].text;
        if (args->include.count)
            source->include = args->include.items;
        source->include_count = args->include.count;
        if (args->exclude.count)
            source->exclude = args->exclude.items;
        source->exclude_count = args->exclude.count;
    }
    in->options.sources = in->direct;
    in->options.source_count = args->words.count;
    return CS_EXIT_FOUND;
}

/* 0 where nothing is said. */
static void merge_index_options(ingest *in)
{
    const cs_args *args = in->args;
    if (in->file.yaml)
        in->index = in->file.index;
    if (args->codes)
        in->index.codes = cs_codes_values[cs_word_index(args->codes, cs_codes_words)];
    if (args->m.given)
        in->index.m = (unsigned)args->m.value;
    if (args->ef_construction.given)
        in->index.ef_construction = (unsigned)args->ef_construction.value;
    if (args->ef.given)
        in->index.ef = (unsigned)args->ef.value;
}

/* Flags over the YAML file over the library's defaults. */
static void merge_options(ingest *in)
{
    const cs_args *args = in->args;
    const cs_ingest_file *file = &in->file;
    if (args->batch.given || file->has_batch)
        in->options.batch = args->batch.given ? args->batch.value : file->batch;
    if (args->on_bad || file->has_on_bad)
        in->options.on_bad =
            args->on_bad ? (clipsearch_on_bad)cs_word_index(args->on_bad, cs_on_bad_words) : file->on_bad;
    if (args->exif || file->has_exif)
        in->image.ignore_exif = args->exif ? cs_word_index(args->exif, cs_exif_words) == 1 : file->ignore_exif;
    in->metric_said = args->metric || file->has_metric;
    if (in->metric_said)
        in->metric = args->metric ? (clipsearch_metric)cs_word_index(args->metric, cs_metric_words) : file->metric;
    merge_index_options(in);
    in->options.prune = args->prune || file->prune;
    in->options.dry_run = args->dry_run;
    in->options.threads = (unsigned)in->settings.threads;
}

/* Make a throw-away database that stands in for one that is not there. */
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

/* Open the database and the collection as far as they are there: in->collection stays NULL when it is not, in->db too
 * when there is no file. For a dry run a throw-away database stands in for either. */
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
    clipsearch_status status = cs_model_open(&in->settings, encoder, CLIPSEARCH_IMAGE_TOWER, true, &in->encoder, &err);
    clipsearch_session_options session;
    clipsearch_session_options_init(&session);
    session.threads = (unsigned)in->settings.threads;
    session.max_batch = in->options.batch;
    session.image = &in->image;
    if (status == CLIPSEARCH_OK)
        status = clipsearch_session_open(in->encoder, &session, &in->session, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    if (!encoder && !in->metric_said) /* a new collection compares as the model's vectors are meant to be */
        in->metric = info.metric;
    return CS_EXIT_FOUND;
}

static bool walk_only(void *context, const clipsearch_progress *progress)
{
    ingest *in = context;
    if (!in->args->quiet)
        cs_progress_show(&in->view, progress);
    return !progress->walking_done && cs_signals_caught() == 0;
}

/* What is wrong with the sources, their tables or the collection's name should show before a new collection is made, so
 * that none is left behind empty: go through the sources once, up to the first picture, with a throw-away database.
 * When there is no picture at all it is kept open, as there is nothing to store. */
static int rehearse(ingest *in)
{
    clipsearch_error err;
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
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
        return cs_report(&err, CS_STAGE_DATABASE);
    status = clipsearch_ingest(in->collection, in->session, &options, &report, &err);
    cs_progress_clear(&in->view);
    if (cs_signals_caught()) {
        cs_say("interrupted; nothing was stored");
        return CS_EXIT_SIGNAL + cs_signals_caught();
    }
    if (status != CLIPSEARCH_OK && status != CLIPSEARCH_E_CANCELLED)
        return cs_report(&err, CS_STAGE_INPUT);
    if (report.found)
        close_database(in);
    return CS_EXIT_FOUND;
}

/* A first collection made with the model that is there by itself: better than a poor search is to know why. */
static void say_built_in(const ingest *in)
{
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    if (!in->args->quiet && cs_model_is_built_in(info.path))
        cs_say("using the small built-in model, made for drawn scenes; for photographs get CLIP's, with: "
               "clipsearch model fetch clip-vit-b32");
}

/* Open the collection with the model, and make it, and its database, when it is not there. */
static int bind_collection(ingest *in, bool exists)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    if (!in->db && in->settings.db_from == CS_FROM_DEFAULT)
        status = cs_make_directories_for(in->settings.db, &err);
    if (!in->db && status == CLIPSEARCH_OK)
        status = clipsearch_database_open(in->settings.db, CLIPSEARCH_CREATE, &in->db, &err);
    if (status == CLIPSEARCH_OK)
        status = exists && in->options.dry_run
                     ? clipsearch_collection_open(in->db, in->settings.collection, in->encoder, &in->collection, &err)
                     : clipsearch_collection_ensure_index(in->db, in->settings.collection, in->encoder, in->metric,
                                                          &in->index, &in->collection, &err);
    if (status == CLIPSEARCH_OK)
        cs_say_notes(&in->settings, in->db);
    if (status == CLIPSEARCH_E_MISMATCH) {
        cs_say("%s\nTo keep both, give the new one a name of its own: --collection NAME", err.message);
        return CS_EXIT_MODEL;
    }
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_DATABASE);
    if (!exists)
        say_built_in(in);
    return CS_EXIT_FOUND;
}

/* Open the model and the collection with it. A collection that is there already says what is not said otherwise. */
static int open_collection(ingest *in)
{
    clipsearch_error err;
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    char *encoder = NULL;
    clipsearch_status status = open_database(in, &err);
    if (status == CLIPSEARCH_OK && in->collection) {
        status = clipsearch_collection_describe(in->collection, &info, &err);
        if (status == CLIPSEARCH_OK && !in->metric_said)
            in->metric = info.metric;
        if (status == CLIPSEARCH_OK && !(encoder = cs_strdup(info.encoder)))
            return cs_report_memory();
    }
    const bool exists = in->collection != NULL;
    clipsearch_collection_close(&in->collection);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_DATABASE);
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
    return cs_signals_caught() == 0;
}

static void on_bad_file(void *context, const char *path, const clipsearch_error *why)
{
    ingest *in = context;
    cs_bad_files_add(&in->bad, path, why->message);
}

static void put_count(cs_buf *buf, uint64_t count, const char *words)
{
    if (count)
        cs_buf_printf(buf, "%s%llu %s", buf->len ? ", " : "", (unsigned long long)count, words);
}

/* "Inserted 1000 images into photos (3 skipped, 12 unchanged) in 1.2 s" */
static void say_report(const ingest *in, const clipsearch_ingest_report *report, FILE *out, const char *before)
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
            cs_duration_words(report->seconds, duration));
    cs_buf_free(&more);
}

/* Attributes that met no picture, or pictures that got none, are seldom meant. */
static void say_unmatched(const ingest *in, const clipsearch_ingest_report *report)
{
    if (in->args->quiet)
        return;
    if (report->rows_unused)
        cs_say("%llu of the CSV rows name%s no picture that was found; see key and match in the file",
               (unsigned long long)report->rows_unused, report->rows_unused == 1 ? "s" : "");
    if (report->without_row && in->args->verbose)
        cs_say("%llu picture%s no row in the CSV file", (unsigned long long)report->without_row,
               report->without_row == 1 ? " has" : "s have");
}

static int run(ingest *in)
{
    clipsearch_error err;
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    in->options.progress = on_progress;
    in->options.bad_file = on_bad_file;
    in->options.context = in;
    clipsearch_status status = clipsearch_ingest(in->collection, in->session, &in->options, &report, &err);
    cs_progress_clear(&in->view);
    cs_bad_files_say(&in->bad, in->args->verbose);
    if (status == CLIPSEARCH_E_CANCELLED) {
        say_report(in, &report, stderr, "Interrupted. ");
        cs_say("what was stored is kept; run the same command again to carry on");
        return CS_EXIT_SIGNAL + cs_signals_caught();
    }
    if (status != CLIPSEARCH_OK) {
        int code = cs_report(&err, CS_STAGE_INPUT);
        if (report.inserted + report.replaced)
            say_report(in, &report, stderr, "Before that: ");
        return code;
    }
    if (!in->args->quiet)
        say_report(in, &report, stdout, "");
    say_unmatched(in, &report);
    if (report.found == 0 && report.pruned == 0) {
        cs_say("no picture found%s", in->file.yaml ? "; see sources, include and exclude in the file"
                                                   : " (files named *.jpg, *.jpeg or *.png, or as --include says)");
        return CS_EXIT_NOTHING;
    }
    return report.skipped && report.skipped == report.found ? CS_EXIT_FILE : CS_EXIT_FOUND;
}

int cs_command_ingest(const cs_args *args)
{
    clipsearch_error err;
    ingest in = {.args = args, .view = cs_progress_open(), .bad = cs_bad_files_make(args->verbose)};
    clipsearch_ingest_options_init(&in.options);
    clipsearch_image_options_init(&in.image);
    clipsearch_index_options_init(&in.index);
    in.options.image = &in.image;
    if (!args->words.count)
        return cs_usage(CS_INGEST, "ingest what? Give directories or pictures, or one YAML file");
    int code = args->words.count == 1 && is_yaml_file(args->words.items[0].text) ? read_yaml(&in) : read_words(&in);
    if (code == CS_EXIT_FOUND &&
        cs_settings_load(args, in.file.yaml ? &in.file : NULL, &in.settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    if (code == CS_EXIT_FOUND) {
        merge_options(&in);
        cs_signals_hold();
        code = open_collection(&in);
    }
    if (code == CS_EXIT_FOUND)
        code = run(&in);
    clipsearch_session_close(&in.session);
    clipsearch_encoder_close(&in.encoder);
    close_database(&in);
    cs_settings_free(&in.settings);
    cs_ingest_file_close(&in.file);
    cs_bad_files_free(&in.bad);
    cs_free(in.direct);
    return code;
}
