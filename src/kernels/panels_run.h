/* SPDX-License-Identifier: MIT
 * panels_run.h - a product's sums, a piece at a time, spread over threads. */
#ifndef CS_KERNELS_PANELS_RUN_H
#define CS_KERNELS_PANELS_RUN_H

#include "kernels/gemm_impl.h"
#include "kernels/panels.h"

/* The sums [rows, CS_PANEL] of `outputs` <= CS_PANEL outputs from `first` on and of the rows from `row` on; all of them
 * may be written. */
typedef void cs_panel_sums(const void *product, size_t row, size_t rows, size_t first, size_t outputs, size_t next,
                           float *sums);

/* All sums of a product with n outputs, bias, activation and residual added as `finish` says (m, bias, act, residual,
 * y, ldy). */
void cs_panels_run(cs_panel_sums *sums, const void *product, size_t n, const cs_gemm_job *finish, cs_pool *pool);

#endif
