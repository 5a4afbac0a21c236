/* SPDX-License-Identifier: MIT
 * hit_json.h - an item as the answers have it. */
#ifndef CS_SERVER_HIT_JSON_H
#define CS_SERVER_HIT_JSON_H

#include "base/buf.h"
#include "clipsearch.h"

/* Append the members of `hit` without the braces: id, path, score, relevance, width, height, size, mtime, copies, gone,
 * attributes. */
void cs_put_hit(cs_buf *out, const clipsearch_hit *hit);

#endif
