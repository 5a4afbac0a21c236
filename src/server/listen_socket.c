/* SPDX-License-Identifier: MIT
 * listen_socket.c - listening at an address, or at the socket that systemd passes. */
#include "server/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,   /* and no more than the system allows: net.core.somaxconn */
    FIRST_PASSED = 3, /* SD_LISTEN_FDS_START */
    PORT_TEXT = 8
};

typedef struct place {
    char host[256], port[PORT_TEXT];
} place;

static bool split(const char *where, place *found)
{
    const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
    size_t length = colon ? (size_t)(colon - where) : 0;
    const char *host = where;
    if (length > 1 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    } else if (memchr(host, ':', length)) {
        return false; /* an address of IPv6 without its brackets */
    }
    if (length >= sizeof found->host || !*port || strlen(port) >= sizeof found->port ||
        port[strspn(port, "0123456789")] || atoi(port) > 65535)
        return false;
    memcpy(found->host, host, length);
    found->host[length] = '\0';
    if (!length)
        snprintf(found->host, sizeof found->host, "127.0.0.1");
    snprintf(found->port, sizeof found->port, "%s", port);
    return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_UNIX)
        return true;
    if (address->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24) == 127;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(six);
}

/* Find out where the socket is. */
static clipsearch_status describe(cs_listen_socket *opened, clipsearch_error *err)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    if (getsockname(opened->fd, (struct sockaddr *)&address, &length) != 0)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "the socket has no address");
    opened->is_local = is_loopback(&address);
    if (address.ss_family != AF_UNIX)
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    const bool six = address.ss_family == AF_INET6;
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) { /* all addresses: name one to open */
        if (gethostname(host, sizeof host) != 0)
            snprintf(host, sizeof host, "127.0.0.1");
        snprintf(opened->address, sizeof opened->address, "%.120s:%.8s", host, port);
    } else {
        snprintf(opened->address, sizeof opened->address, six ? "[%.120s]:%.8s" : "%.120s:%.8s", host, port);
    }
    return CLIPSEARCH_OK;
}

/* The socket that systemd passes to the process that it has started; -1: none. */
static int passed_socket(void)
{
    const char *process = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    if (!process || !count || atol(process) != (long)getpid() || atoi(count) < 1)
        return -1;
    fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC);
    return FIRST_PASSED;
}

static int listen_at(const struct addrinfo *each)
{
    const int one = 1, fd = socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, each->ai_addr, each->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

clipsearch_status cs_listen_socket_open(const char *where, cs_listen_socket *opened, clipsearch_error *err)
{
    place found;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    *opened = (cs_listen_socket){.fd = passed_socket()};
    if (opened->fd >= 0)
        return describe(opened, err);
    if (!split(where, &found))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "\"%s\" is no address to listen at; write HOST:PORT, [IPV6]:PORT or PORT, for example %s", where,
                       "127.0.0.1:8080");
    const int why = getaddrinfo(strcmp(found.host, "*") == 0 ? NULL : found.host, found.port, &hints, &list);
    if (why)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "cannot listen at %s: %s", where, gai_strerror(why));
    opened->fd = -1;
    for (const struct addrinfo *each = list; each && opened->fd < 0; each = each->ai_next)
        opened->fd = listen_at(each);
    const int failed = errno;
    freeaddrinfo(list);
    if (opened->fd < 0)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, failed, "cannot listen at %s", where);
    return describe(opened, err);
}
