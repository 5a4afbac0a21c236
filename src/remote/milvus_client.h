/* SPDX-License-Identifier: MIT
 * milvus_client.h - calls of a Milvus server's methods: connections, deadlines, another try where that may help. */
#ifndef CS_REMOTE_MILVUS_CLIENT_H
#define CS_REMOTE_MILVUS_CLIENT_H

#include "backend/backend.h"
#include "base/consistency.h"
#include "remote/http2.h"
#include "remote/milvus_address.h"
#include "remote/proto.h"

enum {
    CS_MILVUS_CONNECTIONS = 8,         /* that are kept while nobody uses them */
    CS_MILVUS_MESSAGE_MAX = 512 << 20, /* bytes of an answer; servers send at most 64 MiB as they come */
    CS_MILVUS_ROWS_MAX = 16384,        /* rows of one answer: limit and offset of a query, hits of a search */
    CS_MILVUS_WAIT_SECONDS = 60        /* for an answer, with all further tries */
};

/* A Milvus database. */
typedef struct milvus_database {
    clipsearch_database base;
    cs_milvus_address address;
    char *authorization; /* the header's value, or NULL */
    char *ca;            /* owned; address.server.ca points to it */
    bool read_only;
    cs_consistency consistency; /* of searches */
    unsigned version[3];        /* of the server */
    bool reached;               /* guarded by lock: it has answered before */
    pthread_mutex_t lock;
    cs_http2 *idle[CS_MILVUS_CONNECTIONS]; /* guarded by lock */
    size_t idle_count;
} milvus_database;

static inline milvus_database *cs_milvus_database(clipsearch_database *db)
{
    return (milvus_database *)db;
}

/* Whether the server is of this version or a later one. */
bool cs_milvus_is_since(const milvus_database *db, unsigned major, unsigned minor);

/* Why a server refused a call. */
typedef struct cs_milvus_refusal {
    bool is;       /* it did */
    int grpc;      /* gRPC's status, CS_GRPC_OK: the method's own answer says no, with: */
    uint64_t code; /* Milvus's code; 0: an old server gave only old_code */
    uint64_t old_code;
    char reason[512];
} cs_milvus_refusal;

enum { /* Milvus's codes */
       CS_MILVUS_RATE_LIMIT = 8,
       CS_MILVUS_NO_COLLECTION = 100,
       CS_MILVUS_NOT_LOADED = 101,
       CS_MILVUS_NO_INDEX = 700,
       CS_MILVUS_NO_DATABASE = 800,
       CS_MILVUS_BAD_PARAMETER = 1100,
       CS_MILVUS_OTHER = 65535
};

/* An empty request; write a message to it with cs_proto_put_... */
cs_buf cs_milvus_request(void);

/* Call `method` with the request and read its answer: *answer is the message, in *body, which the caller frees
 * (cs_buf_free) in any case. `status_field`: the field with Milvus's status, 0 when the answer is nothing but that.
 * What may be lost on the way is sent again, so every request must be one that may be.
 * *refusal says whether the server refused; that is no error of this function.
 * Errors: those of cs_http2_open and cs_http2_call, after all tries. */
clipsearch_status cs_milvus_try(milvus_database *db, const char *method, const cs_buf *request, uint32_t status_field,
                                cs_buf *body, cs_proto *answer, cs_milvus_refusal *refusal, clipsearch_error *err);

/* The same, but a refusal is an error: CLIPSEARCH_E_NOT_FOUND, _ARGUMENT, _DATABASE, _LIMIT. */
clipsearch_status cs_milvus_call(milvus_database *db, const char *method, const cs_buf *request, uint32_t status_field,
                                 cs_buf *body, cs_proto *answer, clipsearch_error *err);
/* The same for an answer that is nothing but a status. */
clipsearch_status cs_milvus_do(milvus_database *db, const char *method, const cs_buf *request, clipsearch_error *err);

/* The error for a refusal. */
clipsearch_status cs_milvus_refused(const milvus_database *db, const char *method, const cs_milvus_refusal *refusal,
                                    clipsearch_error *err);

/* Wait some milliseconds, unless the call is to end. CLIPSEARCH_E_CANCELLED, _TIMEOUT. */
clipsearch_status cs_milvus_pause(const milvus_database *db, double milliseconds, const cs_wait *wait,
                                  clipsearch_error *err);
/* A wait that ends so many seconds from now. */
cs_wait cs_milvus_wait(milvus_database *db, double seconds);

void cs_milvus_close_connections(milvus_database *db);

#endif
