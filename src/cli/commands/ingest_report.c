/* SPDX-License-Identifier: MIT
 * ingest_report.c - how an ingestion went, in words and as an exit status. */
#include "cli/commands/ingest_command.h"

#include "base/buf.h"
#include "cli/commands/ingest_group.h"
#include "cli/output/left_out.h"
#include "cli/output/message.h"
#include "cli/output/units.h"
#include "cli/signals.h"

#include <stdio.h>
#include <string.h>

/* "Left out: 3 HEIC (this build cannot read them), 12 videos" */
static void print_left_out(const cs_ingest_command *in, const clipsearch_ingest_report *report)
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

void cs_ingest_print_report(const cs_ingest_command *in, const clipsearch_ingest_report *report, FILE *out,
                            const char *before)
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
static void note_unmatched(const cs_ingest_command *in, const clipsearch_ingest_report *report)
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

static void print_nothing_found(const cs_ingest_command *in, const clipsearch_ingest_report *report)
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

bool cs_ingest_all_missing(const cs_ingest_command *in, const clipsearch_ingest_report *report)
{
    return report->missing_sources > 0 && report->missing_sources == in->options.source_count;
}

int cs_ingest_exit_code(const cs_ingest_command *in, clipsearch_status status, const clipsearch_ingest_report *report)
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

void cs_ingest_print_failure(const cs_ingest_command *in, const clipsearch_ingest_report *report,
                             const clipsearch_error *err)
{
    if (err->code == CLIPSEARCH_E_CANCELLED) {
        cs_ingest_print_report(in, report, stderr, "Interrupted. ");
        cs_print_advice("what was stored is kept", CS_ADVICE_RESUME, NULL, NULL);
    } else if (err->code == CLIPSEARCH_E_MISMATCH) {
        cs_print_advice(err->message, in->other_model ? CS_ADVICE_REMODEL : CS_ADVICE_OTHER_COLLECTION, &in->settings,
                        in->settings.model ? in->settings.model : in->model_name);
    } else {
        if (!cs_ingest_all_missing(in, report))
            cs_print_message("%s", err->message);
        if (report->inserted + report->replaced)
            cs_ingest_print_report(in, report, stderr, "Before that: ");
    }
}

void cs_ingest_print_success(const cs_ingest_command *in, const clipsearch_ingest_report *report)
{
    if (in->sum)
        cs_add_report(in->sum, report, &(clipsearch_error){.code = CLIPSEARCH_OK});
    else if (!in->args->quiet && (!in->only_changes || has_changed(report)))
        cs_ingest_print_report(in, report, stdout, "");
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
