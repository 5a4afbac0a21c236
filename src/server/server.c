/* SPDX-License-Identifier: MIT
 * server.c - opens what a server needs, waits, and ends it in turn. */
#include "server/server.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "server/http_daemon.h"
#include "server/http_library.h"
#include "server/site.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TICK_MS = 250,
    PATIENT_WORKERS = 2, /* more where there are more processors; so small images do not take them all */
    WORKERS = 16,        /* most wait for an encoder's session, and are encoded together then */
    WARM_HITS = 80,      /* as many as the page asks for */
    PEM_MAX = 1 << 20,
    SPARE_FILES = 128, /* descriptors for the database, images, libraries */
    WANTED_FILES = 16384,
    LINGER_MS = 5000 /* to send the last answers */
};

void cs_server_options_init(cs_server_options *options)
{
    *options = (cs_server_options){.max_body = 32 << 20,
                                   .max_pixels = 100000000,
                                   .max_waiting = 256,
                                   .max_connections = 8192,
                                   .thumbnail_bytes = 64 << 20,
                                   .timeout = 30};
}

/* ---------------------------------------------------------------- opening */

/* Allow as many open files as connections may need, or fewer connections. */
static void fit_connections(cs_server_options *options)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    if (files.rlim_cur < WANTED_FILES) {
        files.rlim_cur = files.rlim_max < WANTED_FILES ? files.rlim_max : WANTED_FILES;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < options->max_connections + SPARE_FILES)
        options->max_connections = files.rlim_cur > 2 * SPARE_FILES ? files.rlim_cur - SPARE_FILES : SPARE_FILES;
}

static clipsearch_status read_tls(cs_server *server, const cs_server_options *options, clipsearch_error *err)
{
    server->cert = cs_buf_make(PEM_MAX);
    server->key = cs_buf_make(PEM_MAX);
    if (!options->cert != !options->key)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "TLS needs both a certificate and its key");
    if (!options->cert)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_file_read(options->cert, &server->cert, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_file_read(options->key, &server->key, NULL, err);
    if (status == CLIPSEARCH_OK && (!server->cert.len || !server->key.len))
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the certificate or its key is empty");
    server->guard.is_tls = true;
    return status;
}

static clipsearch_status copy_names(cs_server *server, const cs_server_options *options, clipsearch_error *err)
{
    cs_guard *guard = &server->guard;
    if (gethostname(guard->machine, sizeof guard->machine - 1) != 0)
        guard->machine[0] = '\0';
    guard->names = cs_zalloc_array(options->host_name_count + 1, sizeof *guard->names);
    bool all = guard->names != NULL;
    for (size_t i = 0; all && i < options->host_name_count; i++) {
        guard->names[i] = cs_strdup(options->host_names[i]);
        guard->name_count++;
        all = guard->names[i] != NULL;
    }
    return all ? CLIPSEARCH_OK : cs_fail_memory(err, "the server");
}

/* Uploads are stored below its real path, whatever the working directory becomes. */
static clipsearch_status find_upload_dir(cs_server *server, const char *directory, clipsearch_error *err)
{
    struct stat info;
    char real[PATH_MAX];
    if (!directory)
        return CLIPSEARCH_OK;
    if (!realpath(directory, real) || stat(real, &info) != 0)
        return cs_fail_errno(err, CLIPSEARCH_E_NOT_FOUND, errno, "%s: uploads cannot be stored there", directory);
    server->upload_dir = cs_strdup(real);
    if (!server->upload_dir)
        return cs_fail_memory(err, "the server");
    if (!S_ISDIR(info.st_mode))
        return cs_fail(err, CLIPSEARCH_E_IO, "%s: uploads cannot be stored there, because it is no directory",
                       directory);
    return access(server->upload_dir, W_OK | X_OK) == 0
               ? CLIPSEARCH_OK
               : cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: uploads cannot be stored there", directory);
}

static clipsearch_status choose_token(cs_server *server, const cs_server_options *options, bool *made_up,
                                      clipsearch_error *err)
{
    *made_up = false;
    if (options->token_file)
        return cs_guard_read_token(&server->guard, options->token_file, err);
    if (server->socket.is_local)
        return CLIPSEARCH_OK;
    *made_up = true;
    return cs_guard_make_token(&server->guard, err);
}

static clipsearch_status open_parts(cs_server *server, clipsearch_error *err)
{
    const cs_open_options open = {.settings = server->options.settings,
                                  .writable = server->upload_dir || server->options.allow_delete,
                                  .sessions = 1,
                                  .max_pixels = server->options.max_pixels,
                                  .note = server->options.note,
                                  .context = server->options.context};
    clipsearch_status status = cs_open_collections_make(&open, &server->collections, err);
    if (status == CLIPSEARCH_OK) {
        server->thumbnails = cs_thumbnails_open(server->options.thumbnail_bytes, server->options.max_pixels);
        status = server->thumbnails ? CLIPSEARCH_OK : cs_fail_memory(err, "the server");
    }
    const size_t most = server->options.max_waiting;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (status == CLIPSEARCH_OK)
        status = cs_work_queue_open(WORKERS, most, cs_http_daemon_work, &server->queue, err);
    if (status == CLIPSEARCH_OK)
        status = cs_work_queue_open(processors > PATIENT_WORKERS ? (size_t)processors : PATIENT_WORKERS, most,
                                    cs_http_daemon_work, &server->patient_queue, err);
    return status;
}

/* Search once: the first search opens the index and reads what all others need. */
static void search_once(cs_open_collection *taken, cs_encode_pool *pool)
{
    const clipsearch_encoder_info *info = cs_encode_pool_info(pool);
    clipsearch_hits *hits = NULL;
    float *vector = info->towers & CLIPSEARCH_TEXT_TOWER ? cs_alloc_array(info->dim, sizeof *vector) : NULL;
    if (vector && cs_encode_pool_text(pool, "a photograph", vector, NULL) == CLIPSEARCH_OK)
        clipsearch_search(taken->collection, vector, 1, WARM_HITS, NULL, &hits, NULL);
    clipsearch_hits_free(&hits);
    cs_free(vector);
}

/* Load the model and the index now, so that the first query need not wait. What is missing may come later. */
static void warm_up(cs_server *server)
{
    cs_open_collection *taken = NULL;
    clipsearch_collection_info info;
    cs_encode_pool *pool = NULL;
    clipsearch_error err;
    if (cs_collection_take(server->collections, NULL, &taken, &info, &err) != CLIPSEARCH_OK)
        return;
    if (info.fingerprint[0] && cs_collection_encoder(server->collections, &info, &pool, &err) != CLIPSEARCH_OK &&
        server->options.model_note)
        server->options.model_note(server->options.context, err.message);
    if (pool)
        search_once(taken, pool);
    cs_collection_give(server->collections, taken);
}

static clipsearch_status open_all(cs_server *server, const cs_server_options *options, clipsearch_error *err)
{
    bool made_up = false;
    clipsearch_status status = read_tls(server, options, err);
    if (status == CLIPSEARCH_OK)
        status = copy_names(server, options, err);
    if (status == CLIPSEARCH_OK)
        status = find_upload_dir(server, options->upload_dir, err);
    if (status == CLIPSEARCH_OK)
        status = open_parts(server, err);
    if (status == CLIPSEARCH_OK)
        status = cs_listen_socket_open(options->listen ? options->listen : CS_SERVE_ADDRESS, &server->socket, err);
    if (status == CLIPSEARCH_OK)
        status = choose_token(server, options, &made_up, err);
    if (status != CLIPSEARCH_OK)
        return status;
    snprintf(server->address, sizeof server->address, "http%s://%s/%s%s", server->cert.len ? "s" : "",
             server->socket.address, made_up ? "?token=" : "", made_up ? server->guard.token : "");
    warm_up(server);
    return cs_http_daemon_start(server, err);
}

clipsearch_status cs_server_open(const cs_server_options *options, cs_server **opened, clipsearch_error *err)
{
    *opened = NULL;
    if (!cs_microhttpd_load())
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "the library libmicrohttpd is not installed");
    cs_server *server = cs_zalloc_array(1, sizeof *server);
    if (!server)
        return cs_fail_memory(err, "the server");
    server->options = *options;
    server->socket.fd = -1;
    fit_connections(&server->options);
    pthread_mutex_init(&server->uploads, NULL);
    cs_metrics_init(&server->metrics);
    cs_connections_init(&server->connections, server->options.max_connections);
    clipsearch_status status = open_all(server, options, err);
    *opened = server;
    if (status != CLIPSEARCH_OK)
        cs_server_close(opened);
    return status;
}

const char *cs_server_address(const cs_server *server)
{
    return server->address;
}

/* ---------------------------------------------------------------- running */

/* A connection that only waits for a next request is no reason to wait for it. */
static bool is_busy(cs_server *server)
{
    size_t count, busy;
    cs_connections_count(&server->connections, &count, &busy);
    return busy || cs_work_queue_pending(server->queue) || cs_work_queue_pending(server->patient_queue);
}

void cs_server_run(cs_server *server, bool (*stop)(void))
{
    while (!stop()) {
        poll(NULL, 0, TICK_MS); /* a signal ends it */
        cs_connections_sweep(&server->connections);
    }
    cs_http_daemon_quiesce(server);
    atomic_store(&server->ends, true);
    const double start = cs_clock_ms();
    while (is_busy(server) && cs_clock_ms() - start < server->options.timeout * 1e3) {
        poll(NULL, 0, TICK_MS / 10);
        cs_connections_sweep(&server->connections);
    }
}

void cs_server_close(cs_server **opened)
{
    cs_server *server = *opened;
    if (!server)
        return;
    /* they answer what waits; MHD must have no resting connection when it ends */
    cs_work_queue_close(&server->queue);
    cs_work_queue_close(&server->patient_queue);
    cs_http_daemon_stop(server);
    if (server->socket.fd >= 0)
        close(server->socket.fd);
    cs_thumbnails_close(&server->thumbnails);
    cs_open_collections_free(&server->collections);
    cs_connections_destroy(&server->connections);
    cs_metrics_destroy(&server->metrics);
    pthread_mutex_destroy(&server->uploads);
    cs_guard_free(&server->guard);
    cs_buf_free(&server->cert);
    cs_buf_free(&server->key);
    cs_free(server->upload_dir);
    cs_free(server);
    *opened = NULL;
}
