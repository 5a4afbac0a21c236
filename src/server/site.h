/* SPDX-License-Identifier: MIT
 * site.h - what a server holds. Only the files of this module see it. */
#ifndef CS_SERVER_SITE_H
#define CS_SERVER_SITE_H

#include "server/connections.h"
#include "server/guard.h"
#include "server/listen_socket.h"
#include "server/metrics.h"
#include "server/open_collections.h"
#include "server/server.h"
#include "server/thumbnails.h"
#include "server/work_queue.h"

#include <pthread.h>
#include <stdatomic.h>

struct MHD_Daemon;

struct cs_server {
    cs_server_options options; /* without the strings, which are below */
    char *upload_dir;          /* absolute; NULL: none */
    cs_buf cert, key;          /* PEM */
    cs_guard guard;
    cs_listen_socket socket;
    cs_open_collections *collections;
    cs_thumbnails *thumbnails;
    cs_work_queue *queue, *patient_queue; /* the latter of routes that are patient */
    cs_metrics metrics;
    cs_connections connections;
    struct MHD_Daemon *daemon;
    pthread_mutex_t uploads;  /* held from the look whether a file is there until its item is stored */
    atomic_ullong body_bytes; /* that requests hold at the moment */
    atomic_bool ends;         /* long requests end when it is set */
    char address[512];
};

#endif
