/* SPDX-License-Identifier: MIT
 * tls.c - OpenSSL over buffers of memory, so that the socket is written without SIGPIPE and waited for in one place.
 * libssl is loaded when it is first needed. */
#include "remote/tls.h"

#include "base/mem.h"
#include "base/symbol.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

struct cs_tls {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
};

/* The functions of libssl; those of libcrypto are linked. */
#define FUNCTIONS(F)                                                                                                   \
    F(SSL_CTX_ctrl)                                                                                                    \
    F(SSL_CTX_free)                                                                                                    \
    F(SSL_CTX_load_verify_locations)                                                                                   \
    F(SSL_CTX_new)                                                                                                     \
    F(SSL_CTX_set_alpn_protos)                                                                                         \
    F(SSL_CTX_set_default_verify_paths)                                                                                \
    F(SSL_CTX_set_verify)                                                                                              \
    F(SSL_connect)                                                                                                     \
    F(SSL_ctrl)                                                                                                        \
    F(SSL_free)                                                                                                        \
    F(SSL_get0_alpn_selected)                                                                                          \
    F(SSL_get_error)                                                                                                   \
    F(SSL_get_verify_result)                                                                                           \
    F(SSL_new)                                                                                                         \
    F(SSL_read)                                                                                                        \
    F(SSL_set1_host)                                                                                                   \
    F(SSL_set_bio)                                                                                                     \
    F(SSL_write)                                                                                                       \
    F(TLS_client_method)

static struct {
    FUNCTIONS(CS_SYMBOL_FIELD)
} lib;
static const cs_symbol symbols[] = {FUNCTIONS(CS_SYMBOL_ENTRY)};
static bool loaded;

static void load(void)
{
    static const char *const names[] = {"libssl.so.3", NULL};
    loaded = cs_symbols_load(names, symbols, sizeof symbols / sizeof *symbols) != NULL;
}

/* OpenSSL's oldest reason; it keeps a list for each thread. */
static const char *take_reason(void)
{
    const unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : "no reason given";
}

static clipsearch_status set_up(cs_tls *tls, const char *host, const char *ca, clipsearch_error *err)
{
    static const unsigned char http2[] = {2, 'h', '2'};
    tls->context = lib.SSL_CTX_new(lib.TLS_client_method());
    if (!tls->context)
        return cs_fail_memory(err, "a TLS connection");
    lib.SSL_CTX_ctrl(tls->context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    lib.SSL_CTX_ctrl(tls->context, SSL_CTRL_MODE, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                     NULL);
    lib.SSL_CTX_set_alpn_protos(tls->context, http2, sizeof http2);
    lib.SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    if (ca && !lib.SSL_CTX_load_verify_locations(tls->context, ca, NULL))
        return cs_fail(err, CLIPSEARCH_E_IO, "%s: no certificates can be read from it (%s)", ca, take_reason());
    if (!ca)
        lib.SSL_CTX_set_default_verify_paths(tls->context);
    tls->ssl = lib.SSL_new(tls->context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (!tls->ssl || !tls->in || !tls->out) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        return cs_fail_memory(err, "a TLS connection");
    }
    lib.SSL_set_bio(tls->ssl, tls->in, tls->out);
    char name[256]; /* OpenSSL's macro SSL_set_tlsext_host_name casts const away */
    snprintf(name, sizeof name, "%s", host);
    lib.SSL_ctrl(tls->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
    /* it takes an address of numbers, too, for what it is */
    return lib.SSL_set1_host(tls->ssl, host) ? CLIPSEARCH_OK : cs_fail_memory(err, "a TLS connection");
}

clipsearch_status cs_tls_open(const char *host, const char *ca, cs_tls **out, clipsearch_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *out = NULL;
    pthread_once(&once, load);
    if (!loaded)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "TLS needs OpenSSL's library libssl.so.3, which is not installed");
    cs_tls *tls = cs_zalloc_array(1, sizeof *tls);
    if (!tls)
        return cs_fail_memory(err, "a TLS connection");
    ERR_clear_error();
    clipsearch_status status = set_up(tls, host, ca, err);
    if (status == CLIPSEARCH_OK)
        *out = tls;
    else
        cs_tls_close(&tls);
    return status;
}

void cs_tls_close(cs_tls **handle)
{
    cs_tls *tls = *handle;
    if (!tls)
        return;
    if (tls->ssl)
        lib.SSL_free(tls->ssl);
    if (tls->context)
        lib.SSL_CTX_free(tls->context);
    cs_free(tls);
    *handle = NULL;
}

clipsearch_status cs_tls_feed(cs_tls *tls, const void *bytes, size_t size, clipsearch_error *err)
{
    /* buffers of memory grow and take all */
    return BIO_write(tls->in, bytes, (int)size) == (int)size ? CLIPSEARCH_OK : cs_fail_memory(err, "a TLS connection");
}

size_t cs_tls_take(cs_tls *tls, void *bytes, size_t size)
{
    const int n = BIO_read(tls->out, bytes, (int)size);
    return n > 0 ? (size_t)n : 0;
}

clipsearch_status cs_tls_shake_hands(cs_tls *tls, bool *done, bool *plain, clipsearch_error *err)
{
    *done = *plain = false;
    ERR_clear_error();
    const int result = lib.SSL_connect(tls->ssl);
    if (result == 1) {
        const unsigned char *protocol;
        unsigned size;
        lib.SSL_get0_alpn_selected(tls->ssl, &protocol, &size);
        *done = true;
        return size == 2 && protocol[0] == 'h' && protocol[1] == '2'
                   ? CLIPSEARCH_OK
                   : cs_fail(err, CLIPSEARCH_E_DATABASE, "the server speaks no HTTP/2 over TLS");
    }
    const int why = lib.SSL_get_error(tls->ssl, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return CLIPSEARCH_OK;
    const long trust = lib.SSL_get_verify_result(tls->ssl);
    *plain = ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER ||
             ERR_GET_REASON(ERR_peek_error()) == SSL_R_PACKET_LENGTH_TOO_LONG;
    if (trust != X509_V_OK)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "its certificate is not trusted: %s",
                       X509_verify_cert_error_string(trust));
    return cs_fail(err, CLIPSEARCH_E_DATABASE, "TLS failed: %s", take_reason());
}

/* What a read or write of 0 bytes means. */
static clipsearch_status explain(cs_tls *tls, int result, bool *ended, clipsearch_error *err)
{
    switch (lib.SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return CLIPSEARCH_OK;
    case SSL_ERROR_ZERO_RETURN:
        *ended = true;
        return CLIPSEARCH_OK;
    default:
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the TLS connection broke: %s", take_reason());
    }
}

clipsearch_status cs_tls_read(cs_tls *tls, void *bytes, size_t size, size_t *count, bool *ended, clipsearch_error *err)
{
    ERR_clear_error();
    const int n = lib.SSL_read(tls->ssl, bytes, (int)size);
    *count = n > 0 ? (size_t)n : 0;
    *ended = false;
    return n > 0 ? CLIPSEARCH_OK : explain(tls, n, ended, err);
}

clipsearch_status cs_tls_write(cs_tls *tls, const void *bytes, size_t size, size_t *count, clipsearch_error *err)
{
    bool ended = false;
    ERR_clear_error();
    const int n = lib.SSL_write(tls->ssl, bytes, (int)size);
    *count = n > 0 ? (size_t)n : 0;
    return n > 0 ? CLIPSEARCH_OK : explain(tls, n, &ended, err);
}
