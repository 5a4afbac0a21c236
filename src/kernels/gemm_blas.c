/* SPDX-License-Identifier: MIT
 * gemm_blas.c - the matrix product through OpenBLAS, for processors that have no kernel of our own. OpenBLAS is loaded
 * when the product is first asked for, not with the program. */
#include "base/mem.h"
#include "base/symbol.h"
#include "kernels/cvt.h"
#include "kernels/gemm_impl.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>

/* The packed form is the rows themselves as floats. A panel is what is converted at a time when there is no packed
 * form: 256 rows of 3,072 floats are 3 MiB, and a product that wide keeps OpenBLAS at its full speed. */
enum { PANEL = 256, BLOCK = 64 };

static size_t scratch(size_t k)
{
    return k * PANEL;
}

static size_t packed_size(size_t n, size_t k)
{
    return n * k;
}

static void pack(const cs_gemm_weights *w, size_t first, size_t count, float *packed)
{
    size_t begin = first * PANEL, end = (first + count) * PANEL;
    if (end > w->n)
        end = w->n;
    const uint8_t *rows = (const uint8_t *)w->rows + begin * w->k * cs_dtype_size(w->dtype);
    cs_cvt()->to_f32(w->dtype, rows, (end - begin) * w->k, packed);
}

static void pack_columns(const float *columns, size_t ld, size_t n, size_t k, size_t panel, float *packed)
{
    for (size_t j = panel * PANEL; j < n && j < (panel + 1) * PANEL; j++)
        for (size_t i = 0; i < k; i++)
            *packed++ = columns[i * ld + j];
}

/* ---------------------------------------------------------------- loading OpenBLAS */

/* cblas_sgemm once it is loaded, else NULL. */
static __typeof__(&cblas_sgemm) sgemm;
static bool tried;

static void *wait_for_start(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* Whether this process may start the threads that OpenBLAS starts while it is loaded: one for each processor beside the
 * first. Where one is refused, OpenBLAS raises SIGINT (its issue 4762). */
static bool can_start_threads(void)
{
    enum { MOST = 256 };
    pthread_t threads[MOST];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    cpu_set_t processors;
    int wanted = sched_getaffinity(0, sizeof processors, &processors) == 0 ? CPU_COUNT(&processors) - 1 : MOST;
    int started = 0;
    if (wanted > MOST)
        wanted = MOST;
    pthread_mutex_lock(&gate);
    while (started < wanted && pthread_create(&threads[started], NULL, wait_for_start, &gate) == 0)
        started++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return started == wanted;
}

/* Set `sgemm`, or leave it NULL. The library stays loaded: its threads run until the process ends. */
static void load(void)
{
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so"};
    void *library = NULL;
    tried = true;
    /* OpenBLAS reserves its buffers while it is loaded and tries for ever where a limit refuses them (issue 5289) */
    if (cs_mem_is_limited() || !can_start_threads())
        return;
    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (library)
        (void)cs_symbol_find(library, "cblas_sgemm", &sgemm);
}

const cs_gemm_ops *cs_gemm_blas(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return sgemm ? &cs_gemm_ops_blas : NULL;
}

/* ---------------------------------------------------------------- the product */

static void product(const float *x, size_t ldx, size_t m, size_t k, const float *rows, size_t outputs, float beta,
                    float *y, size_t ldy)
{
    sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)outputs, (blasint)k, 1, x, (blasint)ldx, rows,
          (blasint)k, beta, y, (blasint)ldy);
}

static void multiply(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs,
                     cs_gemm_ahead ahead, float *y, size_t ldy)
{
    (void)ahead;
    product(x, ldx, m, k, packed, outputs, 0, y, ldy);
}

const cs_gemm_ops cs_gemm_ops_blas = {.name = "gemm blas",
                                      .panel = PANEL,
                                      .scratch = scratch,
                                      .packed_size = packed_size,
                                      .pack = pack,
                                      .pack_columns = pack_columns,
                                      .multiply = multiply};

/* Outputs [first, first + outputs), their weights given as float rows. */
static void run_part(const cs_gemm_job *job, const float *rows, size_t first, size_t outputs)
{
    const size_t k = job->w->k;
    float *y = job->y + first;
    if (job->residual != job->y) {
        product(job->x, job->ldx, job->m, k, rows, outputs, 0, y, job->ldy);
        cs_gemm_finish(job, y, job->ldy, 0, job->m, first, outputs);
    } else if (job->act == CS_ACT_NONE) { /* the product is added where the residual lies */
        product(job->x, job->ldx, job->m, k, rows, outputs, 1, y, job->ldy);
        cs_gemm_job rest = *job;
        rest.residual = NULL;
        cs_gemm_finish(&rest, y, job->ldy, 0, job->m, first, outputs);
    } else {
        float sums[BLOCK * PANEL];
        for (size_t part = 0; part < outputs; part += PANEL) {
            size_t wide = outputs - part < PANEL ? outputs - part : PANEL;
            for (size_t i = 0; i < job->m; i += BLOCK) {
                size_t high = job->m - i < BLOCK ? job->m - i : BLOCK;
                product(job->x + i * job->ldx, job->ldx, high, k, rows + part * k, wide, 0, sums, PANEL);
                cs_gemm_finish(job, sums, PANEL, i, high, first + part, wide);
            }
        }
    }
}

void cs_gemm_blas_run(const cs_gemm_job *job)
{
    const cs_gemm_weights *w = job->w;
    if (w->packed) {
        run_part(job, w->packed, 0, w->n);
    } else if (w->dtype == CS_F32 && (uintptr_t)w->rows % _Alignof(float) == 0) {
        run_part(job, w->rows, 0, w->n);
    } else {
        for (size_t first = 0; first < w->n; first += PANEL) {
            pack(w, first / PANEL, 1, job->scratch);
            run_part(job, job->scratch, first, w->n - first < PANEL ? w->n - first : PANEL);
        }
    }
}

const char *cs_gemm_library(void)
{
    if (sgemm)
        return "loaded";
    return tried ? "not loaded: it is not installed, or a limit on memory or processes is set"
                 : "not loaded: only the level c uses it";
}
