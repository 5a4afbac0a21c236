/* SPDX-License-Identifier: MIT
 * connections.c - time limits of connections. The HTTP library only knows a limit for silence, which a client that
 * sends a byte a second never meets. */
#include "server/connections.h"

#include "base/clock.h"
#include "base/mem.h"

#include <sys/socket.h>

enum {
    HEAD_MS = 4000,         /* to send the head of a request, and to be idle; with the next sweep below 5 s */
    CROWDED_HEAD_MS = 1000, /* the same when a quarter of all connections is in use, */
    CROWDED_MS = 5000,      /* and for so long afterwards: those that waited to be accepted have waited already */
    BODY_MS = 4000,         /* to begin with a body; then 10 bytes more for each millisecond */
    CROWDED_BODY_MS = 2000,
    ANSWER_MS = 30000, /* to receive a small answer; then the same for a large one */
    BYTES_A_MS = 10    /* 10 kB/s: a slow telephone's */
};

struct cs_connection {
    int fd;
    cs_connection_phase phase;
    double since; /* by cs_clock_ms */
    uint64_t bytes;
    cs_connection *previous, *next;
};

void cs_connections_init(cs_connections *all, size_t most)
{
    pthread_mutex_init(&all->lock, NULL);
    all->first = NULL;
    all->count = 0;
    all->most = most;
    all->closed = 0;
    all->crowded_until = 0;
}

void cs_connections_destroy(cs_connections *all)
{
    pthread_mutex_destroy(&all->lock);
}

cs_connection *cs_connections_add(cs_connections *all, int fd)
{
    cs_connection *connection = cs_zalloc_array(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->fd = fd;
    connection->since = cs_clock_ms();
    pthread_mutex_lock(&all->lock);
    connection->next = all->first;
    if (all->first)
        all->first->previous = connection;
    all->first = connection;
    all->count++;
    pthread_mutex_unlock(&all->lock);
    return connection;
}

void cs_connections_remove(cs_connections *all, cs_connection *connection)
{
    if (!connection)
        return;
    pthread_mutex_lock(&all->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        all->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    all->count--;
    pthread_mutex_unlock(&all->lock);
    cs_free(connection);
}

void cs_connection_enter(cs_connections *all, cs_connection *connection, cs_connection_phase phase, uint64_t bytes)
{
    if (!connection)
        return;
    pthread_mutex_lock(&all->lock);
    if (connection->phase != CS_CONNECTION_ENDED) {
        connection->phase = phase;
        connection->since = cs_clock_ms();
        connection->bytes = bytes;
    }
    pthread_mutex_unlock(&all->lock);
}

void cs_connection_received(cs_connections *all, cs_connection *connection, size_t bytes)
{
    if (!connection)
        return;
    pthread_mutex_lock(&all->lock);
    connection->bytes += bytes;
    pthread_mutex_unlock(&all->lock);
}

static bool is_late(const cs_connection *connection, double now, bool crowded)
{
    const double waited = now - connection->since, transfer = (double)connection->bytes / BYTES_A_MS;
    switch (connection->phase) {
    case CS_CONNECTION_HEAD:
        return waited > (crowded ? CROWDED_HEAD_MS : HEAD_MS);
    case CS_CONNECTION_BODY:
        return waited > (crowded ? CROWDED_BODY_MS : BODY_MS) + transfer;
    case CS_CONNECTION_ANSWER:
        return waited > ANSWER_MS + transfer;
    case CS_CONNECTION_WORK:
    case CS_CONNECTION_ENDED:
        break;
    }
    return false;
}

void cs_connections_sweep(cs_connections *all)
{
    const double now = cs_clock_ms();
    pthread_mutex_lock(&all->lock);
    if (all->count > all->most / 4)
        all->crowded_until = now + CROWDED_MS;
    const bool crowded = now < all->crowded_until;
    for (cs_connection *each = all->first; each; each = each->next)
        if (is_late(each, now, crowded)) {
            shutdown(each->fd, SHUT_RDWR); /* its own thread sees the end, and closes it */
            each->phase = CS_CONNECTION_ENDED;
            all->closed++;
        }
    pthread_mutex_unlock(&all->lock);
}

void cs_connections_count(cs_connections *all, size_t *count, size_t *busy)
{
    pthread_mutex_lock(&all->lock);
    *count = all->count;
    *busy = 0;
    for (const cs_connection *each = all->first; each; each = each->next)
        *busy += each->phase == CS_CONNECTION_BODY || each->phase == CS_CONNECTION_WORK ||
                 each->phase == CS_CONNECTION_ANSWER;
    pthread_mutex_unlock(&all->lock);
}
