/* SPDX-License-Identifier: MIT
 * fuzz_multipart.c - any bytes as a form: the first line is its Content-Type. It is refused, or its fields lie in the
 * body, one behind the other; and a stored upload's name is harmless whatever the client's is. */
#include "server/multipart.h"
#include "server/upload_name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *given)
{
    static const uint8_t hash[32];
    char name[CS_UPLOAD_NAME];
    cs_upload_name(given, ".jpg", hash, 1, name);
    const size_t length = strlen(name);
    if (length < 20 || strchr(name, '/') || name[0] == '.' || strcmp(name + length - 4, ".jpg") != 0 ||
        name[strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-")])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cs_form form;
    clipsearch_error err;
    char type[512];
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    if (!line || line - data >= (ptrdiff_t)sizeof type)
        return 0;
    memcpy(type, data, (size_t)(line - data));
    type[line - data] = '\0';
    const size_t length = size - (size_t)(line - data) - 1;
    char *body = malloc(length ? length : 1); /* its own block: a sanitizer sees a byte too many */
    if (!body)
        return 0;
    memcpy(body, line + 1, length);
    if (cs_form_read(type, body, length, &form, &err) == CLIPSEARCH_OK) {
        const char *end = body;
        for (size_t i = 0; i < form.count; i++) {
            const cs_form_field *field = &form.fields[i];
            if (field->data < end || field->size > (size_t)(body + length - field->data) || !field->name[0] ||
                memchr(field->name, '\0', sizeof field->name) == NULL || cs_form_get(&form, field->name) > field)
                abort();
            end = field->data + field->size;
            check_name(field->file_name);
        }
    }
    free(body);
    return 0;
}
