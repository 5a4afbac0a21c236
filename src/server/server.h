/* SPDX-License-Identifier: MIT
 * server.h - `clipsearch serve`: collections over HTTP (docs/http.md), and the page that shows them. */
#ifndef CS_SERVER_SERVER_H
#define CS_SERVER_SERVER_H

#include "config/settings.h"

/* Where a server listens when nothing else is said. */
#define CS_SERVE_ADDRESS "127.0.0.1:8080"

typedef struct cs_server_options {
    const cs_settings *settings;   /* database, collection, threads; must outlive the server */
    const char *listen;            /* HOST:PORT, [IPV6]:PORT, PORT, or unix:PATH; NULL: CS_SERVE_ADDRESS */
    const char *token_file;        /* its first line is the token; NULL: none on loopback, elsewhere a random one */
    const char *cert, *key;        /* PEM files: TLS; NULL: none */
    const char *upload_dir;        /* where uploads are stored; NULL: they are refused */
    bool allow_delete;             /* items can be removed */
    const char *const *host_names; /* [host_name_count] names that a request's Host may have, besides numbers,
                                      localhost and the machine's name */
    size_t host_name_count;
    uint64_t max_body;        /* bytes of a request's body */
    uint64_t max_pixels;      /* of an image that is uploaded or shown */
    size_t max_waiting;       /* requests that wait for a thread; more are told to come back */
    size_t max_connections;   /* at once */
    uint64_t thumbnail_bytes; /* memory for small images that were made */
    double timeout;           /* seconds that a request may take, from its first byte to its answer */
    /* Told what the server's owner should know: of a collection's index; of the model, which cannot be opened. NULL:
     * nobody is. */
    void (*note)(void *context, const char *line);
    void (*model_note)(void *context, const char *line);
    void *context;
} cs_server_options;

/* Set every field to its default; `settings` is left to the caller. */
void cs_server_options_init(cs_server_options *options);

typedef struct cs_server cs_server;

/* Open the database, load the model of the settings' collection if both are there, and listen; requests are answered
 * from now on. Every option is copied except `settings`. If systemd has opened a socket (LISTEN_FDS), that is used.
 * Errors: CLIPSEARCH_E_UNSUPPORTED (libmicrohttpd is not there), _ARGUMENT (an address that is none), _IO (it cannot be
 * listened at; a file cannot be read), _DATABASE, _MEMORY. */
clipsearch_status cs_server_open(const cs_server_options *options, cs_server **server, clipsearch_error *err);

/* The address to open in a browser, with the token if one was made up for this run. */
const char *cs_server_address(const cs_server *server);

/* Wait until `stop` is true, which is asked four times a second and after each signal. Then take no more connections
 * and answer the requests that were accepted. */
void cs_server_run(cs_server *server, bool (*stop)(void));
void cs_server_close(cs_server **server);

/* The version of libmicrohttpd; NULL when the build has none, "" when it is not installed. */
const char *cs_server_library(void);

#endif
