/* SPDX-License-Identifier: MIT
 * file_gone.h - whether the file of an item is still there, and still the one that was stored. */
#ifndef CS_BASE_FILE_GONE_H
#define CS_BASE_FILE_GONE_H

#include "base/file.h"
#include "clipsearch.h"

/* What is at a path: a file; certainly none (nothing, or a directory or something else that is no file); that cannot be
 * found out. Links are followed. */
typedef enum cs_place { CS_PLACE_FILE, CS_PLACE_NO_FILE, CS_PLACE_UNKNOWN } cs_place;

/* `info` (may be NULL) receives what is known of a file, and is left alone where there is none. */
cs_place cs_look_at(const char *path, cs_file_info *info);

/* There is certainly no file at `path`. False also when that cannot be found out. */
bool cs_file_is_gone(const char *path);

/* Whether the file of a hit is gone: the last ingestion found it so, or it is not there now. An item whose path is not
 * absolute, or whose content is not known, may never have been a file: of such a one only the former counts. */
bool cs_hit_is_gone(const clipsearch_hit *hit);

/* The same where it is known what is at the hit's path. */
bool cs_hit_is_gone_from(const clipsearch_hit *hit, cs_place place);

/* Whether there is a file of another size or time than the one that was stored, so that nothing is known of its bytes.
 * False also when size and time were not stored, or the file cannot be looked at. */
bool cs_hit_has_changed(const clipsearch_hit *hit);

#endif
