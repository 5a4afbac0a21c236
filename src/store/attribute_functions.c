/* SPDX-License-Identifier: MIT
 * attribute_functions.c - SQL functions that know which of an item's attributes its file states
 * (base/stored_attributes.h). */
#include "store/store_internal.h"

#include "base/stored_attributes.h"

#include <string.h>

static void return_text(sqlite3_context *context, cs_buf *text)
{
    if (text->failed)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text64(context, text->data, text->len, SQLITE_TRANSIENT, SQLITE_UTF8);
    cs_buf_free(text);
}

/* clipsearch_user(attributes): the user's of them. */
static void user_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const char *stored = (const char *)sqlite3_value_text(values[0]);
    cs_buf user = cs_buf_make(SIZE_MAX / 2);
    if (!stored)
        return;
    cs_put_user_attributes(stored, &user);
    return_text(context, &user);
}

/* clipsearch_join(user, attributes, without): the user's as given, and the file's of the attributes. */
static void join_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const char *user = (const char *)sqlite3_value_text(values[0]);
    const char *stored = (const char *)sqlite3_value_text(values[1]);
    const char *without = (const char *)sqlite3_value_text(values[2]);
    cs_buf joined = cs_buf_make(SIZE_MAX / 2);
    if (!user || !stored)
        return;
    if (cs_join_attributes(user, cs_file_attributes(stored), without, &joined, NULL) != CLIPSEARCH_OK)
        joined.failed = true;
    return_text(context, &joined);
}

int cs_attribute_functions_add(sqlite3 *db)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int code = sqlite3_create_function_v2(db, "clipsearch_user", 1, flags, NULL, user_of, NULL, NULL, NULL);
    return code == SQLITE_OK
               ? sqlite3_create_function_v2(db, "clipsearch_join", 3, flags, NULL, join_of, NULL, NULL, NULL)
               : code;
}
