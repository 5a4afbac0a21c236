/* SPDX-License-Identifier: MIT
 * qconv.h - the inner loop of a convolution in 8 bits: rows of scattered runs of codes times weights of 8 bits. */
#ifndef CS_KERNELS_QCONV_H
#define CS_KERNELS_QCONV_H

#include "kernels/cpu.h"
#include "kernels/qgemm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Weights are those of qgemm.h: signed 8 bits with a scale for each output, the sum of neighbours limited so that AVX2
 * cannot saturate. Inputs are unsigned with one scale for all taps of an output pixel: sums are exact, and what is made
 * of them by floats is done in one order without fused multiply-add. So every table gives the same bits.
 *
 * Kernels of one tap, whose inputs have a scale for each pixel, have codes up to 191 and not 255: neighbouring weights
 * may then add up to 171 in place of 128, and there it is the weights' error that counts. Larger kernels, with one
 * scale for a whole image, need the finer inputs. docs/precision.md has what was measured.
 */
enum {
    CS_QCONV_CODES = 255,
    CS_QCONV_POINT_CODES = 191,
    CS_QCONV_GROUP = CS_QGEMM_GROUP, /* a run is a multiple of this many bytes, zeros behind its channels */
    CS_QCONV_STRIP = CS_PANEL_STRIP,
    CS_QCONV_PANEL = CS_PANEL,
    CS_QCONV_ROWS = CS_PANEL_ROWS
};

/* How values were quantized: code c stands for (c - zero) * scale. */
typedef struct cs_qconv_scale {
    float scale;        /* NaN: a value was NaN or infinite; all outputs are NaN then */
    int32_t zero, most; /* most: the greatest code */
} cs_qconv_scale;

/* One call: `rows` output pixels by `outputs` channels. The inputs of an output pixel are `runs` runs of `run` bytes
 * each (a tap's channels), anywhere in memory; K = runs * run <= CS_QGEMM_MAX_K in all. */
typedef struct cs_qconv_call {
    const uint8_t *const *starts; /* [runs, rows] where each run begins */
    const uint8_t *together;      /* instead of `starts`, for tables that say so: the first row's runs, one after the */
    size_t apart;                 /* other, and the bytes from it to the next row's */
    size_t runs, run;
    size_t rows, outputs; /* at most CS_QCONV_ROWS and CS_QCONV_PANEL */
    const int8_t *codes;  /* the panel's weights: strips of [K / 4, 16, 4] */
    size_t ahead;         /* bytes from them to those that are read next; 0: there are none, or not near */
    const float *scales;  /* of the weights, [outputs rounded up to strips], as the next two */
    const int32_t *sums;  /* of the weights' codes */
    const float *bias;
    const cs_qconv_scale *inputs; /* [rows]: how each pixel's inputs were quantized */
    const float *residual;        /* [rows, outputs], row stride ldy, or NULL; may be y */
    float *y;                     /* [rows, outputs], row stride ldy */
    size_t ldy;
    float low, high; /* the results are clamped to these: 0 and infinity are ReLU */
} cs_qconv_call;

typedef struct cs_qconv_ops {
    const char *name;
    bool together; /* a row's inputs are read from `together` */
    /* y = clamp(sum * scales[o] * inputs[i].scale + bias[o] + residual), the sum being of (code - zero) * weight. */
    void (*multiply)(const cs_qconv_call *call);
    /* Add the rows of x [rows, n], `apart` floats from row to row, to sums [n], in their order. ranges [rows]: a row's
     * least and greatest value, or 0 beyond them; NaN, both, when one of its values is NaN or infinite. */
    void (*meet)(const float *x, size_t apart, size_t rows, size_t n, float *sums, float (*ranges)[2]);
    /* Codes of x [n], zeros up to `run` behind them. */
    void (*quantize)(const float *x, size_t n, const cs_qconv_scale *scale, uint8_t *codes, size_t run);
} cs_qconv_ops;

/* The best table that needs nothing beside `flags`; NULL when the processor lacks one of them. */
const cs_qconv_ops *cs_qconv_ops_for(cs_cpu_flags flags);
const cs_qconv_ops *cs_qconv_ops_best(void);

/* Copy the runs of each row together: to row i of `to`, `apart` bytes from row to row. */
void cs_qconv_gather(const uint8_t *const *starts, size_t runs, size_t run, size_t rows, uint8_t *to, size_t apart);

/* The scale at which values from `least` <= 0 to `most` >= 0 take all codes up to `codes`. */
cs_qconv_scale cs_qconv_scale_of(float least, float most, int32_t codes);

#endif
