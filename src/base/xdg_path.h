/* SPDX-License-Identifier: MIT
 * xdg_path.h - where a user's files are, by the XDG base directories. */
#ifndef CS_BASE_XDG_PATH_H
#define CS_BASE_XDG_PATH_H

#include "base/buf.h"

/* Append $`variable`/clipsearch/`rest`, or with the variable unset or relative, ~/`fallback`/clipsearch/`rest`. False,
 * and nothing is appended, when neither HOME nor the variable is set. */
bool cs_put_xdg_path(cs_buf *buf, const char *variable, const char *fallback, const char *rest);

/* The same as a string; NULL also when memory runs out. cs_free it. */
char *cs_xdg_path(const char *variable, const char *fallback, const char *rest);

#endif
