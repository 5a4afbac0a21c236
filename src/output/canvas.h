/* SPDX-License-Identifier: MIT
 * canvas.h - drawing rectangles, images and letters into an RGB image. */
#ifndef CS_OUTPUT_CANVAS_H
#define CS_OUTPUT_CANVAS_H

#include "base/error.h"

/* An image to draw into. What lies outside of it is not drawn. */
typedef struct cs_canvas {
    uint8_t *rgb; /* [height, width, 3], owned */
    uint32_t width, height;
} cs_canvas;

/* 0xRRGGBB */
typedef uint32_t cs_color;

/* All pixels of one colour. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_canvas_make(cs_canvas *canvas, uint32_t width, uint32_t height, cs_color color,
                                 clipsearch_error *err);
void cs_canvas_free(cs_canvas *canvas);

void cs_canvas_fill(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, uint32_t height, cs_color color);

/* The outline, one pixel wide, inside the rectangle. */
void cs_canvas_frame(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, uint32_t height, cs_color color);

void cs_canvas_image(cs_canvas *canvas, uint32_t x, uint32_t y, const clipsearch_image *image);

/* Put pixels over the canvas: `argb` [height, stride] bytes, each pixel a native 32-bit number 0xAARRGGBB whose colours
 * are already multiplied by its opacity, as Cairo has them. `y` may lie above the canvas. */
void cs_canvas_blend(cs_canvas *canvas, uint32_t x, int64_t y, const uint8_t *argb, size_t stride, uint32_t width,
                     uint32_t height);

/* The first `letters` letters of `text`, each dot `scale` x `scale` pixels. */
void cs_canvas_text(cs_canvas *canvas, uint32_t x, uint32_t y, const char *text, size_t letters, uint32_t scale,
                    cs_color color);

#endif
