/* SPDX-License-Identifier: MIT
 * server_access.c - a server's token is read from its file. */
#include "config/server_access.h"

#include "base/buf.h"
#include "base/environment.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TOKEN = 16 << 10 };

static const char TOKEN[] = "CLIPSEARCH_MILVUS_TOKEN";

static clipsearch_status set(const char *name, const char *value, clipsearch_error *err)
{
    return setenv(name, value, 1) == 0 ? CLIPSEARCH_OK : cs_fail_memory(err, "the environment");
}

clipsearch_status cs_server_access_read_token(const char *path, clipsearch_error *err)
{
    if (cs_variable(TOKEN))
        return CLIPSEARCH_OK;
    cs_buf token = cs_buf_make(MAX_TOKEN);
    clipsearch_status status = cs_file_read(path, &token, NULL, err);
    if (status == CLIPSEARCH_OK) {
        size_t size = token.data ? strcspn(token.data, "\r\n") : 0;
        if (size == 0 || strspn(token.data + size, "\r\n") != token.len - size)
            status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: a token's file is one line: user:password or an API key",
                             path);
        else
            token.data[size] = '\0';
    }
    if (status == CLIPSEARCH_OK)
        status = set(TOKEN, token.data, err);
    cs_buf_free(&token);
    return status;
}

clipsearch_status cs_server_access_set(const char *ca, const char *consistency, clipsearch_error *err)
{
    clipsearch_status status = ca ? set("CLIPSEARCH_MILVUS_CA", ca, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && consistency)
        status = set("CLIPSEARCH_MILVUS_CONSISTENCY", consistency, err);
    return status;
}
