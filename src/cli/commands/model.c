/* SPDX-License-Identifier: MIT
 * model.c - clipsearch model: which action, and which options go with it. */
#include "cli/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/commands/model_actions.h"
#include "models/models.h"
#include "config/nearest.h"

#include <string.h>

enum { MOST_WORDS = 3 };

/* Options that only some actions take. */
enum {
    TAKES_JSON = 1,
    TAKES_TO = 2,
    TAKES_FETCH = 4,   /* --mirror, --timeout */
    TAKES_CONVERT = 8, /* --towers, --type */
    TAKES_IMAGE = 16,
    TAKES_BATCH = 32,
    TAKES_THREADS = 64
};

static const struct action {
    const char *name;
    int (*run)(const cs_args *args, const char *const *words, size_t count);
    unsigned takes;
    size_t least, most; /* words */
    const char *usage;
} actions[] = {
    {"list", cs_command_model_list, TAKES_JSON, 0, 0, "model list"},
    {"fetch", cs_command_model_fetch, TAKES_TO | TAKES_FETCH, 1, 1, "model fetch NAME"},
    {"info", cs_command_model_info, TAKES_JSON | TAKES_BATCH | TAKES_THREADS, 1, 1, "model info NAME|DIR|FILE"},
    {"verify", cs_command_model_verify, TAKES_JSON | TAKES_IMAGE | TAKES_THREADS, 1, 2, "model verify NAME [DIR]"},
    {"convert", cs_command_model_convert, TAKES_TO | TAKES_CONVERT, 1, 1, "model convert NAME|DIR|FILE --to DIR"},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

int cs_model_catalogue(const cs_args *args, cs_catalogue *catalogue)
{
    clipsearch_error err;
    clipsearch_status status = cs_catalogue_load(args->catalogue, catalogue, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_settings(&err);
}

cs_presence cs_model_presence(const cs_known_model *model, const char *directory)
{
    size_t there = 0;
    for (size_t i = 0; directory && i < model->file_count; i++) {
        const cs_known_file *file = &model->files[i];
        char *path = cs_path_join(directory, file->name);
        cs_file_info info;
        there += path && cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && info.is_regular &&
                 (!file->exact || file->content || info.size == file->bytes);
        cs_free(path);
    }
    return there == model->file_count ? CS_PRESENT : there ? CS_PARTLY : CS_ABSENT;
}

char *cs_model_directory(const char *name)
{
    cs_model_place place;
    char *directory = NULL;
    if (cs_model_find_name(name, &place) == CLIPSEARCH_OK) {
        directory = place.directory;
        place.directory = NULL;
    }
    cs_model_place_free(&place);
    return directory;
}

/* An option that was given and the action does not take, as it is written; NULL: none. */
static const char *not_taken(const struct action *action, const cs_args *args)
{
    const struct {
        bool given;
        unsigned takes;
        const char *name;
    } options[] = {
        {args->json, TAKES_JSON, "--json"},
        {args->to, TAKES_TO, "--to"},
        {args->mirror, TAKES_FETCH, "--mirror"},
        {args->timeout.given, TAKES_FETCH, "--timeout"},
        {args->towers, TAKES_CONVERT, "--towers"},
        {args->type, TAKES_CONVERT, "--type"},
        {args->pictures.count, TAKES_IMAGE, "--image"},
        {args->batch.given, TAKES_BATCH, "--batch"},
        {args->threads.given, TAKES_THREADS, "--threads"},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].given && !(action->takes & options[i].takes))
            return options[i].name;
    return NULL;
}

int cs_command_model(const cs_args *args)
{
    const char *names[ACTIONS], *words[MOST_WORDS];
    size_t count = args->words.count;
    for (size_t i = 0; i < ACTIONS; i++)
        names[i] = actions[i].name;
    for (size_t i = 0; i < count && i < MOST_WORDS; i++)
        words[i] = args->words.items[i].text;
    if (!count)
        return cs_usage(CS_MODEL, "model what? list, fetch, info, verify or convert");
    size_t i = 0;
    while (i < ACTIONS && strcmp(words[0], names[i]) != 0)
        i++;
    if (i == ACTIONS) {
        const char *nearest = cs_nearest(words[0], names, ACTIONS);
        return cs_usage(CS_MODEL, "model does list, fetch, info, verify and convert, not \"%s\"%s%s%s", words[0],
                        nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    }
    const char *option = not_taken(&actions[i], args);
    if (option)
        return cs_usage(CS_MODEL, "%s is not for model %s", option, names[i]);
    if (count - 1 < actions[i].least || count - 1 > actions[i].most)
        return cs_usage(CS_MODEL, "it is clipsearch %s", actions[i].usage);
    return actions[i].run(args, words + 1, count - 1);
}
