/* SPDX-License-Identifier: MIT
 * item_json.h - what is known of an item as JSON. */
#ifndef CS_OUTPUT_ITEM_JSON_H
#define CS_OUTPUT_ITEM_JSON_H

#include "base/buf.h"

/* Append the string, or null for NULL; and with "\"key\":" before it. */
void cs_put_json_text(cs_buf *buf, const char *text);
void cs_put_member(cs_buf *buf, const char *key, const char *text);

/* Append "\"path\":" and a path; of one that is not UTF-8 also "path_b64", its bytes in base64 (RFC 4648). */
void cs_put_path(cs_buf *buf, const char *path);

/* Append an item's attributes, which are a JSON object already. A database that another program wrote could hold
 * something else, which must not make the whole output unreadable: then null is appended. */
void cs_put_attributes_json(cs_buf *buf, const char *attributes);

#endif
