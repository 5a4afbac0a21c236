/* SPDX-License-Identifier: MIT
 * ingest_group.c - reports added up, and what is said about files that are gone. */
#include "cli/commands/ingest_group.h"

#include "cli/advice.h"
#include "cli/output/message.h"
#include "cli/output/units.h"

void cs_add_report(clipsearch_ingest_report *sum, const clipsearch_ingest_report *report)
{
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
    sum->gone += report->gone;
    sum->newly_gone += report->newly_gone;
    sum->returned += report->returned;
    sum->kept += report->kept;
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
