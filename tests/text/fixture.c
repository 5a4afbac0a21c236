/* SPDX-License-Identifier: MIT
 * fixture.c - read lines of bytes in which "\n" stands for a line feed and "\\" for a backslash. */
#include "fixture.h"

#include "model/gzip.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

const char *fixture_path(const char *path)
{
    static char out[4096];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    snprintf(out, sizeof out, "%s/%s", root ? root : ".", path);
    return out;
}

bool fixture_open(fixture *f, const char *name)
{
    char path[256];
    clipsearch_error err = {0};
    snprintf(path, sizeof path, "tests/data/tokenizer/%s", name);
    *f = (fixture){.file = cs_buf_make(64 << 20), .line = cs_buf_make(64 << 20)};
    if (cs_gzip_read(fixture_path(path), &f->file, &err) == CLIPSEARCH_OK)
        return true;
    return TAP_OK(false, "%s is read: %s", name, err.message);
}

bool fixture_next(fixture *f)
{
    cs_buf_clear(&f->line);
    if (f->at >= f->file.len)
        return false;
    for (; f->at < f->file.len && f->file.data[f->at] != '\n'; f->at++) {
        char c = f->file.data[f->at];
        if (c == '\\' && f->at + 1 < f->file.len)
            c = f->file.data[++f->at] == 'n' ? '\n' : '\\';
        cs_buf_putc(&f->line, c);
    }
    f->at++;
    return !f->line.failed;
}

void fixture_close(fixture *f)
{
    cs_buf_free(&f->file);
    cs_buf_free(&f->line);
}
