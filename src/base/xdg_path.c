/* SPDX-License-Identifier: MIT
 * xdg_path.c - where a user's files are, by the XDG base directories. */
#include "base/xdg_path.h"

#include <stdlib.h>

bool cs_put_xdg_path(cs_buf *buf, const char *variable, const char *fallback, const char *rest)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    if (base && base[0] == '/')
        cs_buf_printf(buf, "%s/clipsearch/%s", base, rest);
    else if (home && home[0])
        cs_buf_printf(buf, "%s/%s/clipsearch/%s", home, fallback, rest);
    else
        return false;
    return true;
}

char *cs_xdg_path(const char *variable, const char *fallback, const char *rest)
{
    cs_buf path = cs_buf_make(1 << 16);
    return cs_put_xdg_path(&path, variable, fallback, rest) ? cs_buf_detach(&path) : NULL;
}
