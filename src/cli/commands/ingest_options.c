/* SPDX-License-Identifier: MIT
 * ingest_options.c - the options of an ingestion: flags before the YAML file before defaults. */
#include "cli/commands/ingest_command.h"

#include "cli/image_flags.h"

#include <string.h>

/* 0: not given. */
static void merge_index_options(cs_ingest_command *in)
{
    const cs_args *args = in->args;
    if (in->file.yaml)
        in->index = in->file.index;
    if (args->codes)
        in->index.codes = cs_codes_values[cs_name_index(args->codes, cs_codes_names)];
    if (args->m.given)
        in->index.m = (unsigned)args->m.value;
    if (args->ef_construction.given)
        in->index.ef_construction = (unsigned)args->ef_construction.value;
    if (args->ef.given)
        in->index.ef = (unsigned)args->ef.value;
}

void cs_ingest_merge_options(cs_ingest_command *in)
{
    const cs_args *args = in->args;
    const cs_ingest_file *file = &in->file;
    if (args->batch.given || file->has_batch)
        in->options.batch = args->batch.given ? args->batch.value : file->batch;
    in->on_bad = args->on_bad       ? (cs_on_bad)cs_name_index(args->on_bad, cs_on_bad_names)
                 : file->has_on_bad ? file->on_bad
                                    : CS_ON_BAD_REPORT;
    in->options.on_bad = in->on_bad == CS_ON_BAD_STOP ? CLIPSEARCH_STOP_AT_BAD : CLIPSEARCH_SKIP_BAD;
    if (file->max_pixels)
        in->image.max_pixels = file->max_pixels;
    if (file->max_bytes)
        in->image.max_bytes = file->max_bytes;
    cs_apply_image_flags(args, &in->image);
    const bool decode_given = in->settings.decode_from == CS_FROM_FLAG;
    in->image.decode = file->decode && !decode_given ? (clipsearch_decode)cs_name_index(file->decode, cs_decode_names)
                                                     : in->settings.decode;
    if (args->exif || file->has_exif) {
        const cs_exif_choice *exif = args->exif ? &in->exif : &file->exif;
        in->image.ignore_exif = exif->ignore_orientation;
        in->options.metadata = exif->metadata;
    }
    in->metric_given = args->metric || file->has_metric;
    if (in->metric_given)
        in->target.metric =
            args->metric ? (clipsearch_metric)cs_name_index(args->metric, cs_metric_names) : file->metric;
    merge_index_options(in);
    in->options.prune = args->prune || file->prune;
    in->options.force_prune = args->prune && strcmp(args->prune, "force") == 0;
    in->options.rescan = args->rescan;
    in->options.remember = !args->shard; /* `update` would ingest all of it */
    in->options.dry_run = args->dry_run;
    in->options.threads = (unsigned)in->settings.threads;
}
