/* SPDX-License-Identifier: MIT
 * panels_run.h - a product, a piece at a time, spread over threads. */
#ifndef CS_KERNELS_PANELS_RUN_H
#define CS_KERNELS_PANELS_RUN_H

#include "kernels/gemm_impl.h"
#include "kernels/panels.h"

/* Write what `finish` says (bias, act, residual, y, ldy) of the rows from `row` on and of `outputs` <= CS_PANEL outputs
 * from `first` on; rows <= CS_PANEL_ROWS. `next`: as in cs_qgemm_ops.multiply. */
typedef void cs_panel_write(const void *product, const cs_gemm_job *finish, size_t row, size_t rows, size_t first,
                            size_t outputs, size_t next);

/* All of a product with n outputs and finish->m rows. */
void cs_panels_run(cs_panel_write *write, const void *product, size_t n, const cs_gemm_job *finish, cs_pool *pool);

#endif
