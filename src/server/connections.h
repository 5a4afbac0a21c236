/* SPDX-License-Identifier: MIT
 * connections.h - the open connections and how long each may take; one that is too slow is closed. */
#ifndef CS_SERVER_CONNECTIONS_H
#define CS_SERVER_CONNECTIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a connection is doing. */
typedef enum cs_connection_phase {
    CS_CONNECTION_HEAD,   /* it is idle, or sends the head of a request */
    CS_CONNECTION_BODY,   /* sends a body */
    CS_CONNECTION_WORK,   /* waits for its answer: the server's time, not the client's */
    CS_CONNECTION_ANSWER, /* receives the answer */
    CS_CONNECTION_ENDED   /* was told to end */
} cs_connection_phase;

typedef struct cs_connection cs_connection;

/* All of them. Zero-initialise, and call cs_connections_init. */
typedef struct cs_connections {
    pthread_mutex_t lock;
    cs_connection *first;
    size_t count, most;
    uint64_t closed;      /* because they were too slow */
    double crowded_until; /* by cs_clock_ms: until then there is less time for each */
} cs_connections;

void cs_connections_init(cs_connections *all, size_t most);
void cs_connections_destroy(cs_connections *all);

/* A connection that begins, of the socket `fd`; NULL: out of memory. It must end with cs_connections_remove before the
 * socket is closed. */
cs_connection *cs_connections_add(cs_connections *all, int fd);
void cs_connections_remove(cs_connections *all, cs_connection *connection);

/* It begins another phase. `bytes`: of the answer that it receives. */
void cs_connection_enter(cs_connections *all, cs_connection *connection, cs_connection_phase phase, uint64_t bytes);
/* More of its body has come. */
void cs_connection_received(cs_connections *all, cs_connection *connection, size_t bytes);

/* Shut down those that are too slow. Call it several times a second. */
void cs_connections_sweep(cs_connections *all);

/* How many there are, and how many of them wait for an answer or receive one. */
void cs_connections_count(cs_connections *all, size_t *count, size_t *busy);

#endif
