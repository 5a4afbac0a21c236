/* SPDX-License-Identifier: MIT
 * http_daemon.h - the thread that reads requests and writes answers. */
#ifndef CS_SERVER_HTTP_DAEMON_H
#define CS_SERVER_HTTP_DAEMON_H

#include "server/site.h"

/* Start it; the rest of `server` is ready. Errors: CLIPSEARCH_E_IO, _ARGUMENT (a certificate that is none). */
clipsearch_status cs_http_daemon_start(cs_server *server, clipsearch_error *err);

/* Take no more connections. */
void cs_http_daemon_quiesce(cs_server *server);

/* End it; no request may wait for work any more. */
void cs_http_daemon_stop(cs_server *server);

/* Answer a request that waited for a thread of its own: what the work queue calls. */
void cs_http_daemon_work(cs_request *request);

#endif
