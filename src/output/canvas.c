/* SPDX-License-Identifier: MIT
 * canvas.c - drawing. */
#include "output/canvas.h"

#include "base/mem.h"
#include "output/font.h"

#include <string.h>

clipsearch_status cs_canvas_make(cs_canvas *canvas, uint32_t width, uint32_t height, cs_color color,
                                 clipsearch_error *err)
{
    *canvas = (cs_canvas){.width = width, .height = height};
    canvas->rgb = cs_alloc_array((size_t)width * height, 3);
    if (!canvas->rgb)
        return cs_fail_memory(err, "a contact sheet");
    cs_canvas_fill(canvas, 0, 0, width, height, color);
    return CLIPSEARCH_OK;
}

void cs_canvas_free(cs_canvas *canvas)
{
    cs_free(canvas->rgb);
    *canvas = (cs_canvas){0};
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void cs_canvas_fill(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, uint32_t height, cs_color color)
{
    uint32_t left = lesser(x, canvas->width), right = left + lesser(width, canvas->width - left);
    uint32_t top = lesser(y, canvas->height), bottom = top + lesser(height, canvas->height - top);
    for (uint32_t row = top; row < bottom; row++) {
        uint8_t *pixel = canvas->rgb + ((size_t)row * canvas->width + left) * 3;
        for (uint32_t column = left; column < right; column++) {
            *pixel++ = (uint8_t)(color >> 16);
            *pixel++ = (uint8_t)(color >> 8);
            *pixel++ = (uint8_t)color;
        }
    }
}

void cs_canvas_frame(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t width, uint32_t height, cs_color color)
{
    cs_canvas_fill(canvas, x, y, width, 1, color);
    cs_canvas_fill(canvas, x, y + height - 1, width, 1, color);
    cs_canvas_fill(canvas, x, y, 1, height, color);
    cs_canvas_fill(canvas, x + width - 1, y, 1, height, color);
}

void cs_canvas_image(cs_canvas *canvas, uint32_t x, uint32_t y, const clipsearch_image *image)
{
    if (x >= canvas->width || y >= canvas->height)
        return;
    uint32_t width = lesser(image->width, canvas->width - x), height = lesser(image->height, canvas->height - y);
    for (uint32_t row = 0; row < height; row++)
        memcpy(canvas->rgb + ((size_t)(y + row) * canvas->width + x) * 3, image->rgb + (size_t)row * image->width * 3,
               (size_t)width * 3);
}

void cs_canvas_blend(cs_canvas *canvas, uint32_t x, int64_t y, const uint8_t *argb, size_t stride, uint32_t width,
                     uint32_t height)
{
    const uint32_t right = x < canvas->width ? lesser(width, canvas->width - x) : 0;
    for (uint32_t row = 0; row < height; row++) {
        if (y + row < 0 || y + row >= canvas->height)
            continue;
        uint8_t *out = canvas->rgb + ((size_t)(y + row) * canvas->width + x) * 3;
        for (uint32_t column = 0; column < right; column++, out += 3) {
            uint32_t pixel;
            memcpy(&pixel, argb + row * stride + (size_t)column * 4, sizeof pixel);
            const uint32_t rest = 255 - (pixel >> 24);
            for (int i = 0; i < 3; i++) { /* the sum cannot pass 255: colours are at most the opacity */
                uint32_t sum = (pixel >> (16 - 8 * i) & 0xFF) + (out[i] * rest + 127) / 255;
                out[i] = (uint8_t)lesser(sum, 255);
            }
        }
    }
}

static void draw_letter(cs_canvas *canvas, uint32_t x, uint32_t y, uint32_t letter, uint32_t scale, cs_color color)
{
    const uint8_t *dots = cs_font_glyph(letter);
    for (uint32_t row = 0; row < CS_FONT_SIZE; row++)
        for (uint32_t column = 0; column < CS_FONT_SIZE; column++)
            if (dots[row] & 0x80 >> column)
                cs_canvas_fill(canvas, x + column * scale, y + row * scale, scale, scale, color);
}

void cs_canvas_text(cs_canvas *canvas, uint32_t x, uint32_t y, const char *text, size_t letters, uint32_t scale,
                    cs_color color)
{
    for (uint32_t letter; letters-- && (letter = cs_font_next(&text)); x += CS_FONT_ADVANCE * scale)
        draw_letter(canvas, x, y, letter, scale, color);
}
