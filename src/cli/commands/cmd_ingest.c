/* SPDX-License-Identifier: MIT
 * cmd_ingest.c - clipsearch ingest: directories, or what a YAML file names, into a collection. */
#include "cli/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/commands/follow.h"
#include "cli/commands/ingest_group.h"
#include "cli/commands/open.h"
#include "cli/image_flags.h"
#include "cli/output/bad_files.h"
#include "cli/output/left_out.h"
#include "cli/output/message.h"
#include "cli/output/progress.h"
#include "cli/output/kept_images.h"
#include "cli/output/progress_json.h"
#include "cli/output/units.h"
#include "cli/signals.h"
#include "config/names.h"
#include "config/path_advice.h"
#include "config/path_list.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Everything one ingestion holds. */
typedef struct ingest {
    const cs_args *args;
    cs_ingest_file file;       /* the YAML file; else empty */
    clipsearch_source *direct; /* sources of the command line; else NULL */
    cs_path_list list;         /* of --files-from */
    const size_t *numbers;     /* with --watch: which of all sources those of the options are; else NULL */
    bool only_changes;         /* with --watch: not the first time */
    cs_settings settings;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_ingest_options options;
    clipsearch_image_options image;
    clipsearch_index_options index;
    clipsearch_ingest_target target;
    cs_exif_choice exif; /* of the command line */
    bool metric_given;
    bool announce_built_in; /* the model, before the first image of a new collection */
    cs_on_bad on_bad;
    bool wait_announced;
    char list_path[PATH_MAX];      /* absolute path of the YAML file */
    clipsearch_ingest_report *sum; /* update: the report is added to it, and not printed */
    cs_progress_view view;
    cs_progress_json json;
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
    if (args->files_from || args->hidden || args->letter_case)
        return cs_report_usage(CS_INGEST,
                               "--%s is for directories on the command line; in %s write %s as a key of a source",
                               args->files_from ? "files-from"
                               : args->hidden   ? "hidden"
                                                : "case",
                               path,
                               args->files_from ? "files_from"
                               : args->hidden   ? "hidden"
                                                : "case");
    if (cs_ingest_file_load(path, &in->file, &err) != CLIPSEARCH_OK)
        return cs_report_settings(&err);
    in->options.sources = in->file.sources;
    in->options.source_count = in->file.source_count;
    if (realpath(path, in->list_path)) /* else it was renamed just now */
        in->options.list = in->list_path;
    return CS_EXIT_FOUND;
}

/* What the command line says of all its sources. */
static void set_rules(const cs_args *args, clipsearch_source *source)
{
    clipsearch_source_init(source);
    if (args->include.count)
        source->include = args->include.items;
    source->include_count = args->include.count;
    if (args->exclude.count)
        source->exclude = args->exclude.items;
    source->exclude_count = args->exclude.count;
    source->hidden = args->hidden;
    source->exact_case = args->letter_case && cs_name_index(args->letter_case, cs_case_names) == 1;
}

/* The list of --files-from becomes one more source; its relative paths start at the current directory. */
static int read_files_from(ingest *in, clipsearch_source *source)
{
    clipsearch_error err;
    const cs_args *args = in->args;
    if (cs_path_list_read(args->files_from, args->nul, &in->list, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    static const char *const none[] = {NULL};
    set_rules(args, source);
    source->files = in->list.count ? in->list.paths : none;
    source->file_count = in->list.count;
    return CS_EXIT_FOUND;
}

static int read_operands(ingest *in)
{
    const cs_args *args = in->args;
    const size_t count = args->operands.count;
    in->direct = cs_zalloc_array(count + 1, sizeof *in->direct);
    if (!in->direct)
        return cs_report_memory();
    if (args->nul && !args->files_from)
        return cs_report_usage(CS_INGEST, "--null says how the list of --files-from is written, which is not given");
    for (size_t i = 0; i < count; i++) {
        clipsearch_source *source = &in->direct[i];
        if (is_yaml_file(args->operands.items[i].text))
            return cs_report_usage(CS_INGEST, "%s: a YAML file must be the only operand; it names its own directories",
                                   args->operands.items[i].text);
        if (!args->operands.items[i].text[0])
            return cs_report_usage(CS_INGEST, "the name of a directory is empty");
        set_rules(args, source);
        source->path = args->operands.items[i].text;
    }
    in->options.sources = in->direct;
    in->options.source_count = count + (args->files_from != NULL);
    return args->files_from ? read_files_from(in, &in->direct[count]) : CS_EXIT_FOUND;
}

/* 0: not given. */
static void merge_index_options(ingest *in)
{
    const cs_args *args = in->args;
    if (in->file.yaml)
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
    in->on_bad = args->on_bad       ? (cs_on_bad)cs_name_index(args->on_bad, cs_on_bad_names)
                 : file->has_on_bad ? file->on_bad
                                    : CS_ON_BAD_REPORT;
    in->options.on_bad = in->on_bad == CS_ON_BAD_STOP ? CLIPSEARCH_STOP_AT_BAD : CLIPSEARCH_SKIP_BAD;
    if (file->max_pixels)
        in->image.max_pixels = file->max_pixels;
    if (file->max_bytes)
        in->image.max_bytes = file->max_bytes;
    cs_apply_image_flags(args, &in->image);
    if (args->exif || file->has_exif) {
        const cs_exif_choice *exif = args->exif ? &in->exif : &file->exif;
        in->image.ignore_exif = exif->ignore_orientation;
        in->options.metadata = exif->metadata;
    }
    in->metric_given = args->metric || file->has_metric;
    if (in->metric_given)
        in->target.metric =
            args->metric ? (clipsearch_metric)cs_name_index(args->metric, cs_metric_names) : file->metric;
    merge_index_options(in);
    in->options.prune = args->prune || file->prune;
    in->options.force_prune = args->prune && strcmp(args->prune, "force") == 0;
    in->options.rescan = args->rescan;
    in->options.remember = true;
    in->options.dry_run = args->dry_run;
    in->options.threads = (unsigned)in->settings.threads;
}

/* What is known of a collection before the model is opened. */
typedef struct found_collection {
    bool exists;
    char *encoder; /* the name of its encoder (cs_free) */
    clipsearch_metric metric;
} found_collection;

/* Look the collection up. That it, or its database, does not exist is no error. */
static int find_collection(const ingest *in, found_collection *found)
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
        found->encoder = cs_strdup(info.encoder);
    }
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    if (found->exists && !found->encoder)
        return cs_report_memory();
    return status == CLIPSEARCH_OK || status == CLIPSEARCH_E_NOT_FOUND ? CS_EXIT_FOUND
                                                                       : cs_report_error(&err, CS_STAGE_DATABASE);
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
    session.image = &in->image;
    if (clipsearch_session_open(in->encoder, &session, &in->session, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    if (!encoder && !in->metric_given) /* a new collection gets the model's usual metric */
        in->target.metric = info.metric;
    return CS_EXIT_FOUND;
}

/* The built-in model is small; the user should know of the better one before photographs are missed. */
static void announce_built_in(const ingest *in)
{
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    if (!in->args->quiet && cs_model_is_built_in(info.path))
        cs_print_message("using the small built-in model, which knows a thousand kinds of thing\n"
                         "CLIP's model finds more: clipsearch model fetch clip-vit-b32");
}

static bool is_progress(const ingest *in, const char *kind)
{
    return strcmp(in->args->progress ? in->args->progress : "auto", kind) == 0;
}

static void print_json_note(void *settings, const char *line)
{
    (void)settings;
    cs_progress_json_message("note", NULL, line);
}

/* Open the model and set the target. An existing collection gives the model and the metric when nothing else does. */
static int prepare(ingest *in)
{
    clipsearch_error err;
    found_collection found = {0};
    int code = find_collection(in, &found);
    if (code == CS_EXIT_FOUND && found.exists && !in->metric_given)
        in->target.metric = found.metric;
    if (code == CS_EXIT_FOUND)
        code = open_model(in, found.encoder);
    cs_free(found.encoder);
    in->announce_built_in = !found.exists && !in->options.dry_run;
    in->target.database = in->settings.db;
    in->target.collection = in->settings.collection;
    in->target.note = is_progress(in, "json") ? print_json_note : in->args->quiet ? NULL : cs_print_note;
    in->target.context = &in->settings;
    if (code == CS_EXIT_FOUND && !in->options.dry_run && in->settings.db_from == CS_FROM_DEFAULT &&
        cs_create_parents(in->settings.db, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_DATABASE);
    return code;
}

static void announce_wait(ingest *in, const clipsearch_progress *progress)
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
    ingest *in = context;
    if (in->announce_built_in && !is_progress(in, "json") && progress->walking_done && progress->found) {
        cs_progress_clear(&in->view);
        announce_built_in(in);
        in->announce_built_in = false;
    }
    if (is_progress(in, "json"))
        cs_progress_json_show(&in->json, progress);
    else if (progress->phase == CLIPSEARCH_PHASE_WAIT)
        announce_wait(in, progress);
    else if (!in->args->quiet && is_progress(in, "auto"))
        cs_progress_show(&in->view, progress);
    return cs_caught_signal() == 0;
}

static void on_bad_file(void *context, const char *path, const clipsearch_error *why)
{
    ingest *in = context;
    if (is_progress(in, "json"))
        cs_progress_json_message("bad", path, why->message);
    else if (in->on_bad != CS_ON_BAD_STOP) /* then it is the error that ends the run */
        cs_bad_files_add(&in->bad, path, why->message);
}

static void on_kept(void *context, const clipsearch_kept_images *images)
{
    ingest *in = context;
    cs_buf words = cs_buf_make(1 << 14);
    cs_put_kept_images(&words, images);
    const char *text = words.data && !words.failed ? words.data : images->directory;
    cs_progress_clear(&in->view);
    if (is_progress(in, "json"))
        cs_progress_json_message("kept", images->directory, text);
    else
        cs_print_message("%s", text);
    cs_buf_free(&words);
}

/* A source that cannot be read: where it is written, and what probably was meant. */
static void on_bad_source(void *context, size_t source, const clipsearch_error *why)
{
    ingest *in = context;
    const cs_ingest_file *file = &in->file;
    const cs_yaml_node *place = file->yaml ? file->source_nodes[in->numbers ? in->numbers[source] : source] : NULL;
    const char *written = place ? place->text : in->options.sources[source].path;
    const char *advice = written ? cs_path_advice(written, place != NULL) : NULL;
    char where[512] = "";
    if (place)
        snprintf(where, sizeof where, "%s:%zu:%zu: ", cs_yaml_name(file->yaml), place->line, place->column);
    cs_progress_clear(&in->view);
    if (is_progress(in, "json"))
        cs_progress_json_message("missing", in->options.sources[source].path, why->message);
    else
        cs_print_message("%s%s%s%s", where, why->message, advice ? "; " : "", advice ? advice : "");
}

/* "Left out: 3 HEIC (this build cannot read them), 12 videos" */
static void print_left_out(const ingest *in, const clipsearch_ingest_report *report)
{
    cs_buf words = cs_buf_make(2048);
    cs_put_left_out(&words, report, in->args->verbose);
    if (words.len && !words.failed)
        printf("Left out: %s\n", words.data);
    cs_buf_free(&words);
}

/* The counts of a report, in words. They need no memory that could be missing. */
typedef struct count_words {
    char text[512]; /* nine counts of at most 20 digits, with their words */
    size_t size;
} count_words;

static void put_count(count_words *counts, uint64_t count, const char *words)
{
    if (count)
        counts->size += (size_t)snprintf(counts->text + counts->size, sizeof counts->text - counts->size, "%s%llu %s",
                                         counts->size ? ", " : "", (unsigned long long)count, words);
}

/* "Inserted 1000 images into photos (3 skipped, 12 unchanged) in 1.2 s" */
static void print_report(const ingest *in, const clipsearch_ingest_report *report, FILE *out, const char *before)
{
    char duration[32];
    count_words more = {.text = ""};
    put_count(&more, report->skipped, "skipped");
    put_count(&more, report->replaced, "replaced");
    put_count(&more, report->unchanged, "unchanged");
    put_count(&more, report->moved, "moved");
    put_count(&more, report->copied, report->copied == 1 ? "copy of another" : "copies of others");
    put_count(&more, report->updated, "with new attributes");
    put_count(&more, report->pruned, "removed");
    put_count(&more, report->gone, "gone");
    put_count(&more, report->returned, "back");
    fprintf(out, "%s%s %llu image%s into %s%s%s%s in %s\n", before, in->options.dry_run ? "Would insert" : "Inserted",
            (unsigned long long)report->inserted, report->inserted == 1 ? "" : "s", in->settings.collection,
            more.size ? " (" : "", more.text, more.size ? ")" : "", cs_format_duration(report->seconds, duration));
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

static void print_nothing_found(const ingest *in, const clipsearch_ingest_report *report)
{
    const bool hidden_only = report->hidden && !report->left_out;
    cs_print_message("no images found%s",
                     in->file.yaml ? (hidden_only ? "; hidden files are taken only with hidden: true in the file"
                                                  : "; check sources, include and exclude in the file")
                     : hidden_only ? "; hidden files are taken only with --hidden"
                                   : " (files of the formats that this build reads, or as given with --include)");
}

/* With --watch, runs that changed nothing are not reported. */
static bool has_changed(const clipsearch_ingest_report *r)
{
    return r->inserted + r->replaced + r->moved + r->copied + r->updated + r->pruned + r->newly_gone + r->returned > 0;
}

/* No source could be read. Each was named. */
static bool all_missing(const ingest *in, const clipsearch_ingest_report *report)
{
    return report->missing_sources > 0 && report->missing_sources == in->options.source_count;
}

/* Bad images count in the exit status as --on-bad says. */
static int exit_code_of(const ingest *in, clipsearch_status status, const clipsearch_ingest_report *report)
{
    if (status == CLIPSEARCH_E_CANCELLED)
        return CS_EXIT_SIGNAL + cs_caught_signal();
    if (status == CLIPSEARCH_E_MISMATCH)
        return cs_exit_code(status, CS_STAGE_MODEL);
    /* of all that ingestion opens, only the database and the collection can be CLIPSEARCH_E_NOT_FOUND */
    if (status != CLIPSEARCH_OK)
        return cs_exit_code(status, status == CLIPSEARCH_E_NOT_FOUND ? CS_STAGE_DATABASE : CS_STAGE_INPUT);
    if (report->missing_sources || report->unreadable || (report->skipped && in->on_bad == CS_ON_BAD_REPORT) ||
        (report->kept && in->options.prune))
        return CS_EXIT_FILE;
    if (report->found == 0 && report->pruned == 0 && !in->only_changes)
        return in->sum ? CS_EXIT_FOUND : CS_EXIT_NOTHING;
    return report->skipped && report->skipped == report->found ? CS_EXIT_FILE : CS_EXIT_FOUND;
}

/* In words, how an ingestion ended that was not done, */
static void print_failure(const ingest *in, const clipsearch_ingest_report *report, const clipsearch_error *err)
{
    if (err->code == CLIPSEARCH_E_CANCELLED) {
        print_report(in, report, stderr, "Interrupted. ");
        cs_print_advice("what was stored is kept", CS_ADVICE_RESUME, NULL, NULL);
    } else if (err->code == CLIPSEARCH_E_MISMATCH) {
        cs_print_advice(err->message, CS_ADVICE_OTHER_COLLECTION, &in->settings, NULL);
    } else {
        if (!all_missing(in, report))
            cs_print_message("%s", err->message);
        if (report->inserted + report->replaced)
            print_report(in, report, stderr, "Before that: ");
    }
}

/* and one that was. */
static void print_success(const ingest *in, const clipsearch_ingest_report *report)
{
    if (in->sum)
        cs_add_report(in->sum, report);
    else if (!in->args->quiet && (!in->only_changes || has_changed(report)))
        print_report(in, report, stdout, "");
    if (!in->args->quiet && !in->only_changes && !in->sum)
        print_left_out(in, report);
    if (!in->sum)
        cs_note_gone(in->args, report);
    note_unmatched(in, report);
    if (report->unreadable) {
        char message[128];
        snprintf(message, sizeof message, "%llu of these files could not be read because of errors of the machine",
                 (unsigned long long)report->unreadable);
        cs_print_advice(message, CS_ADVICE_RETRY, NULL, NULL);
    } else if (report->found == 0 && report->pruned == 0 && !report->skipped && !report->gone && !in->only_changes &&
               !report->missing_sources && !in->sum) {
        print_nothing_found(in, report);
    }
}

static int ingest_images(ingest *in)
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
    cs_progress_clear(&in->view);
    const int code = exit_code_of(in, status, &report);
    if (is_progress(in, "json")) {
        const bool said = status == CLIPSEARCH_OK || all_missing(in, &report);
        cs_progress_json_end(&report, status, code, said ? NULL : err.message);
        return code;
    }
    cs_bad_files_print(&in->bad, in->args->verbose);
    if (status == CLIPSEARCH_OK)
        print_success(in, &report);
    else
        print_failure(in, &report, &err);
    return code;
}

/* --watch: called by cs_follow_sources for all sources, and then for those that have changed. */
static int ingest_changed(void *context, const clipsearch_source *changed, const size_t *numbers, size_t count,
                          bool first)
{
    ingest *in = context;
    in->options.sources = changed;
    in->options.source_count = count;
    in->numbers = numbers;
    in->only_changes = !first;
    in->options.remember = first; /* then `changed` are parts of the sources */
    in->view = cs_progress_open();
    const int code = ingest_images(in);
    cs_bad_files_free(&in->bad);
    in->bad = cs_bad_files_make(in->args->verbose);
    return code;
}

static void say_of_watch(void *context, const char *line)
{
    ingest *in = context;
    cs_progress_clear(&in->view);
    if (is_progress(in, "json"))
        cs_progress_json_message("watch", NULL, line);
    else
        cs_print_message("%s", line);
}

static int watch_images(ingest *in)
{
    const cs_follow follow = {.sources = in->options.sources,
                              .source_count = in->options.source_count,
                              .scan = in->args->scan_every.given ? (double)in->args->scan_every.value : 0,
                              .say = in->args->quiet ? NULL : say_of_watch,
                              .ingest = ingest_changed,
                              .context = in};
    return cs_follow_sources(&follow);
}

static int check_watch(const ingest *in)
{
    const cs_args *args = in->args;
    if (args->scan_every.given && !args->watch)
        return cs_report_usage(CS_INGEST, "--scan-every is for --watch, which is not given");
    if (args->watch && args->dry_run)
        return cs_report_usage(CS_INGEST, "--watch and --dry-run exclude each other");
    for (size_t i = 0; args->watch && i < in->options.source_count; i++)
        if (in->options.sources[i].files)
            return cs_report_usage(CS_INGEST, "a list of files cannot be watched; give --watch directories");
    return CS_EXIT_FOUND;
}

static ingest begin(const cs_args *args)
{
    ingest in = {
        .args = args, .view = cs_progress_open(), .json = {.printed = -1}, .bad = cs_bad_files_make(args->verbose)};
    clipsearch_ingest_options_init(&in.options);
    clipsearch_image_options_init(&in.image);
    clipsearch_index_options_init(&in.index);
    clipsearch_ingest_target_init(&in.target);
    return in;
}

static void bind(ingest *in)
{
    in->options.image = &in->image;
    in->target.index = &in->index;
}

void cs_print_sum(const cs_args *args, const char *collection, const clipsearch_ingest_report *sum)
{
    ingest in = {.args = args, .settings.collection = collection, .options.dry_run = args->dry_run};
    if (!args->quiet)
        print_report(&in, sum, stdout, "");
    cs_note_gone(args, sum);
}

int cs_ingest_group(const cs_args *args, const cs_settings *settings, const cs_source_group *group,
                    clipsearch_ingest_report *sum)
{
    ingest in = begin(args);
    bind(&in);
    in.settings = *settings; /* the caller's strings */
    in.sum = sum;
    if (group->file)
        in.file = *group->file;
    merge_options(&in);
    in.options.sources = group->sources;
    in.options.source_count = group->count;
    in.options.list = group->list;
    in.options.remember = !group->part;
    if (!group->file) {
        in.image = *group->image;
        in.options.metadata = group->metadata;
    }
    int code = prepare(&in);
    if (code == CS_EXIT_FOUND)
        code = ingest_images(&in);
    clipsearch_session_close(&in.session);
    clipsearch_encoder_close(&in.encoder);
    cs_bad_files_free(&in.bad);
    return code;
}

int cs_command_ingest(const cs_args *args)
{
    ingest in = begin(args);
    bind(&in);
    if (!args->operands.count && !args->files_from)
        return cs_report_usage(CS_INGEST, "nothing to ingest was given; give directories, images or one YAML file");
    clipsearch_error err;
    if (args->exif && cs_read_exif_choice(args->exif, &in.exif, &err) != CLIPSEARCH_OK)
        return cs_report_usage(CS_INGEST, "--%s", err.message);
    int code =
        args->operands.count == 1 && is_yaml_file(args->operands.items[0].text) ? read_yaml(&in) : read_operands(&in);
    if (code == CS_EXIT_FOUND)
        code = check_watch(&in);
    if (code == CS_EXIT_FOUND)
        code = cs_load_settings(args, in.file.yaml ? &in.file : NULL, &in.settings);
    if (code == CS_EXIT_FOUND) {
        merge_options(&in);
        cs_catch_signals();
        code = prepare(&in);
    }
    if (code == CS_EXIT_FOUND)
        code = args->watch ? watch_images(&in) : ingest_images(&in);
    clipsearch_session_close(&in.session);
    clipsearch_encoder_close(&in.encoder);
    cs_settings_free(&in.settings);
    cs_ingest_file_close(&in.file);
    cs_bad_files_free(&in.bad);
    cs_free(in.direct);
    cs_path_list_free(&in.list);
    return code;
}
