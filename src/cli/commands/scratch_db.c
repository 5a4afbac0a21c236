/* SPDX-License-Identifier: MIT
 * scratch_db.c - a directory for a temporary database. */
#include "cli/commands/scratch_db.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

clipsearch_status cs_scratch_db_make(cs_scratch_db *scratch, clipsearch_error *err)
{
    const char *below = getenv("TMPDIR");
    *scratch = (cs_scratch_db){0};
    char *directory = cs_path_join(below && below[0] == '/' ? below : "/tmp", "clipsearch-XXXXXX");
    if (!directory)
        return cs_fail_memory(err, "a dry run");
    if (!mkdtemp(directory)) {
        clipsearch_status status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot make a directory", directory);
        cs_free(directory);
        return status;
    }
    scratch->directory = directory;
    scratch->path = cs_path_join(directory, "dry-run.db");
    if (scratch->path)
        return CLIPSEARCH_OK;
    cs_scratch_db_remove(scratch);
    return cs_fail_memory(err, "a dry run");
}

void cs_scratch_db_remove(cs_scratch_db *scratch)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; scratch->path && i < sizeof endings / sizeof *endings; i++) {
        cs_buf name = cs_buf_make(1 << 16);
        if (cs_buf_printf(&name, "%s%s", scratch->path, endings[i]))
            unlink(name.data);
        cs_buf_free(&name);
    }
    if (scratch->directory)
        rmdir(scratch->directory);
    cs_free(scratch->directory);
    cs_free(scratch->path);
    *scratch = (cs_scratch_db){0};
}
