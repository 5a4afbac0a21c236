/* SPDX-License-Identifier: MIT
 * readable.c - asks by the first bytes. */
#include "ingest/readable.h"

#include "encode/image_reader.h"

#include <string.h>

bool cs_source_leaves_out(const cs_source *source, const char *path, cs_file_kind *kind)
{
    *kind = cs_file_kind_of_name(path, NULL);
    if (source->given->files || source->include_count || strcmp(path, source->root) == 0)
        return false;
    if (*kind == CS_KIND_JPEG ||
        *kind == CS_KIND_PNG) /* every build reads these; what else is in them, the decoder says */
        return false;
    *kind = cs_file_kind_of_content(path, *kind);
    return cs_file_kind_is_image(*kind) && !cs_image_reader_reads(cs_file_kind_format(*kind));
}
