/* SPDX-License-Identifier: MIT
 * milvus_attributes.h - attributes as they are stored on a Milvus server: an object without nulls. */
#ifndef CS_REMOTE_MILVUS_ATTRIBUTES_H
#define CS_REMOTE_MILVUS_ATTRIBUTES_H

#include "base/buf.h"
#include "base/error.h"

/* Append the attributes `text`, a JSON object, without members that are null, so that Milvus's `exists` means what
 * "is not null" means to us. A text without nulls and \u stays as it is, byte for byte. `path` is for messages.
 * CLIPSEARCH_E_ARGUMENT: it is no object. */
clipsearch_status cs_milvus_put_attributes(const char *text, const char *path, cs_buf *out, clipsearch_error *err);

/* Append the object `text` with the object `patch` merged into it (RFC 7396). CLIPSEARCH_E_ARGUMENT: the patch is no
 * object. */
clipsearch_status cs_milvus_merge_attributes(const char *text, const char *patch, cs_buf *out, clipsearch_error *err);

#endif
