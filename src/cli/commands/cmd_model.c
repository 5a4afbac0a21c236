/* SPDX-License-Identifier: MIT
 * cmd_model.c - clipsearch model: its actions and the options that each accepts. */
#include "cli/command.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/commands/model_actions.h"
#include "models/location.h"
#include "config/nearest.h"

#include <stdio.h>
#include <string.h>

enum { MAX_OPERANDS = 3 };

/* Options that only some actions accept. */
enum {
    ACCEPTS_JSON = 1,
    ACCEPTS_TO = 2,
    ACCEPTS_FETCH = 4,   /* --mirror, --timeout */
    ACCEPTS_CONVERT = 8, /* --towers, --type */
    ACCEPTS_IMAGE = 16,
    ACCEPTS_BATCH = 32,
    ACCEPTS_THREADS = 64,
    ACCEPTS_NAME = 128
};

static const struct action {
    const char *name;
    int (*run)(const cs_args *args, const char *const *operands, size_t count);
    unsigned accepts;
    size_t min, max; /* operands */
    const char *usage;
} actions[] = {
    {"list", cs_command_model_list, ACCEPTS_JSON, 0, 0, "model list"},
    {"fetch", cs_command_model_fetch, ACCEPTS_TO | ACCEPTS_FETCH, 1, 1, "model fetch NAME"},
    {"add", cs_command_model_add, ACCEPTS_NAME, 1, 1, "model add FILE|DIR [--name NAME]"},
    {"use", cs_command_model_use, 0, 1, 1, "model use NAME|DIR|FILE"},
    {"info", cs_command_model_info, ACCEPTS_JSON | ACCEPTS_BATCH | ACCEPTS_THREADS, 1, 1, "model info NAME|DIR|FILE"},
    {"verify", cs_command_model_verify, ACCEPTS_JSON | ACCEPTS_IMAGE | ACCEPTS_THREADS, 1, 2,
     "model verify NAME [DIR]"},
    {"convert", cs_command_model_convert, ACCEPTS_TO | ACCEPTS_CONVERT, 1, 1, "model convert NAME|DIR|FILE --to DIR"},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

int cs_model_catalogue(const cs_args *args, cs_catalogue *catalogue)
{
    clipsearch_error err;
    clipsearch_status status = cs_catalogue_load(args->catalogue, catalogue, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_settings(&err);
}

bool cs_known_file_is_there(const cs_known_file *file, const char *directory)
{
    char *path = cs_path_join(directory, file->name);
    cs_file_info info;
    const bool there = path && cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && info.is_regular &&
                       (!file->exact || file->content || info.size == file->bytes);
    cs_free(path);
    return there;
}

cs_presence cs_model_presence(const cs_known_model *model, const char *directory)
{
    size_t present = 0;
    for (size_t i = 0; directory && i < model->file_count; i++)
        present += cs_known_file_is_there(&model->files[i], directory);
    return present == model->file_count ? CS_PRESENT : present ? CS_PARTLY : CS_ABSENT;
}

char *cs_model_directory(const char *name)
{
    cs_model_location location;
    char *directory = NULL;
    if (cs_model_find_name(name, &location) == CLIPSEARCH_OK) {
        directory = location.directory;
        location.directory = NULL;
    }
    cs_model_location_free(&location);
    return directory;
}

/* A given option that the action does not accept; NULL: none. */
static const char *unaccepted_option(const struct action *action, const cs_args *args)
{
    const struct {
        bool given;
        unsigned accepts;
        const char *name;
    } options[] = {
        {args->json, ACCEPTS_JSON, "--json"},
        {args->to, ACCEPTS_TO, "--to"},
        {args->mirror, ACCEPTS_FETCH, "--mirror"},
        {args->timeout.given, ACCEPTS_FETCH, "--timeout"},
        {args->towers, ACCEPTS_CONVERT, "--towers"},
        {args->type, ACCEPTS_CONVERT, "--type"},
        {args->images.count, ACCEPTS_IMAGE, "--image"},
        {args->batch.given, ACCEPTS_BATCH, "--batch"},
        {args->threads.given, ACCEPTS_THREADS, "--threads"},
        {args->name, ACCEPTS_NAME, "--name"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].given && !(action->accepts & options[i].accepts))
            return options[i].name;
    return NULL;
}

const char *cs_model_action_name(size_t i)
{
    return i < ACTIONS ? actions[i].name : NULL;
}

/* `problem`, and the names of all actions; `nearest` may be NULL. */
static int report_no_action(const char *problem, const char *nearest)
{
    cs_buf names = cs_buf_make(1024);
    for (size_t i = 0; i < ACTIONS; i++)
        cs_buf_printf(&names, "%s%s", i == 0 ? "" : i + 1 < ACTIONS ? ", " : " and ", actions[i].name);
    const int code = cs_report_usage(CS_MODEL, "%s; the actions are %s%s%s%s", problem, names.data ? names.data : "",
                                     nearest ? ". Did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    cs_buf_free(&names);
    return code;
}

int cs_command_model(const cs_args *args)
{
    const char *names[ACTIONS], *operands[MAX_OPERANDS];
    size_t count = args->operands.count;
    for (size_t i = 0; i < ACTIONS; i++)
        names[i] = actions[i].name;
    for (size_t i = 0; i < count && i < MAX_OPERANDS; i++)
        operands[i] = args->operands.items[i].text;
    if (!count)
        return report_no_action("no action was given", NULL);
    size_t i = 0;
    while (i < ACTIONS && strcmp(operands[0], names[i]) != 0)
        i++;
    if (i == ACTIONS) {
        char problem[256];
        snprintf(problem, sizeof problem, "there is no action \"%.200s\"", operands[0]);
        return report_no_action(problem, cs_nearest(operands[0], names, ACTIONS));
    }
    const char *option = unaccepted_option(&actions[i], args);
    if (option)
        return cs_report_usage(CS_MODEL, "model %s has no option %s", names[i], option);
    if (count - 1 < actions[i].min || count - 1 > actions[i].max)
        return cs_report_usage(CS_MODEL, "usage: clipsearch %s", actions[i].usage);
    return actions[i].run(args, operands + 1, count - 1);
}
