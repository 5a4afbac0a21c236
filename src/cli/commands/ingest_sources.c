/* SPDX-License-Identifier: MIT
 * ingest_sources.c - the sources that the command line or a YAML file names. */
#include "cli/commands/ingest_command.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

bool cs_is_ingest_file(const char *path)
{
    const char *dot = strrchr(cs_path_base(path), '.');
    cs_file_info info;
    return dot && (strcasecmp(dot, ".yaml") == 0 || strcasecmp(dot, ".yml") == 0) &&
           !(cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK && info.is_directory);
}

int cs_ingest_read_file(cs_ingest_command *in)
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
static int read_files_from(cs_ingest_command *in, clipsearch_source *source)
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

int cs_ingest_read_operands(cs_ingest_command *in)
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
        if (cs_is_ingest_file(args->operands.items[i].text))
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
