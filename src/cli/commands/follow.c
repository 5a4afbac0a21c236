/* SPDX-License-Identifier: MIT
 * follow.c - the loop of --watch. */
#include "cli/commands/follow.h"

#include "base/mem.h"
#include "cli/signals.h"

#include <stdio.h>

static bool go_on(void *context)
{
    (void)context;
    return cs_caught_signal() == 0;
}

static void pass_note(void *context, const char *line)
{
    const cs_follow *follow = context;
    follow->say(follow->context, line);
}

/* After these the sources are followed all the same: something was bad or missing, which may change. */
static bool may_go_on(int code)
{
    return code == CS_EXIT_FOUND || code == CS_EXIT_NOTHING || code == CS_EXIT_FILE;
}

/* Read the sources of which changed files were ingested as a whole. `changed` and `numbers` have room for them. */
static int ingest_whole(const cs_follow *follow, const clipsearch_change *changes, size_t count,
                        clipsearch_source *changed, size_t *numbers)
{
    size_t whole = 0;
    bool copied = false;
    for (size_t i = 0; i < count; i++) {
        if (!changes[i].files)
            continue;
        numbers[whole] = changes[i].source;
        changed[whole++] = follow->sources[changes[i].source];
    }
    return whole ? follow->ingest(follow->context, changed, numbers, whole, false, &copied) : CS_EXIT_FOUND;
}

static int ingest_changes(const cs_follow *follow, const clipsearch_change *changes, size_t count)
{
    clipsearch_source *changed = cs_alloc_array(count, sizeof *changed);
    size_t *numbers = cs_alloc_array(count, sizeof *numbers);
    int code = CS_EXIT_INTERNAL;
    bool copied = false;
    if (changed && numbers) {
        for (size_t i = 0; i < count; i++) {
            numbers[i] = changes[i].source;
            changed[i] = follow->sources[changes[i].source];
            changed[i].files = changes[i].files;
            changed[i].file_count = changes[i].file_count;
        }
        code = follow->ingest(follow->context, changed, numbers, count, false, &copied);
        if (copied && may_go_on(code)) /* a file that was renamed onto another one is gone from its own place */
            code = ingest_whole(follow, changes, count, changed, numbers);
    } else {
        cs_report_memory();
    }
    cs_free(changed);
    cs_free(numbers);
    return code;
}

static int follow_changes(const cs_follow *follow, clipsearch_watch *watch)
{
    for (;;) {
        clipsearch_error err;
        const clipsearch_change *changes;
        size_t count;
        fflush(stdout); /* whoever reads it should not have to wait for the next change */
        clipsearch_status status = clipsearch_watch_wait(watch, &changes, &count, &err);
        if (status == CLIPSEARCH_E_CANCELLED)
            return CS_EXIT_FOUND;
        if (status != CLIPSEARCH_OK)
            return cs_report_error(&err, CS_STAGE_INPUT);
        const int code = ingest_changes(follow, changes, count);
        if (!may_go_on(code))
            return code;
    }
}

int cs_follow_sources(const cs_follow *follow)
{
    clipsearch_error err;
    clipsearch_watch *watch;
    clipsearch_watch_options options;
    cs_follow own = *follow;
    clipsearch_watch_options_init(&options);
    options.go_on = go_on;
    options.note = follow->say ? pass_note : NULL;
    options.context = &own;
    if (follow->scan > 0)
        options.scan = follow->scan;
    if (clipsearch_watch_open(follow->sources, follow->source_count, &options, &watch, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    size_t *numbers = cs_alloc_array(follow->source_count, sizeof *numbers);
    int code = numbers ? CS_EXIT_FOUND : cs_report_memory();
    bool copied = false;
    for (size_t i = 0; numbers && i < follow->source_count; i++)
        numbers[i] = i;
    if (numbers)
        code = follow->ingest(follow->context, follow->sources, numbers, follow->source_count, true, &copied);
    if (may_go_on(code)) {
        if (follow->say)
            follow->say(follow->context, "watching for changes; Ctrl-C ends this");
        code = follow_changes(follow, watch);
    }
    cs_free(numbers);
    clipsearch_watch_close(&watch);
    return code;
}
