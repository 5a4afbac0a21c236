/* SPDX-License-Identifier: MIT
 * shard.c - ingest --shard: one part of the files, so that several machines share the work. */
#include "cli/commands/shard.h"

#include "cli/command.h"
#include "config/yaml_keys.h"

#include <string.h>

int cs_read_shard(const cs_args *args, bool remodel, clipsearch_ingest_options *options)
{
    enum { MOST = 10000 };
    char first[16] = "";
    size_t shard, shards;
    if (!args->shard)
        return CS_EXIT_FOUND;
    if (args->prune)
        return cs_report_usage(CS_INGEST, "--shard and --prune exclude each other");
    if (args->watch)
        return cs_report_usage(CS_INGEST, "--shard and --watch exclude each other");
    if (args->remodel || remodel)
        return cs_report_usage(CS_INGEST,
                               "--shard and --remodel exclude each other: --remodel encodes all images of the "
                               "collection. Remodel the database of each part, and merge them into a new one");
    const char *slash = strchr(args->shard, '/');
    const size_t length = slash ? (size_t)(slash - args->shard) : 0;
    if (length && length < sizeof first)
        memcpy(first, args->shard, length);
    if (!slash || !cs_read_count(first, MOST, &shard) || !cs_read_count(slash + 1, MOST, &shards) || shard < 1 ||
        shard > shards)
        return cs_report_usage(CS_INGEST,
                               "--shard must be N/M, part N of M parts, with whole numbers from 1 to %d, not \"%s\"",
                               MOST, args->shard);
    options->shard = (unsigned)shard;
    options->shards = (unsigned)shards;
    return CS_EXIT_FOUND;
}
