/* SPDX-License-Identifier: MIT
 * guard.c - tokens, hosts and origins. */
#include "server/guard.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define COOKIE "clipsearch_token"

enum { TOKEN_FILE_MAX = 4096, RANDOM_BYTES = 16 };

static bool is_token_letter(char c)
{
    return c > ' ' && c < 127 && !strchr(",;\"\\", c);
}

clipsearch_status cs_guard_read_token(cs_guard *guard, const char *path, clipsearch_error *err)
{
    cs_buf text = cs_buf_make(TOKEN_FILE_MAX);
    clipsearch_status status = cs_file_read(path, &text, NULL, err);
    size_t length = 0;
    if (status == CLIPSEARCH_OK) {
        while (length < text.len && is_token_letter(text.data[length]))
            length++;
        if (length < CS_TOKEN_MIN || length > CS_TOKEN_MAX || (length < text.len && !strchr("\r\n", text.data[length])))
            status = cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                             "%s: the first line should be a token of %d to %d letters, digits and signs without "
                             "space, comma, semicolon, quote and backslash",
                             path, (int)CS_TOKEN_MIN, (int)CS_TOKEN_MAX);
    }
    if (status == CLIPSEARCH_OK)
        snprintf(guard->token, sizeof guard->token, "%.*s", (int)length, text.data);
    cs_buf_free(&text);
    return status;
}

clipsearch_status cs_guard_make_token(cs_guard *guard, clipsearch_error *err)
{
    uint8_t bytes[RANDOM_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "the system has no random numbers for a token");
    cs_digest_hex(bytes, sizeof bytes, guard->token);
    return CLIPSEARCH_OK;
}

void cs_guard_free(cs_guard *guard)
{
    for (size_t i = 0; i < guard->name_count; i++)
        cs_free(guard->names[i]);
    cs_free(guard->names);
    *guard = (cs_guard){.names = NULL};
}

/* Whether the `length` letters at `host` are `name`, or `name` and the ending `more`. */
static bool is_name(const char *host, size_t length, const char *name, const char *more)
{
    const size_t first = strlen(name), rest = strlen(more);
    return first && length == first + rest && strncasecmp(host, name, first) == 0 &&
           strncasecmp(host + first, more, rest) == 0;
}

static bool is_number(const char *host, size_t length)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    const bool six = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (six) {
        host++;
        length -= 2;
    }
    if (length >= sizeof text)
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    return inet_pton(six ? AF_INET6 : AF_INET, text, address) == 1;
}

bool cs_guard_knows_host(const cs_guard *guard, const char *host)
{
    if (!host)
        return true;
    const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
    const size_t length = end ? (size_t)(end - host) + 1 : strcspn(host, ":");
    if (host[length] && host[length] != ':')
        return false;
    if (is_number(host, length) || is_name(host, length, "localhost", "") ||
        is_name(host, length, guard->machine, "") || is_name(host, length, guard->machine, ".local"))
        return true;
    for (size_t i = 0; i < guard->name_count; i++)
        if (is_name(host, length, guard->names[i], ""))
            return true;
    return false;
}

bool cs_guard_is_same_site(const cs_guard *guard, const cs_request_origin *from)
{
    (void)guard;
    if (from->fetch_site && strcmp(from->fetch_site, "same-origin") != 0 && strcmp(from->fetch_site, "none") != 0)
        return false;
    if (!from->origin)
        return true;
    /* the scheme is not compared: a proxy in front may speak TLS for us */
    const char *host = strstr(from->origin, "://");
    return host && from->host && strcasecmp(host + 3, from->host) == 0;
}

bool cs_guard_is_token(const cs_guard *guard, const char *token)
{
    uint8_t own[CS_SHA256_BYTES], given[CS_SHA256_BYTES];
    volatile uint8_t differ = 0;
    if (!token || cs_digest_of(CS_SHA256, guard->token, strlen(guard->token), own, NULL) != CLIPSEARCH_OK ||
        cs_digest_of(CS_SHA256, token, strlen(token), given, NULL) != CLIPSEARCH_OK)
        return false;
    for (size_t i = 0; i < sizeof own; i++)
        differ = (uint8_t)(differ | (own[i] ^ given[i]));
    return guard->token[0] && !differ;
}

/* Copy the value of our cookie; false: there is none. */
static bool read_cookie(const char *cookies, char token[CS_TOKEN_MAX + 1])
{
    const size_t name = strlen(COOKIE);
    for (const char *at = cookies; at && *at; at = strchr(at, ';')) {
        at += strspn(at, "; ");
        if (strncmp(at, COOKIE, name) != 0 || at[name] != '=')
            continue;
        const size_t length = strcspn(at + name + 1, ";");
        if (length > CS_TOKEN_MAX)
            return false;
        memcpy(token, at + name + 1, length);
        token[length] = '\0';
        return true;
    }
    return false;
}

bool cs_guard_admits(const cs_guard *guard, const cs_request_origin *from)
{
    static const char bearer[] = "Bearer ";
    char token[CS_TOKEN_MAX + 1];
    if (!guard->token[0])
        return true;
    if (from->authorization && strncasecmp(from->authorization, bearer, strlen(bearer)) == 0)
        return cs_guard_is_token(guard, from->authorization + strlen(bearer));
    return read_cookie(from->cookie, token) && cs_guard_is_token(guard, token);
}

void cs_guard_cookie(const cs_guard *guard, char *cookie, size_t size)
{
    snprintf(cookie, size, COOKIE "=%s; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict%s", guard->token,
             guard->is_tls ? "; Secure" : "");
}
