/* SPDX-License-Identifier: MIT
 * exit_code.c - library statuses to exit statuses. */
#include "cli/exit_code.h"

int cs_exit_code(clipsearch_status status, cs_stage stage)
{
    switch (status) {
    case CLIPSEARCH_OK:
        return CS_EXIT_FOUND;
    case CLIPSEARCH_E_ARGUMENT:
        return CS_EXIT_USAGE;
    case CLIPSEARCH_E_MODEL:
    case CLIPSEARCH_E_MISMATCH:
        return CS_EXIT_MODEL;
    case CLIPSEARCH_E_DATABASE:
        return CS_EXIT_DATABASE;
    case CLIPSEARCH_E_IO:
    case CLIPSEARCH_E_FORMAT:
    case CLIPSEARCH_E_LIMIT:
    case CLIPSEARCH_E_UNSUPPORTED:
    case CLIPSEARCH_E_NOT_FOUND:
        return stage == CS_STAGE_MODEL ? CS_EXIT_MODEL : stage == CS_STAGE_DATABASE ? CS_EXIT_DATABASE : CS_EXIT_FILE;
    case CLIPSEARCH_E_TIMEOUT: /* a server did not answer */
        return stage == CS_STAGE_DATABASE ? CS_EXIT_DATABASE : CS_EXIT_INTERNAL;
    case CLIPSEARCH_E_MEMORY:
    case CLIPSEARCH_E_CANCELLED:
        break;
    }
    return CS_EXIT_INTERNAL;
}
