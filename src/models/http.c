/* SPDX-License-Identifier: MIT
 * http.c - GET with libcurl, the one file that includes it. It is loaded when it is first needed: with the libraries
 * that it needs itself that takes 3 ms, a fifth of a query. */
#include "models/http.h"

#include "base/clock.h"
#include "base/symbol.h"

#define CURL_DISABLE_TYPECHECK /* its macros do not know pointers to functions */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
    MAX_REDIRECTS = 10,
    MIN_SPEED = 100 /* bytes a second; a slower transfer counts as stalled */
};

/* A GET in progress. */
struct transfer {
    const cs_http_request *request;
    cs_http_reply *reply;
    CURL *curl;
    double started, heard; /* ms, at the start and when the last bytes arrived */
    bool begun, stopped, stalled, late, refused;
};

#define FUNCTIONS(F)                                                                                                   \
    F(curl_easy_cleanup)                                                                                               \
    F(curl_easy_getinfo)                                                                                               \
    F(curl_easy_init)                                                                                                  \
    F(curl_easy_perform)                                                                                               \
    F(curl_easy_setopt)                                                                                                \
    F(curl_easy_strerror)                                                                                              \
    F(curl_global_cleanup)                                                                                             \
    F(curl_global_init)                                                                                                \
    F(curl_slist_append)                                                                                               \
    F(curl_slist_free_all)                                                                                             \
    F(curl_version_info)

static struct {
    FUNCTIONS(CS_SYMBOL_FIELD)
} lib;
static const cs_symbol symbols[] = {FUNCTIONS(CS_SYMBOL_ENTRY)};
static bool loaded;

static void load(void)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
    loaded = cs_symbols_load(names, symbols, sizeof symbols / sizeof *symbols) != NULL;
}

const char *cs_http_absence(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded ? NULL : "the library libcurl is not installed";
}

/* The value of the header line `text` when it is called `name`, else NULL. */
static const char *header_value(const char *text, const char *name)
{
    size_t n = strlen(name);
    if (strncasecmp(text, name, n) != 0 || text[n] != ':')
        return NULL;
    return text + n + 1 + strspn(text + n + 1, " \t");
}

/* "bytes 100-199/200", or with an asterisk in place of the range (416). */
static void read_content_range(const char *value, cs_http_reply *reply)
{
    const char *slash = strchr(value, '/');
    if (strncasecmp(value, "bytes ", 6) != 0 || !slash)
        return;
    if (value[6] >= '0' && value[6] <= '9')
        reply->first = strtoull(value + 6, NULL, 10);
    if (slash[1] >= '0' && slash[1] <= '9')
        reply->total = strtoull(slash + 1, NULL, 10);
}

static void read_header(const char *text, cs_http_reply *reply)
{
    const char *value;
    if (strncasecmp(text, "HTTP/", 5) == 0) { /* another reply begins; the redirect's headers do not count */
        const char *code = strchr(text, ' ');
        *reply = (cs_http_reply){.code = code ? strtol(code, NULL, 10) : 0, .first = UINT64_MAX};
    } else if ((value = header_value(text, "Content-Range"))) {
        read_content_range(value, reply);
    } else if ((value = header_value(text, "Content-Length"))) {
        if (reply->code == 200 && *value >= '0' && *value <= '9')
            reply->total = strtoull(value, NULL, 10);
    } else if ((value = header_value(text, "ETag"))) {
        if (value[0] == '"') /* a weak tag, W/"...", does not promise the same bytes */
            snprintf(reply->validator, sizeof reply->validator, "%s", value);
    } else if ((value = header_value(text, "Last-Modified"))) {
        if (!reply->validator[0])
            snprintf(reply->validator, sizeof reply->validator, "%s", value);
    }
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    char text[1024];
    size_t n = size * count;
    t->heard = cs_clock_ms();
    if (n < sizeof text) { /* none that matters is longer */
        memcpy(text, line, n);
        text[n] = '\0';
        text[strcspn(text, "\r\n")] = '\0';
        read_header(text, t->reply);
    }
    return n;
}

static bool has_body(const cs_http_reply *reply)
{
    return reply->code == 200 || reply->code == 206;
}

static size_t on_data(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t n = size * count;
    t->heard = cs_clock_ms();
    if (!has_body(t->reply))
        return n;
    if (!t->begun)
        t->stopped = !t->request->begin(t->request->context, t->reply);
    t->begun = true;
    t->stopped = t->stopped || !t->request->data(t->request->context, bytes, n);
    return t->stopped ? 0 : n;
}

static int on_tick(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    struct transfer *t = context;
    (void)down_total, (void)down, (void)up_total, (void)up;
    t->stopped = t->stopped || !t->request->tick(t->request->context);
    /* curl limits the average speed of the last seconds, which notices a silent server late */
    t->stalled = cs_clock_ms() - t->heard > t->request->stall_seconds * 1e3;
    t->late = t->request->most_seconds && cs_clock_ms() - t->started > t->request->most_seconds * 1e3;
    return t->stopped || t->stalled || t->late;
}

/* Called with the address of each connection before it is made, so that neither a redirect nor a name that resolves to
 * another address later leads elsewhere. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = context;
    if (purpose != CURLSOCKTYPE_IPCXN || !cs_http_is_public(&address->addr)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static const char *explain_code(long code)
{
    return code == 401 || code == 403   ? " (access is denied)"
           : code == 404 || code == 410 ? " (no such file)"
           : code == 429                ? " (too many requests)"
           : code >= 500                ? " (an error of the server)"
                                        : "";
}

static cs_http_end end_of_code(const cs_http_request *request, const cs_http_reply *reply, clipsearch_error *err)
{
    if (has_body(reply) || (reply->code == 416 && request->from))
        return CS_HTTP_DONE;
    cs_fail(err, CLIPSEARCH_E_IO, "%s: the server answered %ld%s", request->url, reply->code,
            explain_code(reply->code));
    return reply->code >= 500 || reply->code == 429 || reply->code == 408 ? CS_HTTP_CUT : CS_HTTP_FAILED;
}

/* Whether another attempt may help after curl's error. */
static cs_http_end end_of_error(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return CS_HTTP_CUT;
    default:
        return CS_HTTP_FAILED;
    }
}

/* The file of certificates to trust, found as the curl program finds it: where a proxy inspects connections, its
 * certificate is in that file. NULL: curl's own. */
static const char *certificates(void)
{
    static const char *const variables[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* The options of `t`; headers are added to *headers. */
static CURLcode set_up(struct transfer *t, struct curl_slist **headers, char *message)
{
    const cs_http_request *request = t->request;
    bool https = strncasecmp(request->url, "https://", 8) == 0;
    char range[32], line[300];
    CURLcode code = CURLE_OK;
#define SET(option, value) code = code ? code : lib.curl_easy_setopt(t->curl, option, value)
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_ERRORBUFFER, message);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "clipsearch");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
    if (certificates())
        SET(CURLOPT_CAINFO, certificates());
    SET(CURLOPT_CONNECTTIMEOUT, (long)request->stall_seconds);
    SET(CURLOPT_LOW_SPEED_TIME, (long)request->stall_seconds);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)MIN_SPEED);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's headers are not part of the reply */
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_data);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_XFERINFOFUNCTION, on_tick);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
    if (request->public_only) {
        SET(CURLOPT_PROXY, ""); /* none, whatever the environment says */
        SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
        SET(CURLOPT_OPENSOCKETDATA, t);
    }
    if (request->from) { /* not CURLOPT_RESUME_FROM, which fails when the server sends the whole file */
        snprintf(range, sizeof range, "%llu-", (unsigned long long)request->from);
        SET(CURLOPT_RANGE, range);
    }
    if (request->from && request->validator && request->validator[0]) {
        snprintf(line, sizeof line, "If-Range: %s", request->validator);
        *headers = lib.curl_slist_append(*headers, line);
        code = code ? code : *headers ? CURLE_OK : CURLE_OUT_OF_MEMORY;
        SET(CURLOPT_HTTPHEADER, *headers);
    }
#undef SET
    return code;
}

cs_http_end cs_http_get(const cs_http_request *request, cs_http_reply *reply, clipsearch_error *err)
{
    char message[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    *reply = (cs_http_reply){0};
    if (cs_http_absence()) {
        cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: cannot fetch: %s", request->url, cs_http_absence());
        return CS_HTTP_FAILED;
    }
    if (lib.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        cs_fail_memory(err, "libcurl");
        return CS_HTTP_FAILED;
    }
    struct transfer t = {.request = request, .reply = reply, .curl = lib.curl_easy_init(), .heard = cs_clock_ms()};
    t.started = t.heard;
    CURLcode code = t.curl ? set_up(&t, &headers, message) : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        code = lib.curl_easy_perform(t.curl);
    const char *url = NULL;
    if (t.curl && lib.curl_easy_getinfo(t.curl, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url)
        snprintf(reply->url, sizeof reply->url, "%s", url);
    lib.curl_easy_cleanup(t.curl);
    lib.curl_slist_free_all(headers);
    lib.curl_global_cleanup();
    if (t.stopped)
        return CS_HTTP_STOPPED;
    if (code == CURLE_OK)
        return end_of_code(request, reply, err);
    if (t.refused) {
        cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: this leads to this computer or to a private network", request->url);
        return CS_HTTP_FAILED;
    }
    if (t.late) {
        cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: the transfer takes longer than the limit of %u seconds", request->url,
                request->most_seconds);
        return CS_HTTP_FAILED;
    }
    if (t.stalled) {
        cs_fail(err, CLIPSEARCH_E_IO, "%s: no data for %u second%s", request->url, request->stall_seconds,
                request->stall_seconds == 1 ? "" : "s");
        return CS_HTTP_CUT;
    }
    cs_fail(err, CLIPSEARCH_E_IO, "%s: %s", request->url, message[0] ? message : lib.curl_easy_strerror(code));
    return end_of_error(code);
}

const char *cs_http_library(void)
{
    return cs_http_absence() ? "not loaded: it is not installed" : lib.curl_version_info(CURLVERSION_NOW)->version;
}
