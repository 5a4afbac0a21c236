/* SPDX-License-Identifier: MIT
 * run.h - one ingestion: what its parts share. */
#ifndef CS_INGEST_RUN_H
#define CS_INGEST_RUN_H

#include "ingest/batch.h"
#include "ingest/contents.h"
#include "ingest/ingest.h"
#include "ingest/moves.h"
#include "ingest/pipeline.h"
#include "ingest/remembered.h"
#include "ingest/sources.h"
#include "ingest/stored_files.h"

/* What is remembered of a file while it is in the pipeline. */
typedef struct cs_pending_file {
    const cs_found_file *found;
    bool read;    /* false: its content is as stored, or the walk found it bad */
    bool stored;  /* the collection has an item with its path: the following is that item's */
    bool returns; /* it was known to be gone */
    int64_t id;
    uint8_t hash[32];
    uint32_t width, height;
    bool attributes_given;  /* the source has attributes */
    bool attributes_differ; /* not read: from those of the item */
    cs_buf attributes;      /* those of the user when `read`, else all that is to be stored */
    cs_buf before;          /* what the item has */
} cs_pending_file;

typedef struct cs_ingest_run {
    cs_target target;
    clipsearch_session *session;
    const clipsearch_ingest_options *options;
    clipsearch_ingest_report *report;
    clipsearch_error *err;
    cs_retries retries;
    cs_sources sources;
    cs_remembered remembered; /* sources that the collection remembered before this run */
    bool sources_written;     /* those of this run are remembered too */
    size_t next_file;         /* the next of sources.files to be submitted */
    cs_stored_files stored;   /* items with the paths of the next files */
    cs_content_keys known;    /* contents of the collection when the pipeline was opened */
    cs_contents contents;     /* items with the contents of files that are done; as of the last commit */
    cs_pipeline *pipeline;    /* NULL until a file has to be read */
    cs_pending_file *pending; /* [capacity]: what is in the pipeline, in a ring */
    size_t capacity;
    uint64_t submitted, finished; /* count what went into the ring and came out */
    cs_batch batch;
    cs_buf attributes, before, joined; /* of the file that is being looked at */
    uint32_t metadata;                 /* the fields of the files' metadata that are stored */
    cs_moves moves;                    /* items of contents that several items have */
    cs_id_list moved; /* items that get another path in this batch, or in this run if it is a dry run */
    double started;   /* by cs_clock_ms */
    double asked;     /* when the caller was asked last while a server was waited for */
    double walk_seconds;
    clipsearch_progress progress;
    clipsearch_source_progress *by_source; /* [options->source_count] */
    cs_lock_file *lock;                    /* no other ingestion into the collection runs */
    uint64_t bad_directories;              /* counted as skipped, but no files */
    cs_content_set would_store;            /* of a dry run: what earlier batches of a run would have stored, */
    cs_id_list would_change;               /* and the items that would have another content than the stored one */
    clipsearch_error source_error;         /* of the last source that cannot be read */
    bool cancelled, stopped;
    clipsearch_error stop_error; /* of the bad file that stopped us */
} cs_ingest_run;

/* Seconds since the run began. */
double cs_run_seconds(const cs_ingest_run *in);
/* Bring the counts of in->progress up to date and call the caller's progress; sets in->cancelled when that says so.
 * `path`: the file that was looked at last. */
void cs_run_report_progress(cs_ingest_run *in, const char *path);

/* Compare the next file with what the collection has; submit it to the pipeline, which has room or is not opened,
 * unless they agree. Errors: those of the look-ups, CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_run_submit_next_file(cs_ingest_run *in);

/* Go through all files: keep the pipeline filled, turn each file that comes out of it into a change, commit the changes
 * in batches. Ends early, with CLIPSEARCH_OK, when in->cancelled or in->stopped is set. */
clipsearch_status cs_run_process_files(cs_ingest_run *in);

/* Write the collection's index file if that is due. The images are stored by now: that it cannot be written is noted,
 * and is no failure. */
clipsearch_status cs_run_write_index_if_due(cs_ingest_run *in);

#endif
