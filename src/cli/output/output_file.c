/* SPDX-License-Identifier: MIT
 * output_file.c - a stream to a file that is renamed into place. */
#include "cli/output/output_file.h"

#include "cli/output/write_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

clipsearch_status cs_output_file_open(const char *path, cs_output_file *out, clipsearch_error *err)
{
    *out = (cs_output_file){.stream = stdout};
    if (!path || strcmp(path, "-") == 0)
        return CLIPSEARCH_OK;
    out->stream = NULL;
    clipsearch_status status = cs_replacement_open(path, &out->file, err);
    if (status != CLIPSEARCH_OK)
        return status;
    /* a copy of the descriptor: closing the stream must leave the replacement's own open for its commit */
    int fd = fcntl(out->file.fd, F_DUPFD_CLOEXEC, 0);
    out->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!out->stream) {
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
        if (fd >= 0)
            close(fd);
        cs_replacement_drop(&out->file);
    }
    return status;
}

clipsearch_status cs_output_file_commit(cs_output_file *out, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (out->file.path) {
        int why;
        const bool written = cs_flush_out(out->stream, &why);
        if (fclose(out->stream) != 0 || !written) {
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, why ? why : EIO, "%s: cannot write", out->file.path);
            cs_replacement_drop(&out->file);
        } else {
            status = cs_replacement_commit(&out->file, err);
        }
    }
    *out = (cs_output_file){0};
    return status;
}

void cs_output_file_discard(cs_output_file *out)
{
    if (out->file.path && out->stream) {
        fclose(out->stream);
        cs_replacement_drop(&out->file);
    }
    *out = (cs_output_file){0};
}
