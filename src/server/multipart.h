/* SPDX-License-Identifier: MIT
 * multipart.h - a strict reader of multipart/form-data (RFC 7578) that is in memory as a whole. */
#ifndef CS_SERVER_MULTIPART_H
#define CS_SERVER_MULTIPART_H

#include "base/error.h"

#include <stddef.h>

enum { CS_MULTIPART_FIELDS = 64, CS_MULTIPART_NAME = 128, CS_MULTIPART_FILE_NAME = 256 };

/* A field. `data` points into the body. */
typedef struct cs_form_field {
    char name[CS_MULTIPART_NAME];
    char file_name[CS_MULTIPART_FILE_NAME]; /* as the client says, which must not become a path; "": none */
    const char *data;                       /* [size], not NUL-terminated */
    size_t size;
} cs_form_field;

typedef struct cs_form {
    cs_form_field fields[CS_MULTIPART_FIELDS];
    size_t count;
} cs_form;

/* Read `body` [size], whose Content-Type is `type`. Refused: no boundary or one longer than 70 characters, a body that
 * does not begin and end with it, a part without a name, a line of a part's head that is longer than 1,000 bytes or
 * folded, a transfer encoding, more than CS_MULTIPART_FIELDS parts. Errors: CLIPSEARCH_E_FORMAT, _LIMIT. */
clipsearch_status cs_form_read(const char *type, const char *body, size_t size, cs_form *form, clipsearch_error *err);

/* The first field `name`; NULL: there is none. */
const cs_form_field *cs_form_get(const cs_form *form, const char *name);

#endif
