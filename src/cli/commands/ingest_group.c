/* SPDX-License-Identifier: MIT
 * ingest_group.c - one ingestion of several, and their reports added up. */
#include "cli/commands/ingest_group.h"

#include "cli/advice.h"
#include "cli/commands/ingest_command.h"
#include "cli/output/message.h"
#include "cli/output/units.h"

#include <string.h>

/* Add the counts of the kinds that were left out. */
static void add_kinds(clipsearch_ingest_report *sum, const clipsearch_ingest_report *report)
{
    for (size_t i = 0; i < report->kind_count; i++) {
        const clipsearch_kind_count *kind = &report->kinds[i];
        size_t at = 0;
        while (at < sum->kind_count && strcmp(sum->kinds[at].kind, kind->kind) != 0)
            at++;
        if (at < sum->kind_count)
            sum->kinds[at].files += kind->files;
        else if (at < CLIPSEARCH_MAX_KINDS)
            sum->kinds[sum->kind_count++] = *kind;
    }
}

void cs_add_report(cs_group_sum *all, const clipsearch_ingest_report *report, const clipsearch_error *err)
{
    clipsearch_ingest_report *sum = &all->report;
    sum->found += report->found;
    sum->inserted += report->inserted;
    sum->replaced += report->replaced;
    sum->unchanged += report->unchanged;
    sum->moved += report->moved;
    sum->copied += report->copied;
    sum->updated += report->updated;
    sum->skipped += report->skipped;
    sum->unreadable += report->unreadable;
    sum->pruned += report->pruned;
    sum->seconds += report->seconds;
    sum->indexed |= report->indexed;
    sum->missing_sources += report->missing_sources;
    sum->left_out += report->left_out;
    sum->hidden += report->hidden;
    sum->gone += report->gone;
    sum->newly_gone += report->newly_gone;
    sum->returned += report->returned;
    sum->kept += report->kept;
    add_kinds(sum, report);
    all->ended++;
    if (err->code != CLIPSEARCH_OK && all->error.code == CLIPSEARCH_OK)
        all->error = *err;
}

void cs_note_gone(const cs_args *args, const clipsearch_ingest_report *report)
{
    char count[27];
    if (report->kept && args->prune)
        cs_print_advice("not all was pruned", CS_ADVICE_FORCE, NULL, NULL);
    else if (report->newly_gone && !args->quiet && !args->dry_run)
        cs_print_message(
            "%s image%s gone from the disk; searches leave %s out (--gone shows %s), and --prune removes %s",
            cs_format_count(report->newly_gone, count), report->newly_gone == 1 ? " is" : "s are",
            report->newly_gone == 1 ? "it" : "them", report->newly_gone == 1 ? "it" : "them",
            report->newly_gone == 1 ? "it" : "them");
}

void cs_print_sum(const cs_args *args, const char *collection, const cs_group_sum *sum, int code)
{
    const cs_ingest_command in = {.args = args, .settings.collection = collection, .options.dry_run = args->dry_run};
    if (cs_ingest_is_progress(&in, "json")) {
        const bool ended_well = code == CS_EXIT_FOUND || code == CS_EXIT_NOTHING || code == CS_EXIT_FILE;
        const clipsearch_status status =
            ended_well || sum->error.code != CLIPSEARCH_OK ? sum->error.code : CLIPSEARCH_E_IO;
        cs_progress_json_end(collection, &sum->report, status, code, sum->error.message[0] ? sum->error.message : NULL);
        return;
    }
    if (!args->quiet)
        cs_ingest_print_report(&in, &sum->report, stdout, "");
    cs_note_gone(args, &sum->report);
}

int cs_ingest_group(const cs_args *args, const cs_settings *settings, const cs_source_group *group, cs_group_sum *sum)
{
    cs_ingest_command in;
    cs_ingest_begin(&in, args);
    in.settings = *settings; /* the caller's strings */
    in.sum = sum;
    if (group->file)
        in.file = *group->file;
    if (in.file.remodel && in.settings.model_from > CS_FROM_INGEST_FILE) { /* else the collection says which model */
        in.settings.model = in.file.model;
        in.settings.model_from = CS_FROM_INGEST_FILE;
        in.settings.model_place = (cs_yaml_place){.yaml = in.file.yaml, .node = in.file.model_node};
    }
    cs_ingest_merge_options(&in);
    in.options.sources = group->sources;
    in.options.source_count = group->count;
    in.options.list = group->list;
    in.options.remember = !group->part;
    if (!group->file) {
        in.image = *group->image;
        if (in.settings.decode_from == CS_FROM_FLAG)
            in.image.decode = in.settings.decode;
        in.options.metadata = group->metadata;
    }
    bool go_on;
    const int remodelled = cs_ingest_remodel(&in, true, &go_on);
    int code = go_on ? cs_ingest_prepare(&in) : remodelled;
    if (go_on && code == CS_EXIT_FOUND)
        code = cs_ingest_images(&in);
    if (code == CS_EXIT_FOUND)
        code = remodelled;
    clipsearch_session_close(&in.session);
    clipsearch_encoder_close(&in.encoder);
    cs_bad_files_free(&in.bad);
    return code;
}
