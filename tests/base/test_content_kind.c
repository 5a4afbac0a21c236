/* SPDX-License-Identifier: MIT
 * test_content_kind.c - files are known by their first bytes. */
#include "base/content_kind.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

struct example {
    const char *bytes;
    size_t size;
    const char *name;
    cs_image_format format;
    bool is_image;
};

#define BYTES(TEXT) TEXT, sizeof TEXT - 1

static const struct example examples[] = {
    {BYTES(""), "empty file", CS_FORMAT_NONE, false},
    {BYTES("\0"), "file of an unknown kind", CS_FORMAT_NONE, false},
    {BYTES("\1\2\3\4"), "file of an unknown kind", CS_FORMAT_NONE, false},
    {BYTES("\xff\xd8\xff"), "JPEG image", CS_FORMAT_JPEG, true},
    {BYTES("\x89PNG"), "PNG image", CS_FORMAT_PNG, true},
    {BYTES("GIF87a"), "GIF image", CS_FORMAT_GIF, true},
    {BYTES("BM\x46\0\0\0\0\0\0\0\x36\0\0\0"), "BMP image", CS_FORMAT_BMP, true},
    {BYTES("BM is how this text begins"), "text file", CS_FORMAT_NONE, false},
    {BYTES("RIFF\x10\0\0\0WEBPVP8 "), "WebP image", CS_FORMAT_WEBP, true},
    {BYTES("RIFF\x10\0\0\0WAVEfmt "), "sound file", CS_FORMAT_NONE, false},
    {BYTES("RIFF\x10\0\0\0AVI LIST"), "video", CS_FORMAT_NONE, false},
    {BYTES("RIFF\x10\0\0\0????"), "file of an unknown kind", CS_FORMAT_NONE, false},
    {BYTES("P6\n# by hand\n2 1\n255\n......"), "PNM image", CS_FORMAT_PNM, true},
    {BYTES("P1 0"), "PNM image", CS_FORMAT_PNM, true},
    {BYTES("P6 is my favourite key"), "text file", CS_FORMAT_NONE, false},
    {BYTES("P7\nWIDTH 1\n"), "PAM image", CS_FORMAT_NONE, true},
    {BYTES("Pf\n1 1\n-1.0\n"), "PFM image", CS_FORMAT_NONE, true},
    {BYTES("II*\0\x08\0\0\0\1\0\x00\1\3\0\1\0\0\0\6\0\0\0"), "TIFF image", CS_FORMAT_TIFF, true},
    {BYTES("MM\0*\0\0\0\x08\0\1\1\0\0\3\0\0\0\1\0\6\0\0"), "TIFF image", CS_FORMAT_TIFF, true},
    {BYTES("II*\0\xff\xff\xff\xff"), "TIFF image", CS_FORMAT_TIFF, true},
    {BYTES("MM\0*\xff"), "TIFF image", CS_FORMAT_TIFF, true},
    {BYTES("MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10"), "TIFF image", CS_FORMAT_TIFF, true},
    {BYTES("II*\0\x10\0\0\0CR\2\0"), "camera RAW image", CS_FORMAT_NONE, true},
    {BYTES("II*\0\x08\0\0\0\1\0\x12\xc6\1\0\4\0\0\0\1\4\0\0"), "camera RAW image", CS_FORMAT_NONE, true},
    {BYTES("MM\0*\0\0\0\x08\0\3\0\xfe\0\4\0\0\0\1\0\0\0\1\1\x0f\0\2\0\0\0\4abc\0\1\x4a\0\4\0\0\0\1\0\0\0\0"),
     "camera RAW image", CS_FORMAT_NONE, true},
    {BYTES("MM\0*\0\0\0\x08\0\3\0\xfe\0\4\0\0\0\1\0\0\0\0\1\x0f\0\2\0\0\0\4abc\0\1\x4a\0\4\0\0\0\1\0\0\0\0"),
     "TIFF image", CS_FORMAT_TIFF, true},
    {BYTES("FUJIFILMCCD-RAW 0201"), "camera RAW image", CS_FORMAT_NONE, true},
    {BYTES("\0\0\0\x18"
           "ftypheic\0\0\0\0mif1heic"),
     "HEIC image", CS_FORMAT_HEIC, true},
    {BYTES("\0\0\0\x18"
           "ftypmif1\0\0\0\0mif1heic"),
     "HEIC image", CS_FORMAT_HEIC, true},
    {BYTES("\0\0\0\x18"
           "ftypmif1\0\0\0\0mif1avif"),
     "AVIF image", CS_FORMAT_AVIF, true},
    {BYTES("\0\0\0\x10"
           "ftypmif1\0\0\0\0avif"),
     "HEIF image", CS_FORMAT_NONE, true}, /* the brand stands behind the box */
    {BYTES("\0\0\0\x18"
           "ftypavis\0\0\0\0msf1iso8"),
     "AVIF image", CS_FORMAT_AVIF, true},
    {BYTES("\0\0\0\x18"
           "ftypcrx \0\0\0\1crx isom"),
     "camera RAW image", CS_FORMAT_NONE, true},
    {BYTES("\0\0\0\x18"
           "ftypisom\0\0\0\0avc1mp41"),
     "video", CS_FORMAT_NONE, false},
    {BYTES("\0\0\0\x18"
           "ftypqt  \0\0\0\0qt  "),
     "video", CS_FORMAT_NONE, false},
    {BYTES("\0\0\0\x18"
           "ftypM4A \0\0\0\0"),
     "sound file", CS_FORMAT_NONE, false},
    {BYTES("\0\0\0\x18"
           "ftyp"),
     "video", CS_FORMAT_NONE, false},
    {BYTES("\x1a\x45\xdf\xa3\x01"), "video", CS_FORMAT_NONE, false},
    {BYTES("\xff\x0a\x00\x10"), "JPEG XL image", CS_FORMAT_NONE, true},
    {BYTES("\0\0\0\x0cJXL \r\n\x87\n"), "JPEG XL image", CS_FORMAT_NONE, true},
    {BYTES("\0\0\0\x0cjP  \r\n\x87\n"), "JPEG 2000 image", CS_FORMAT_NONE, true},
    {BYTES("\xff\x4f\xff\x51\0"), "JPEG 2000 image", CS_FORMAT_NONE, true},
    {BYTES("8BPS\0\1"), "Photoshop image", CS_FORMAT_NONE, true},
    {BYTES("\0\0\1\0\1\0"), "icon", CS_FORMAT_NONE, true},
    {BYTES("<?xml version=\"1.0\"?>\n<SVG width=\"1\"/>"), "SVG image", CS_FORMAT_NONE, true},
    {BYTES("\n<!DOCTYPE html><title>404</title>"), "HTML page", CS_FORMAT_NONE, false},
    {BYTES("caf\xc3\xa9"), "text file", CS_FORMAT_NONE, false},
    {BYTES("\xef\xbb\xbfr\xc3\xa9sum\xc3\xa9"), "text file", CS_FORMAT_NONE, false},
    {BYTES("a\1"), "file of an unknown kind", CS_FORMAT_NONE, false},
    {BYTES("%PDF-1.7\n"), "PDF document", CS_FORMAT_NONE, false},
    {BYTES("PK\3\4\24\0\6\0\10\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml"), "document",
     CS_FORMAT_NONE, false},
    {BYTES("PK\3\4\24\0\6\0\10\0\0\0!\0"), "archive", CS_FORMAT_NONE, false},
    {BYTES("\x1f\x8b\10"), "archive", CS_FORMAT_NONE, false},
    {BYTES("ID3\3\0"), "sound file", CS_FORMAT_NONE, false},
    {BYTES("SQLite format 3\0\x10"), "database", CS_FORMAT_NONE, false},
};

static void test_examples(void)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *e = &examples[i];
        char *exact = malloc(e->size + 1); /* so that the sanitizer sees a read behind the bytes */
        memcpy(exact + 1, e->bytes, e->size);
        const cs_content_kind *kind = cs_content_kind_of(exact + 1, e->size);
        TAP_OK(strcmp(kind->name, e->name) == 0 && kind->format == e->format && kind->is_image == e->is_image,
               "example %zu is %s %s; several are %s", i, cs_content_kind_article(kind), kind->name, kind->many);
        free(exact);
    }
}

/* No prefix of an example is read behind its end, and none is an image of another format. */
static void test_prefixes(void)
{
    size_t others = 0;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (size_t size = 0; size < examples[i].size; size++) {
            char *exact = malloc(size + 1);
            memcpy(exact + 1, examples[i].bytes, size);
            cs_image_format format = cs_content_kind_of(exact + 1, size)->format;
            others += format != CS_FORMAT_NONE && format != examples[i].format && format != CS_FORMAT_TIFF;
            free(exact);
        }
    TAP_OK(others == 0, "a beginning of these bytes is never taken for another format that is read");
}

static void test_articles(void)
{
    TAP_OK(strcmp(cs_content_kind_article(cs_content_kind_of("<svg/>", 6)), "an") == 0 &&
               strcmp(cs_content_kind_article(cs_content_kind_of("<html>", 6)), "an") == 0 &&
               strcmp(cs_content_kind_article(cs_content_kind_of("", 0)), "an") == 0 &&
               strcmp(cs_content_kind_article(cs_content_kind_of("GIF8", 4)), "a") == 0,
           "an SVG image, an HTML page, an empty file, a GIF image");
}

int main(void)
{
    test_examples();
    test_prefixes();
    test_articles();
    return tap_done();
}
