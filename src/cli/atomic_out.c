/* SPDX-License-Identifier: MIT
 * atomic_out.c - a stream into a file that is renamed into place. */
#include "cli/atomic_out.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void forget(cs_out *out)
{
    cs_free(out->path);
    cs_free(out->temporary);
    *out = (cs_out){0};
}

clipsearch_status cs_out_open(const char *path, cs_out *out, clipsearch_error *err)
{
    *out = (cs_out){0};
    if (!path || strcmp(path, "-") == 0) {
        out->stream = stdout;
        return CLIPSEARCH_OK;
    }
    cs_buf name = cs_buf_make(1 << 16);
    cs_buf_printf(&name, "%s.XXXXXX", path);
    out->temporary = cs_buf_take(&name);
    out->path = cs_strdup(path);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!out->path || !out->temporary) {
        status = cs_fail_memory(err, path);
        goto done;
    }
    int fd = mkstemp(out->temporary);
    if (fd < 0) {
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot make a file beside it", path);
        goto done;
    }
    mode_t mask = umask(0); /* mkstemp gives 0600; a result should be what the user's umask says */
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
    out->stream = fdopen(fd, "wb");
    if (!out->stream) {
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
        close(fd);
        unlink(out->temporary);
    }
done:
    if (status != CLIPSEARCH_OK)
        forget(out);
    return status;
}

clipsearch_status cs_out_finish(cs_out *out, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (!out->path) {
        *out = (cs_out){0};
        return CLIPSEARCH_OK;
    }
    bool written = !ferror(out->stream) && fflush(out->stream) == 0 && fsync(fileno(out->stream)) == 0;
    int why = errno;
    if (fclose(out->stream) != 0 || !written)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, why, "%s: cannot write", out->path);
    else if (rename(out->temporary, out->path) != 0)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot put the new file in place", out->path);
    if (status != CLIPSEARCH_OK)
        unlink(out->temporary);
    forget(out);
    return status;
}

void cs_out_drop(cs_out *out)
{
    if (out->path && out->stream) {
        fclose(out->stream);
        unlink(out->temporary);
    }
    forget(out);
}
