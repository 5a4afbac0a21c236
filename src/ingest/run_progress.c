/* SPDX-License-Identifier: MIT
 * run_progress.c - how far an ingestion is, as its caller is told. */
#include "ingest/run.h"

#include "base/clock.h"

double cs_run_seconds(const cs_ingest_run *in)
{
    return (cs_clock_ms() - in->started) / 1e3;
}

void cs_run_report_progress(cs_ingest_run *in, const char *path)
{
    const clipsearch_ingest_report *r = in->report;
    clipsearch_progress *p = &in->progress;
    p->stored = r->inserted + r->replaced;
    p->done = p->stored + r->unchanged + r->moved + r->copied + r->updated + r->skipped - in->bad_directories;
    p->unchanged = r->unchanged;
    p->skipped = r->skipped;
    p->path = path;
    if (!in->options->progress || in->cancelled)
        return;
    p->seconds = cs_run_seconds(in);
    p->encode_seconds = p->walking_done ? p->seconds - in->walk_seconds : 0;
    in->cancelled = !in->options->progress(in->options->context, p);
}
