/* SPDX-License-Identifier: MIT
 * model_fetch.c - clipsearch model fetch: a known model's files into a directory of its own. */
#include "cli/command.h"

#include "base/mem.h"
#include "models/download.h"
#include "cli/commands/model_actions.h"
#include "models/models.h"
#include "cli/output/say.h"
#include "config/settings.h"
#include "cli/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

enum { STALL_SECONDS = 30 };

/* Where the model goes; has said what is wrong when NULL. */
static char *choose_directory(const cs_args *args, const char *name)
{
    char *directory = args->to ? cs_strdup(args->to) : cs_users_model_path(name);
    if (!directory && args->to)
        cs_report_memory();
    else if (!directory)
        cs_say("neither XDG_DATA_HOME nor HOME is set, so there is no place for models; say where with --to DIR");
    return directory;
}

/* All of `directory`, and that it has room for what is still to be fetched. */
static clipsearch_status prepare(const cs_known_model *model, const char *directory, clipsearch_error *err)
{
    cs_buf file = cs_buf_make(1 << 16);
    cs_buf_printf(&file, "%s/x", directory);
    clipsearch_status status = file.failed ? cs_fail_memory(err, directory) : cs_make_directories_for(file.data, err);
    cs_buf_free(&file);
    if (status != CLIPSEARCH_OK)
        return status;
    struct statvfs fs;
    uint64_t missing = 0;
    for (size_t i = 0; i < model->file_count; i++)
        missing += cs_download_missing(&model->files[i], directory);
    if (statvfs(directory, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < missing) {
        char there[32], wanted[32];
        return cs_fail(err, CLIPSEARCH_E_IO, "%s: %s more are needed, and there are %s free", directory,
                       cs_byte_words(missing, wanted), cs_byte_words((uint64_t)fs.f_bavail * fs.f_frsize, there));
    }
    return CLIPSEARCH_OK;
}

/* Whether this build can use what was fetched is better known now than at the first search. */
static void try_to_open(const char *directory)
{
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    clipsearch_status status = clipsearch_encoder_open(directory, &options, &encoder, &err);
    if (status != CLIPSEARCH_OK) {
        options.towers = CLIPSEARCH_IMAGE_TOWER;
        status = clipsearch_encoder_open(directory, &options, &encoder, NULL);
    }
    if (status != CLIPSEARCH_OK)
        cs_say("the files are whole, but this build cannot use them: %s", err.message);
    clipsearch_encoder_close(&encoder);
}

static int fetch_all(const cs_args *args, const cs_known_model *model, const char *directory)
{
    clipsearch_error err;
    cs_progress_view view = cs_progress_open();
    const cs_download_options options = {.mirror = args->mirror,
                                         .stall_seconds =
                                             args->timeout.given ? (unsigned)args->timeout.value : STALL_SECONDS,
                                         .quiet = args->quiet,
                                         .verbose = args->verbose,
                                         .view = &view};
    clipsearch_status status = prepare(model, directory, &err);
    size_t fetched = 0;
    for (size_t i = 0; i < model->file_count && status == CLIPSEARCH_OK; i++) {
        cs_download_result result;
        const cs_known_file *file = &model->files[i];
        status = cs_download(file, directory, &options, &result, &err);
        fetched += status == CLIPSEARCH_OK && result == CS_DOWNLOAD_NEW;
        if (status == CLIPSEARCH_OK && result == CS_DOWNLOAD_NEW && !file->content && !file->digest && !args->quiet)
            cs_say("%s: taken as it came; its publisher gives no digest to check it by", file->name);
    }
    if (status == CLIPSEARCH_E_CANCELLED) {
        cs_say("%s", err.message);
        return CS_EXIT_SIGNAL + cs_signals_caught();
    }
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, status == CLIPSEARCH_E_UNSUPPORTED ? CS_STAGE_MODEL : CS_STAGE_INPUT);
    if (args->quiet)
        return CS_EXIT_FOUND;
    cs_buf words = cs_buf_make(1 << 16);
    cs_put_printable(&words, directory);
    printf("%s %s: %s\n", fetched ? "Fetched" : "There already is", model->name, words.data ? words.data : "");
    cs_buf_free(&words);
    try_to_open(directory);
    return CS_EXIT_FOUND;
}

int cs_command_model_fetch(const cs_args *args, const char *const *words, size_t count)
{
    (void)count;
    clipsearch_error err;
    cs_catalogue catalogue;
    const cs_known_model *model = NULL;
    if (args->mirror && strncmp(args->mirror, "https://", 8) != 0 && strncmp(args->mirror, "http://", 7) != 0)
        return cs_usage(CS_MODEL, "--mirror must begin with https:// or http://, not be \"%s\"", args->mirror);
    int code = cs_model_catalogue(args, &catalogue);
    if (code == CS_EXIT_FOUND && cs_catalogue_find(&catalogue, words[0], &model, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_MODEL);
    char *directory = code == CS_EXIT_FOUND ? choose_directory(args, model->name) : NULL;
    if (code == CS_EXIT_FOUND && !directory)
        code = CS_EXIT_USAGE;
    if (code == CS_EXIT_FOUND) {
        cs_signals_hold();
        code = fetch_all(args, model, directory);
    }
    cs_free(directory);
    cs_catalogue_close(&catalogue);
    return code;
}
