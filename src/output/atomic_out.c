/* SPDX-License-Identifier: MIT
 * atomic_out.c - a stream into a file that is renamed into place. */
#include "output/atomic_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

clipsearch_status cs_out_open(const char *path, cs_out *out, clipsearch_error *err)
{
    *out = (cs_out){.stream = stdout};
    if (!path || strcmp(path, "-") == 0)
        return CLIPSEARCH_OK;
    out->stream = NULL;
    clipsearch_status status = cs_replacement_open(path, &out->file, err);
    if (status != CLIPSEARCH_OK)
        return status;
    /* a descriptor of the stream's own: closing the stream must leave the replacement's for its commit */
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

clipsearch_status cs_out_finish(cs_out *out, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (out->file.path) {
        bool written = !ferror(out->stream) && fflush(out->stream) == 0;
        int why = errno;
        if (fclose(out->stream) != 0 || !written) {
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, why, "%s: cannot write", out->file.path);
            cs_replacement_drop(&out->file);
        } else {
            status = cs_replacement_commit(&out->file, err);
        }
    }
    *out = (cs_out){0};
    return status;
}

void cs_out_drop(cs_out *out)
{
    if (out->file.path && out->stream) {
        fclose(out->stream);
        cs_replacement_drop(&out->file);
    }
    *out = (cs_out){0};
}
