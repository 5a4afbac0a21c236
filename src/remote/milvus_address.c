/* SPDX-License-Identifier: MIT
 * milvus_address.c - reads addresses like milvus://host:19530/photos. */
#include "remote/milvus_address.h"

#include "base/server_scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* [at, end) is HOST, HOST:PORT, [IPv6] or [IPv6]:PORT. */
static bool read_server(const char *at, const char *end, const char *port, cs_server_address *server)
{
    const bool bracket = at < end && *at == '[';
    const char *host = bracket ? at + 1 : at;
    const char *host_end = memchr(host, bracket ? ']' : ':', (size_t)(end - host));
    if (bracket && !host_end)
        return false;
    if (!host_end)
        host_end = end;
    const char *rest = bracket ? host_end + 1 : host_end;
    const size_t size = (size_t)(host_end - host);
    if (size == 0 || size >= sizeof server->host)
        return false;
    memcpy(server->host, host, size);
    server->host[size] = '\0';
    snprintf(server->port, sizeof server->port, "%s", port);
    if (rest == end)
        return true;
    const size_t digits = (size_t)(end - rest) - 1;
    if (*rest != ':' || digits == 0 || digits >= sizeof server->port || strspn(rest + 1, "0123456789") < digits)
        return false;
    memcpy(server->port, rest + 1, digits);
    server->port[digits] = '\0';
    const long number = strtol(server->port, NULL, 10);
    return number > 0 && number <= 65535;
}

/* Milvus's own rule for names. */
static bool is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const size_t n = strlen(text);
    return n > 0 && n < 256 && strchr(letters, text[0]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == n;
}

clipsearch_status cs_milvus_address_parse(const char *text, cs_milvus_address *address, clipsearch_error *err)
{
    const cs_server_scheme *scheme = cs_server_scheme_of(text);
    *address = (cs_milvus_address){0};
    if (!scheme)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s is no address of a Milvus database", text);
    const char *at = text + strlen(scheme->text), *end = at + strcspn(at, "/");
    if (memchr(at, '@', strlen(at)))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "the address of a database holds no user and password: they would show in lists of processes");
    if (strpbrk(at, "?# \t\n") || !read_server(at, end, scheme->port, &address->server))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: an address is %sHOST:PORT or %sHOST:PORT/DATABASE", text,
                       scheme->text, scheme->text);
    const char *name = *end ? end + 1 : "";
    if (*name && !is_name(name))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: the name of a Milvus database is letters, digits and _, not beginning with a digit", text);
    snprintf(address->database, sizeof address->database, "%s", name);
    address->server.tls = scheme->tls;
    snprintf(address->authority, sizeof address->authority, strchr(address->server.host, ':') ? "[%s]:%s" : "%s:%s",
             address->server.host, address->server.port);
    address->zilliz =
        ends_with(address->server.host, ".zillizcloud.com") || ends_with(address->server.host, ".cloud.zilliz.com.cn");
    return CLIPSEARCH_OK;
}
