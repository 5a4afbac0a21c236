/* SPDX-License-Identifier: MIT
 * cmd_ingest.c - clipsearch ingest: directories, or what a YAML file names, into a collection. */
#include "cli/command.h"

#include "base/mem.h"
#include "cli/commands/follow.h"
#include "cli/commands/ingest_command.h"
#include "cli/commands/shard.h"
#include "cli/output/message.h"
#include "cli/signals.h"

/* `all`: the sources as a whole, which are remembered, not only what has changed in them. */
static int ingest_sources(cs_ingest_command *in, const clipsearch_source *sources, size_t count, bool all)
{
    in->options.sources = sources;
    in->options.source_count = count;
    in->options.remember = all;
    in->view = cs_progress_open();
    const int code = cs_ingest_images(in);
    cs_bad_files_free(&in->bad);
    in->bad = cs_bad_files_make(in->args->verbose);
    return code;
}

/* --watch: called by cs_follow_sources for all sources, and then for those that have changed. */
static int ingest_changed(void *context, const clipsearch_source *changed, const size_t *numbers, size_t count,
                          bool first, bool *copied)
{
    cs_ingest_command *in = context;
    in->numbers = numbers;
    in->only_changes = !first;
    const int code = ingest_sources(in, changed, count, first);
    *copied = in->copied;
    if (first || !in->created)
        return code;
    /* There had been no image yet, or the collection was dropped: it gets all there is, and remembers the sources. */
    in->numbers = NULL;
    return ingest_sources(in, in->followed, in->followed_count, true);
}

static void say_of_watch(void *context, const char *line)
{
    cs_ingest_command *in = context;
    cs_progress_clear(&in->view);
    if (cs_ingest_is_progress(in, "json"))
        cs_progress_json_message(in->settings.collection, "watch", NULL, line);
    else
        cs_print_message("%s", line);
}

static int watch_images(cs_ingest_command *in)
{
    in->followed = in->options.sources;
    in->followed_count = in->options.source_count;
    const cs_follow follow = {.sources = in->followed,
                              .source_count = in->followed_count,
                              .scan = in->args->scan_every.given ? (double)in->args->scan_every.value : 0,
                              .say = in->args->quiet ? NULL : say_of_watch,
                              .ingest = ingest_changed,
                              .context = in};
    return cs_follow_sources(&follow);
}

static int check_watch(const cs_ingest_command *in)
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

/* Remodel, if that is asked for, and ingest, if there are sources. */
static int run(cs_ingest_command *in)
{
    bool go_on;
    const int remodelled = cs_ingest_remodel(in, false, &go_on);
    if (!go_on || !in->options.source_count)
        return remodelled;
    int code = cs_ingest_prepare(in);
    if (code == CS_EXIT_FOUND)
        code = in->args->watch ? watch_images(in) : cs_ingest_images(in);
    return code == CS_EXIT_FOUND ? remodelled : code;
}

int cs_command_ingest(const cs_args *args)
{
    cs_ingest_command in;
    cs_ingest_begin(&in, args);
    if (!args->operands.count && !args->files_from && !args->remodel)
        return cs_report_usage(CS_INGEST, "nothing to ingest was given; give directories, images or one YAML file");
    clipsearch_error err;
    if (args->exif && cs_read_exif_choice(args->exif, &in.exif, &err) != CLIPSEARCH_OK)
        return cs_report_usage(CS_INGEST, "--%s", err.message);
    int code = args->operands.count == 1 && cs_is_ingest_file(args->operands.items[0].text)
                   ? cs_ingest_read_file(&in)
                   : cs_ingest_read_operands(&in);
    if (code == CS_EXIT_FOUND)
        code = check_watch(&in);
    if (code == CS_EXIT_FOUND)
        code = cs_read_shard(args, in.file.remodel, &in.options);
    if (code == CS_EXIT_FOUND)
        code = cs_load_settings(args, in.file.yaml ? &in.file : NULL, &in.settings);
    if (code == CS_EXIT_FOUND) {
        cs_ingest_merge_options(&in);
        cs_catch_signals();
        code = run(&in);
    }
    clipsearch_session_close(&in.session);
    clipsearch_encoder_close(&in.encoder);
    cs_settings_free(&in.settings);
    cs_ingest_file_close(&in.file);
    cs_bad_files_free(&in.bad);
    cs_free(in.direct);
    cs_path_list_free(&in.list);
    return code;
}
