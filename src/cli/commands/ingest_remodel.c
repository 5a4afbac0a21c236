/* SPDX-License-Identifier: MIT
 * ingest_remodel.c - the model is opened, the collection encoded anew, and what became of it is said. */
#include "cli/commands/ingest_remodel.h"

#include "cli/command.h"
#include "cli/commands/open.h"
#include "cli/output/bad_files.h"
#include "cli/output/message.h"
#include "cli/output/progress.h"
#include "cli/output/progress_json.h"
#include "cli/output/units.h"
#include "cli/signals.h"
#include "config/names.h"

#include <stdio.h>
#include <string.h>

enum { MOST_GONE = 20 }; /* images that are gone that are named without -v */

typedef struct remodel {
    const cs_remodel_request *request;
    const cs_args *args;
    bool json, quiet, waiting;
    char before[129]; /* name of the collection's model */
    char fingerprint[65], preprocessing[256];
    clipsearch_metric metric;
    unsigned precisions;   /* of the vectors that it has */
    bool ignore_exif;      /* as its sources say */
    const char *precision; /* it is of the new model already, but not all in this precision; else NULL */
    bool same;             /* it is of the new model already */
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_encoder_info model;
    cs_progress_view view;
    cs_progress_json lines;
    cs_bad_files bad;
    cs_buf gone; /* lines */
    uint64_t gone_count;
} remodel;

/* ---------------------------------------------------------------- what the collection is */

/* Whether all its sources were ingested without looking at EXIF. */
static bool ignores_exif(const clipsearch_sources *sources)
{
    const size_t count = clipsearch_sources_count(sources);
    for (size_t i = 0; i < count; i++)
        if (!clipsearch_sources_get(sources, i)->image->ignore_exif)
            return false;
    return count > 0;
}

static int describe_collection(remodel *r)
{
    clipsearch_error err;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_sources *sources = NULL;
    clipsearch_collection_info info;
    const cs_settings *settings = r->request->settings;
    clipsearch_collection_info_init(&info);
    clipsearch_status status =
        clipsearch_database_open(settings->db, r->args->dry_run ? CLIPSEARCH_READ_ONLY : 0, &db, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_open(db, settings->collection, NULL, &collection, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(collection, &info, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_sources(collection, &sources, &err);
    if (status == CLIPSEARCH_OK) {
        snprintf(r->before, sizeof r->before, "%s", info.encoder);
        snprintf(r->fingerprint, sizeof r->fingerprint, "%s", info.fingerprint);
        snprintf(r->preprocessing, sizeof r->preprocessing, "%s", info.preprocessing);
        r->metric = info.metric;
        r->precisions = info.precisions;
        r->ignore_exif = ignores_exif(sources);
    }
    clipsearch_sources_free(&sources);
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        return cs_report_with_advice(&err, CS_STAGE_DATABASE, CS_ADVICE_INGEST, settings, NULL);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_DATABASE);
}

/* ---------------------------------------------------------------- the model */

/* With its text tower if it has one that can be opened, to know whether texts can be searched for afterwards. */
static clipsearch_status open_towers(remodel *r, const cs_model_location *location, clipsearch_precision precision,
                                     clipsearch_error *err)
{
    clipsearch_error why;
    clipsearch_encoder_close(&r->encoder);
    clipsearch_status status =
        cs_model_open(location, CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, true, precision, &r->encoder, err);
    if (status != CLIPSEARCH_OK && location->directory &&
        cs_model_open(location, CLIPSEARCH_IMAGE_TOWER, true, precision, &r->encoder, &why) == CLIPSEARCH_OK)
        status = CLIPSEARCH_OK;
    return status;
}

static int open_model(remodel *r)
{
    clipsearch_error err;
    cs_model_location location;
    const cs_settings *settings = r->request->settings;
    clipsearch_status status = cs_model_choose(settings, NULL, &location, &err);
    if (status == CLIPSEARCH_OK)
        status = open_towers(r, &location, settings->precision, &err);
    const clipsearch_precision follow =
        status == CLIPSEARCH_OK ? cs_precision_to_follow(settings, r->fingerprint, r->precisions, r->encoder)
                                : CLIPSEARCH_PRECISION_AUTO;
    if (follow != CLIPSEARCH_PRECISION_AUTO)
        status = open_towers(r, &location, follow, &err);
    cs_model_location_free(&location);
    if (status != CLIPSEARCH_OK)
        return cs_report_model(&err, settings, NULL);
    cs_note_precision(settings, r->encoder);
    clipsearch_encoder_info_init(&r->model);
    clipsearch_encoder_describe(r->encoder, &r->model, NULL);
    return CS_EXIT_FOUND;
}

static int open_session(remodel *r, const clipsearch_image_options *image)
{
    clipsearch_error err;
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)r->request->settings->threads;
    options.max_batch = r->request->batch;
    options.image = image;
    return clipsearch_session_open(r->encoder, &options, &r->session, &err) == CLIPSEARCH_OK
               ? CS_EXIT_FOUND
               : cs_report_error(&err, CS_STAGE_MODEL);
}

/* ---------------------------------------------------------------- while it runs */

static void say(remodel *r, const char *line)
{
    cs_progress_clear(&r->view);
    if (r->json)
        cs_progress_json_message(r->request->settings->collection, "note", NULL, line);
    else if (!r->quiet)
        cs_print_message("%s", line);
}

static void say_wait(remodel *r, const clipsearch_progress *progress)
{
    char line[256], process[40] = "";
    if (progress->holder)
        snprintf(process, sizeof process, " (number %lld)", (long long)progress->holder);
    snprintf(line, sizeof line, "another process%s is ingesting into %s; waiting until it has finished", process,
             r->request->settings->collection);
    if (!r->waiting)
        say(r, line);
    r->waiting = true;
}

static bool on_progress(void *context, const clipsearch_progress *progress)
{
    remodel *r = context;
    if (r->json)
        cs_progress_json_show(&r->lines, progress);
    else if (progress->phase == CLIPSEARCH_PHASE_WAIT)
        say_wait(r, progress);
    else if (!r->quiet && (!r->args->progress || strcmp(r->args->progress, "auto") == 0))
        cs_progress_show(&r->view, progress);
    return cs_caught_signal() == 0;
}

static void on_bad_file(void *context, const char *path, const clipsearch_error *why)
{
    remodel *r = context;
    if (r->json)
        cs_progress_json_message(r->request->settings->collection, why->code == CLIPSEARCH_E_NOT_FOUND ? "gone" : "bad",
                                 path, why->message);
    else if (why->code != CLIPSEARCH_E_NOT_FOUND)
        cs_bad_files_add(&r->bad, path, why->message);
    else if (r->gone_count++ < MOST_GONE || r->args->verbose)
        cs_put_printable(&r->gone, cs_buf_printf(&r->gone, "\n  ") ? path : "");
}

/* "3 images are gone:" and their paths */
static void print_gone(const remodel *r)
{
    char count[27], rest[27];
    const uint64_t more = r->args->verbose || r->gone_count < MOST_GONE ? 0 : r->gone_count - MOST_GONE;
    if (!r->gone_count)
        return;
    cs_print_message("the file%s of %s image%s %s gone:%s%s%s%s", cs_plural(r->gone_count),
                     cs_format_count(r->gone_count, count), cs_plural(r->gone_count), r->gone_count == 1 ? "is" : "are",
                     r->gone.data && !r->gone.failed ? r->gone.data : "", more ? "\n  and " : "",
                     more ? cs_format_count(more, rest) : "", more ? " more (-v shows all)" : "");
}

static void on_note(void *context, const char *line)
{
    say(context, line);
}

/* What the person should know before it takes its time. */
static void announce(remodel *r)
{
    char line[512];
    const char *collection = r->request->settings->collection;
    if (r->same || r->args->dry_run)
        return;
    snprintf(line, sizeof line, "encoding the images of %s anew with %s%s%s; until all are done, searches use %s",
             collection, r->model.name, r->precision ? " in " : "", r->precision ? r->precision : "",
             r->precision || !r->before[0] ? "the vectors that there are" : r->before);
    say(r, line);
    if (r->model.towers & CLIPSEARCH_TEXT_TOWER)
        return;
    snprintf(line, sizeof line, "%s encodes images only: then %s can be searched by images, but not by texts",
             r->model.name, collection);
    say(r, line);
}

/* ---------------------------------------------------------------- how it ended */

/* "Encoded 1000 images of photos anew with clip-vit-b32 (12 before, 3 gone, 2 skipped) in 43 s" */
static void print_report(const remodel *r, const clipsearch_ingest_report *report, FILE *out, const char *before)
{
    char duration[32], text[256] = "";
    const struct {
        uint64_t count;
        const char *words;
    } more[] = {{report->unchanged, "by an earlier run"}, {report->gone, "gone"}, {report->skipped, "skipped"}};
    for (size_t i = 0, n = 0; i < sizeof more / sizeof *more; i++)
        if (more[i].count)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%llu %s", n ? ", " : " (",
                                  (unsigned long long)more[i].count, more[i].words);
    fprintf(out, "%s%s %llu image%s of %s anew with ", before, r->args->dry_run ? "Would encode" : "Encoded",
            (unsigned long long)report->replaced, cs_plural(report->replaced), r->request->settings->collection);
    cs_print_name(r->model.name, out);
    fprintf(out, "%s%s in %s\n", text, text[0] ? ")" : "", cs_format_duration(report->seconds, duration));
}

static void print_success(const remodel *r, const clipsearch_ingest_report *report)
{
    /* another process may have been quicker, which we waited for */
    const bool same = r->same || (report->found && report->unchanged == report->found && !r->args->dry_run);
    if (same && !r->quiet && !r->request->quiet_when_same) {
        printf("%s is encoded with ", r->request->settings->collection);
        cs_print_name(r->model.name, stdout);
        printf(" already\n");
    } else if (!same && !r->quiet)
        print_report(r, report, stdout, "");
    if (!r->quiet && !r->args->dry_run && report->gone + report->skipped)
        cs_print_message(
            "these images keep their attributes, and are left out of results until the next ingestion finds"
            " their files");
}

static void print_failure(const remodel *r, const clipsearch_ingest_report *report, const clipsearch_error *err)
{
    if (err->code == CLIPSEARCH_E_CANCELLED)
        cs_print_advice(err->message, CS_ADVICE_RESUME, NULL, NULL);
    else if (report->kept)
        cs_print_advice(err->message, CS_ADVICE_FORCE_REMODEL, NULL, NULL);
    else
        cs_print_message("%s", err->message);
    if (err->code != CLIPSEARCH_E_CANCELLED && report->replaced)
        print_report(r, report, stderr, "Before that: ");
}

static int exit_code_of(const remodel *r, clipsearch_status status, const clipsearch_ingest_report *report)
{
    if (status == CLIPSEARCH_E_CANCELLED)
        return CS_EXIT_SIGNAL + cs_caught_signal();
    if (status != CLIPSEARCH_OK)
        return cs_exit_code(status, status == CLIPSEARCH_E_NOT_FOUND ? CS_STAGE_DATABASE : CS_STAGE_INPUT);
    return report->skipped && !r->request->skip_bad ? CS_EXIT_FILE : CS_EXIT_FOUND;
}

/* ---------------------------------------------------------------- */

static int run(remodel *r, const clipsearch_image_options *image, bool *done)
{
    clipsearch_error err;
    clipsearch_ingest_report report;
    clipsearch_ingest_options options;
    clipsearch_ingest_target target;
    clipsearch_ingest_report_init(&report);
    clipsearch_ingest_options_init(&options);
    clipsearch_ingest_target_init(&target);
    options.batch = r->request->batch;
    options.threads = (unsigned)r->request->settings->threads;
    options.image = image;
    options.dry_run = r->args->dry_run;
    options.force_prune = r->request->force;
    options.progress = on_progress;
    options.bad_file = on_bad_file;
    options.context = r;
    target.database = r->request->settings->db;
    target.collection = r->request->settings->collection;
    target.metric = r->metric;
    target.note = on_note;
    target.context = r;
    announce(r);
    const clipsearch_status status = clipsearch_remodel(&target, r->session, &options, &report, &err);
    cs_progress_clear(&r->view);
    *done = status == CLIPSEARCH_OK;
    const int code = exit_code_of(r, status, &report);
    if (r->json) {
        if (status != CLIPSEARCH_OK || !r->request->quiet_when_same) /* update prints its own last line */
            cs_progress_json_end(r->request->settings->collection, &report, status, code,
                                 status == CLIPSEARCH_OK ? NULL : err.message);
        return code;
    }
    cs_bad_files_print(&r->bad, r->args->verbose);
    print_gone(r);
    if (status == CLIPSEARCH_OK)
        print_success(r, &report);
    else
        print_failure(r, &report, &err);
    return code;
}

/* The model's usual metric, unless one is given or the model is the collection's own. */
static void choose_metric(remodel *r)
{
    const char *given = r->request->metric;
    const bool same_model =
        strcmp(r->fingerprint, r->model.fingerprint) == 0 && strcmp(r->preprocessing, r->model.preprocessing) == 0;
    const clipsearch_metric before = r->metric;
    if (given)
        r->metric = (clipsearch_metric)cs_name_index(given, cs_metric_names);
    else if (!same_model)
        r->metric = r->model.metric;
    const unsigned precision = 1u << r->model.image_precision;
    r->precision =
        same_model && r->precisions && r->precisions != precision ? cs_precision_names[r->model.image_precision] : NULL;
    r->same = same_model && before == r->metric && !r->precision;
}

int cs_remodel_collection(const cs_remodel_request *request, bool *done)
{
    const cs_args *args = request->args;
    remodel r = {.request = request,
                 .args = args,
                 .json = args->progress && strcmp(args->progress, "json") == 0,
                 .quiet = args->quiet,
                 .view = cs_progress_open(),
                 .lines = {.printed = -1, .collection = request->settings->collection},
                 .bad = cs_bad_files_make(args->verbose),
                 .gone = cs_buf_make(1 << 26)};
    clipsearch_image_options image = *request->image;
    *done = false;
    int code = describe_collection(&r);
    if (code == CS_EXIT_FOUND)
        code = open_model(&r);
    if (code == CS_EXIT_FOUND) {
        choose_metric(&r);
        if (!request->image_given)
            image.ignore_exif = r.ignore_exif;
        code = open_session(&r, &image);
    }
    if (code == CS_EXIT_FOUND)
        code = run(&r, &image, done);
    clipsearch_session_close(&r.session);
    clipsearch_encoder_close(&r.encoder);
    cs_bad_files_free(&r.bad);
    cs_buf_free(&r.gone);
    return code;
}
