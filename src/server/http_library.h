/* SPDX-License-Identifier: MIT
 * http_library.h - the functions of libmicrohttpd, which is loaded when a server starts: with GnuTLS below it that
 * takes some milliseconds, which no other command should pay. Only this file includes its header. */
#ifndef CS_SERVER_HTTP_LIBRARY_H
#define CS_SERVER_HTTP_LIBRARY_H

#include "base/symbol.h"

#include <sys/types.h>

#include <microhttpd.h>
#include <stdbool.h>

#define CS_MHD_FUNCTIONS(F)                                                                                            \
    F(MHD_add_response_header)                                                                                         \
    F(MHD_create_response_from_buffer)                                                                                 \
    F(MHD_create_response_from_fd64)                                                                                   \
    F(MHD_destroy_response)                                                                                            \
    F(MHD_get_connection_info)                                                                                         \
    F(MHD_get_connection_values_n)                                                                                     \
    F(MHD_get_version)                                                                                                 \
    F(MHD_is_feature_supported)                                                                                        \
    F(MHD_lookup_connection_value)                                                                                     \
    F(MHD_queue_response)                                                                                              \
    F(MHD_quiesce_daemon)                                                                                              \
    F(MHD_resume_connection)                                                                                           \
    F(MHD_start_daemon)                                                                                                \
    F(MHD_stop_daemon)                                                                                                 \
    F(MHD_suspend_connection)

typedef struct cs_mhd_functions {
    CS_MHD_FUNCTIONS(CS_SYMBOL_FIELD)
} cs_mhd_functions;

/* Set once cs_microhttpd_load has returned true. */
extern cs_mhd_functions cs_mhd;

/* Load the library. False: it is not installed. Thread-safe. */
bool cs_microhttpd_load(void);

#endif
