/* SPDX-License-Identifier: MIT
 * panels_run.c - splits a product into pieces of rows by outputs. */
#include "kernels/panels_run.h"

typedef struct job {
    cs_panel_write *write;
    const void *product;
    const cs_gemm_job *finish;
    size_t n, row_blocks;
} job;

static void run_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const job *j = context;
    const size_t first = piece / j->row_blocks * CS_PANEL, row = piece % j->row_blocks * CS_PANEL_ROWS;
    const size_t outputs = j->n - first < CS_PANEL ? j->n - first : CS_PANEL;
    const size_t rows = j->finish->m - row < CS_PANEL_ROWS ? j->finish->m - row : CS_PANEL_ROWS;
    /* a thread's pieces are neighbours */
    const size_t next = row + rows < j->finish->m ? first : first + CS_PANEL;
    j->write(j->product, j->finish, row, rows, first, outputs, next);
}

void cs_panels_run(cs_panel_write *write, const void *product, size_t n, const cs_gemm_job *finish, cs_pool *pool)
{
    job j = {.write = write,
             .product = product,
             .finish = finish,
             .n = n,
             .row_blocks = (finish->m + CS_PANEL_ROWS - 1) / CS_PANEL_ROWS};
    cs_pool_run(pool, (n + CS_PANEL - 1) / CS_PANEL * j.row_blocks, run_piece, &j);
}
