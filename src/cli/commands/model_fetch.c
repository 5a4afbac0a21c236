/* SPDX-License-Identifier: MIT
 * model_fetch.c - clipsearch model fetch: fetches a known model's files into a directory. */
#include "cli/command.h"

#include "base/mem.h"
#include "cli/commands/model_actions.h"
#include "cli/commands/model_install.h"
#include "cli/output/message.h"
#include "cli/output/progress.h"
#include "cli/signals.h"
#include "models/download.h"
#include "models/location.h"

#include <string.h>

enum { STALL_SECONDS = 30 };

/* The directory for the model; NULL after printing what is wrong. */
static char *choose_directory(const cs_args *args, const char *name)
{
    char *directory = args->to ? cs_strdup(args->to) : cs_user_model_path(name);
    if (!directory && args->to)
        cs_report_memory();
    else if (!directory)
        cs_print_message(
            "neither XDG_DATA_HOME nor HOME is set, so there is no place for models; give a directory with --to DIR");
    return directory;
}

/* What the callbacks of a download need. */
typedef struct fetching {
    const cs_args *args;
    cs_progress_view view;
} fetching;

static void on_progress(void *context, const cs_download_progress *progress)
{
    fetching *f = context;
    char name[256];
    snprintf(name, sizeof name, "%s%s", progress->checking ? "checking " : "", progress->name);
    if (!f->args->quiet)
        cs_progress_show_bytes(&f->view, &(cs_bytes_progress){.name = name,
                                                              .done = progress->done,
                                                              .total = progress->total,
                                                              .before = progress->before,
                                                              .seconds = progress->seconds});
}

static void on_note(void *context, bool detail, const char *line)
{
    fetching *f = context;
    if (f->args->quiet || (detail && !f->args->verbose))
        return;
    cs_progress_clear(&f->view);
    cs_print_message("%s", line);
}

static bool keep_going(void *context)
{
    (void)context;
    return cs_caught_signal() == 0;
}

/* Fetch the files that are missing; *fetched counts them. *refused: a server did not give one. */
static clipsearch_status fetch_files(const cs_args *args, const cs_known_model *model, const char *directory,
                                     size_t *fetched, bool *refused, clipsearch_error *err)
{
    cs_install install = {0};
    uint64_t missing = 0;
    fetching f = {.args = args, .view = cs_progress_open()};
    const cs_download_options options = {.mirror = args->mirror,
                                         .stall_seconds =
                                             args->timeout.given ? (unsigned)args->timeout.value : STALL_SECONDS,
                                         .progress = on_progress,
                                         .note = on_note,
                                         .keep_going = keep_going,
                                         .context = &f};
    for (size_t i = 0; i < model->file_count; i++)
        missing += cs_download_missing(&model->files[i], directory);
    clipsearch_status status = cs_install_begin(&install, directory, missing, err);
    for (size_t i = 0; i < model->file_count && status == CLIPSEARCH_OK; i++) {
        cs_download_result result;
        const cs_known_file *file = &model->files[i];
        status = cs_download(file, directory, &options, &result, err);
        cs_progress_clear(&f.view);
        *refused = status != CLIPSEARCH_OK && result == CS_DOWNLOAD_REFUSED;
        if (status != CLIPSEARCH_OK || result != CS_DOWNLOAD_FETCHED)
            continue;
        ++*fetched;
        if (!file->content && !file->digest && !args->quiet)
            cs_print_message("%s: not checked, since its publisher gives no digest", file->name);
    }
    if (status != CLIPSEARCH_OK)
        cs_install_tidy(&install);
    return status;
}

/* What was fetched is kept, unless it was wrong; so the same command goes on from there. */
static int report_failure(const clipsearch_error *err)
{
    switch (err->code) {
    case CLIPSEARCH_E_CANCELLED:
        cs_print_advice(err->message, CS_ADVICE_RESUME, NULL, NULL);
        return CS_EXIT_SIGNAL + cs_caught_signal();
    case CLIPSEARCH_E_UNSUPPORTED:
        return cs_report_error(err, CS_STAGE_MODEL);
    case CLIPSEARCH_E_IO:
        return cs_report_with_advice(err, CS_STAGE_INPUT, CS_ADVICE_RESUME, NULL, NULL);
    default:
        return cs_report_error(err, CS_STAGE_INPUT);
    }
}

static int fetch_model(const cs_args *args, const cs_known_model *model, const char *directory)
{
    clipsearch_error err;
    size_t fetched = 0;
    bool refused = false;
    if (fetch_files(args, model, directory, &fetched, &refused, &err) != CLIPSEARCH_OK) {
        const int code = report_failure(&err);
        if (refused)
            cs_print_by_hand(args, model, directory, err.code != CLIPSEARCH_E_UNSUPPORTED);
        return code;
    }
    if (!args->quiet) {
        printf("%s %s: ", fetched ? "Fetched" : "Already present:", model->name);
        cs_print_name(directory, stdout);
        printf("\n");
    }
    cs_install_compile(args, directory);
    return cs_install_use(args, directory, args->to ? NULL : model->name, true);
}

int cs_command_model_fetch(const cs_args *args, const char *const *operands, size_t count)
{
    (void)count;
    clipsearch_error err;
    cs_catalogue catalogue;
    const cs_known_model *model = NULL;
    if (args->mirror && strncmp(args->mirror, "https://", 8) != 0 && strncmp(args->mirror, "http://", 7) != 0)
        return cs_report_usage(CS_MODEL, "--mirror must begin with https:// or http://, not \"%s\"", args->mirror);
    int code = cs_model_catalogue(args, &catalogue);
    if (code == CS_EXIT_FOUND && cs_catalogue_find(&catalogue, operands[0], &model, &err) != CLIPSEARCH_OK)
        code = cs_report_with_advice(&err, CS_STAGE_MODEL, CS_ADVICE_KNOWN_MODELS, NULL, NULL);
    char *directory = code == CS_EXIT_FOUND ? choose_directory(args, model->name) : NULL;
    if (code == CS_EXIT_FOUND && !directory)
        code = CS_EXIT_USAGE;
    if (code == CS_EXIT_FOUND) {
        cs_catch_signals();
        code = fetch_model(args, model, directory);
    }
    cs_free(directory);
    cs_catalogue_close(&catalogue);
    return code;
}
