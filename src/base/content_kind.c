/* SPDX-License-Identifier: MIT
 * content_kind.c - files are recognised by their first bytes, never by their names.
 *
 * Sources: the formats' specifications, and for what has none the magic(5) entries of file(1) as facts. */
#include "base/content_kind.h"

#include <stdint.h>
#include <string.h>

#define IMAGE(NAME, FORMAT)                                                                                            \
    {                                                                                                                  \
        NAME " image", NAME " images", FORMAT, true                                                                    \
    }

static const cs_content_kind jpeg = IMAGE("JPEG", CS_FORMAT_JPEG), png = IMAGE("PNG", CS_FORMAT_PNG),
                             gif = IMAGE("GIF", CS_FORMAT_GIF), bmp = IMAGE("BMP", CS_FORMAT_BMP),
                             pnm = IMAGE("PNM", CS_FORMAT_PNM), webp = IMAGE("WebP", CS_FORMAT_WEBP),
                             tiff = IMAGE("TIFF", CS_FORMAT_TIFF), heic = IMAGE("HEIC", CS_FORMAT_HEIC),
                             avif = IMAGE("AVIF", CS_FORMAT_AVIF), jxl = IMAGE("JPEG XL", CS_FORMAT_NONE),
                             jp2 = IMAGE("JPEG 2000", CS_FORMAT_NONE), heif = IMAGE("HEIF", CS_FORMAT_NONE),
                             jxr = IMAGE("JPEG XR", CS_FORMAT_NONE), psd = IMAGE("Photoshop", CS_FORMAT_NONE),
                             raw = IMAGE("camera RAW", CS_FORMAT_NONE), svg = IMAGE("SVG", CS_FORMAT_NONE),
                             icon = {"icon", "icons", CS_FORMAT_NONE, true}, exr = IMAGE("OpenEXR", CS_FORMAT_NONE),
                             hdr = IMAGE("Radiance HDR", CS_FORMAT_NONE), qoi = IMAGE("QOI", CS_FORMAT_NONE),
                             dds = IMAGE("DDS", CS_FORMAT_NONE), xcf = IMAGE("GIMP", CS_FORMAT_NONE),
                             pam = IMAGE("PAM", CS_FORMAT_NONE), pfm = IMAGE("PFM", CS_FORMAT_NONE),
                             fits = IMAGE("FITS", CS_FORMAT_NONE), djvu = IMAGE("DjVu", CS_FORMAT_NONE);

static const cs_content_kind video = {"video", "videos", CS_FORMAT_NONE, false},
                             sound = {"sound file", "sound files", CS_FORMAT_NONE, false},
                             pdf = {"PDF document", "PDF documents", CS_FORMAT_NONE, false},
                             document = {"document", "documents", CS_FORMAT_NONE, false},
                             archive = {"archive", "archives", CS_FORMAT_NONE, false},
                             database = {"database", "databases", CS_FORMAT_NONE, false},
                             program = {"program", "programs", CS_FORMAT_NONE, false},
                             html = {"HTML page", "HTML pages", CS_FORMAT_NONE, false},
                             text = {"text file", "text files", CS_FORMAT_NONE, false},
                             empty = {"empty file", "empty files", CS_FORMAT_NONE, false},
                             unknown = {"file of an unknown kind", "files of unknown kinds", CS_FORMAT_NONE, false};

/* A kind is known by `magic` at `offset` and, where that is not enough, also by `more` at `more_offset`. */
struct magic {
    const cs_content_kind *kind;
    size_t offset, length;
    const char *magic;
    size_t more_offset, more_length;
    const char *more;
};

/* The first entry that matches is used. JPEG and PNG are known by as few bytes as leave no doubt, so that their decoder
 * can say what is wrong with a file that is truncated or damaged just after them. */
static const struct magic magics[] = {
    {&jpeg, 0, 3, "\xff\xd8\xff", 0, 0, NULL},
    {&png, 0, 4, "\x89PNG", 0, 0, NULL},
    {&gif, 0, 4, "GIF8", 0, 0, NULL},
    {&webp, 0, 4, "RIFF", 8, 4, "WEBP"},
    {&bmp, 0, 2, "BM", 6, 4, "\0\0\0\0"}, /* its reserved field */
    {&jxl, 0, 12, "\0\0\0\x0cJXL \r\n\x87\n", 0, 0, NULL},
    {&jxl, 0, 2, "\xff\x0a", 0, 0, NULL},
    {&jp2, 0, 12, "\0\0\0\x0cjP  \r\n\x87\n", 0, 0, NULL},
    {&jp2, 0, 4, "\xff\x4f\xff\x51", 0, 0, NULL},
    {&psd, 0, 4, "8BPS", 0, 0, NULL},
    {&icon, 0, 4, "\0\0\1\0", 0, 0, NULL},
    {&icon, 0, 4, "icns", 0, 0, NULL},
    {&raw, 0, 15, "FUJIFILMCCD-RAW", 0, 0, NULL},
    {&raw, 0, 4, "IIRO", 0, 0, NULL}, /* Olympus */
    {&raw, 0, 4, "IIRS", 0, 0, NULL},
    {&raw, 0, 4, "MMOR", 0, 0, NULL},
    {&raw, 0, 4, "IIU\0", 0, 0, NULL}, /* Panasonic */
    {&raw, 0, 4, "\0MRM", 0, 0, NULL}, /* Minolta */
    {&raw, 0, 4, "FOVb", 0, 0, NULL},  /* Sigma */
    {&raw, 0, 4, "II*\0", 8, 3, "CR\2"},
    {&jxr, 0, 3, "II\xbc", 0, 0, NULL},
    {&exr, 0, 4, "\x76\x2f\x31\x01", 0, 0, NULL},
    {&hdr, 0, 10, "#?RADIANCE", 0, 0, NULL},
    {&qoi, 0, 4, "qoif", 0, 0, NULL},
    {&dds, 0, 4, "DDS ", 0, 0, NULL},
    {&xcf, 0, 9, "gimp xcf ", 0, 0, NULL},
    {&pam, 0, 3, "P7\n", 0, 0, NULL},
    {&pfm, 0, 3, "PF\n", 0, 0, NULL},
    {&pfm, 0, 3, "Pf\n", 0, 0, NULL},
    {&fits, 0, 9, "SIMPLE  =", 0, 0, NULL},
    {&djvu, 0, 8, "AT&TFORM", 0, 0, NULL},
    {&video, 0, 4, "\x1a\x45\xdf\xa3", 0, 0, NULL}, /* Matroska, WebM */
    {&video, 0, 4, "RIFF", 8, 4, "AVI "},
    {&video, 0, 4, "\0\0\1\xba", 0, 0, NULL}, /* MPEG program stream */
    {&video, 0, 4, "\0\0\1\xb3", 0, 0, NULL}, /* MPEG elementary stream */
    {&video, 0, 1, "\x47", 188, 1, "\x47"},   /* MPEG transport stream */
    {&video, 4, 1, "\x47", 196, 1, "\x47"},   /* the same of camcorders, with time codes */
    {&video, 0, 4, "FLV\1", 0, 0, NULL},
    {&video, 0, 8, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0, 0, NULL}, /* ASF, WMV */
    {&video, 4, 4, "moov", 0, 0, NULL},                             /* QuickTime before there was ftyp */
    {&video, 4, 4, "mdat", 0, 0, NULL},
    {&video, 4, 4, "wide", 0, 0, NULL},
    {&sound, 0, 4, "RIFF", 8, 4, "WAVE"},
    {&sound, 0, 3, "ID3", 0, 0, NULL},
    {&sound, 0, 2, "\xff\xfb", 0, 0, NULL}, /* MPEG layer 3 */
    {&sound, 0, 2, "\xff\xf3", 0, 0, NULL},
    {&sound, 0, 2, "\xff\xf1", 0, 0, NULL}, /* AAC */
    {&sound, 0, 4, "fLaC", 0, 0, NULL},
    {&sound, 0, 4, "OggS", 0, 0, NULL},
    {&sound, 0, 4, "MThd", 0, 0, NULL},
    {&sound, 0, 5, "#!AMR", 0, 0, NULL},
    {&pdf, 0, 5, "%PDF-", 0, 0, NULL},
    {&document, 0, 8, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, 0, NULL}, /* Office until 2003 */
    {&document, 0, 5, "{\\rtf", 0, 0, NULL},
    {&document, 0, 4, "%!PS", 0, 0, NULL},
    {&document, 0, 4, "PK\3\4", 30, 19, "[Content_Types].xml"},  /* Office since 2007 */
    {&document, 0, 4, "PK\3\4", 30, 20, "mimetypeapplication/"}, /* OpenDocument, EPUB */
    {&archive, 0, 4, "PK\3\4", 0, 0, NULL},
    {&archive, 0, 4, "PK\5\6", 0, 0, NULL},
    {&archive, 0, 2, "\x1f\x8b", 0, 0, NULL},
    {&archive, 0, 6, "7z\xbc\xaf\x27\x1c", 0, 0, NULL},
    {&archive, 0, 6, "Rar!\x1a\7", 0, 0, NULL},
    {&archive, 0, 6,
     "\xfd"
     "7zXZ\0",
     0, 0, NULL},
    {&archive, 0, 3, "BZh", 0, 0, NULL},
    {&archive, 0, 4, "\x28\xb5\x2f\xfd", 0, 0, NULL},
    {&archive, 257, 5, "ustar", 0, 0, NULL},
    {&database, 0, 16, "SQLite format 3", 0, 0, NULL},
    {&text, 0, 2, "\xff\xfe", 0, 0, NULL}, /* UTF-16's byte order mark */
    {&text, 0, 2, "\xfe\xff", 0, 0, NULL},
    {&program, 0, 4,
     "\x7f"
     "ELF",
     0, 0, NULL},
};

/* What the box "ftyp" of an ISO media file names first, or among the brands that it is compatible with. */
struct brand {
    const cs_content_kind *kind;
    const char *name; /* 4 bytes, or fewer for all names that begin so */
};

static const struct brand brands[] = {
    {&avif, "avi"}, {&heic, "hei"}, {&heic, "hev"}, {&raw, "crx "}, {&sound, "M4A"}, {&sound, "M4B"}, {&jp2, "jp2"},
};

struct bytes {
    const uint8_t *data;
    size_t size;
};

static bool holds(struct bytes bytes, size_t offset, const char *expected, size_t length)
{
    return length <= bytes.size && offset <= bytes.size - length &&
           (length == 0 || memcmp(bytes.data + offset, expected, length) == 0);
}

static const cs_content_kind *kind_of_brand(struct bytes bytes, size_t at)
{
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++)
        if (holds(bytes, at, brands[i].name, strlen(brands[i].name)))
            return brands[i].kind;
    return NULL;
}

/* An ISO media file: HEIC, AVIF, MP4, QuickTime and others. */
static const cs_content_kind *media_kind(struct bytes bytes)
{
    const uint8_t *p = bytes.data;
    const cs_content_kind *kind = kind_of_brand(bytes, 8);
    if (kind)
        return kind;
    if (!holds(bytes, 8, "mif", 3) && !holds(bytes, 8, "msf", 3) && !holds(bytes, 8, "miaf", 4))
        return &video;
    /* "some image": the other brands say which */
    size_t end = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (end > bytes.size)
        end = bytes.size;
    for (size_t at = 16; at + 4 <= end; at += 4) {
        kind = kind_of_brand(bytes, at);
        if (kind && kind->is_image)
            return kind;
    }
    return &heif;
}

static uint32_t read_number(struct bytes bytes, size_t at, size_t length)
{
    const bool big_endian = bytes.data[0] == 'M';
    uint32_t value = 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes.data[big_endian ? at + i : at + length - 1 - i];
    return value;
}

/* A TIFF file, or the camera RAW formats in its shape (DNG, NEF, ARW and others): their first directory describes a
 * small preview, names the camera, and points to the real image. */
static const cs_content_kind *tiff_kind(struct bytes bytes)
{
    enum { NEW_SUBFILE_TYPE = 254, MAKE = 271, SUB_IFDS = 330, DNG_VERSION = 50706, ENTRY_BYTES = 12 };
    if (bytes.size < 8 || read_number(bytes, 2, 2) != 42)
        return &tiff;
    size_t at = read_number(bytes, 4, 4);
    if (bytes.size < 2 || at > bytes.size - 2)
        return &tiff;
    const size_t entries = read_number(bytes, at, 2);
    bool is_preview = false, has_make = false, has_others = false;
    at += 2;
    for (size_t i = 0; i < entries && at + ENTRY_BYTES <= bytes.size; i++, at += ENTRY_BYTES) {
        const uint32_t tag = read_number(bytes, at, 2);
        if (tag == DNG_VERSION)
            return &raw;
        is_preview |= tag == NEW_SUBFILE_TYPE && (read_number(bytes, at + 8, 4) & 1);
        has_make |= tag == MAKE;
        has_others |= tag == SUB_IFDS;
    }
    return is_preview && has_make && has_others ? &raw : &tiff;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* "P1" to "P6", white space or comments, and a digit. */
static bool is_pnm(struct bytes bytes)
{
    const uint8_t *p = bytes.data;
    if (bytes.size < 4 || p[0] != 'P' || p[1] < '1' || p[1] > '6' || !is_space(p[2]))
        return false;
    bool in_comment = false;
    for (size_t at = 3; at < bytes.size; at++) {
        if (in_comment)
            in_comment = p[at] != '\n' && p[at] != '\r';
        else if (p[at] == '#')
            in_comment = true;
        else if (!is_space(p[at]))
            return p[at] >= '0' && p[at] <= '9';
    }
    return false;
}

enum { TEXT_PEEK = 512 }; /* bytes that are read to find out what kind of text it is */

/* `word` (lower case) in the first TEXT_PEEK bytes, in any case. */
static bool mentions(struct bytes bytes, const char *word)
{
    size_t length = strlen(word), end = bytes.size < TEXT_PEEK ? bytes.size : TEXT_PEEK;
    for (size_t i = 0; i + length <= end; i++) {
        size_t n = 0;
        while (n < length && (bytes.data[i + n] >= 'A' && bytes.data[i + n] <= 'Z' ? bytes.data[i + n] + 32
                                                                                   : bytes.data[i + n]) == word[n])
            n++;
        if (n == length)
            return true;
    }
    return false;
}

/* What kind of text the bytes are: they begin with ASCII or a byte order mark, and the first TEXT_PEEK hold no control
 * characters except white space and escape. NULL: no text. */
static const cs_content_kind *text_kind(struct bytes bytes)
{
    if (bytes.data[0] >= 128 && !holds(bytes, 0, "\xef\xbb\xbf", 3))
        return NULL;
    for (size_t i = 0; i < bytes.size && i < TEXT_PEEK; i++)
        if (bytes.data[i] == 127 || (bytes.data[i] < 32 && !is_space(bytes.data[i])))
            return NULL;
    if (mentions(bytes, "<svg"))
        return &svg;
    if (mentions(bytes, "<html") || mentions(bytes, "<!doctype html"))
        return &html;
    return &text;
}

const cs_content_kind *cs_content_kind_of(const void *data, size_t size)
{
    const struct bytes bytes = {data, size};
    if (size == 0)
        return &empty;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        const struct magic *m = &magics[i];
        if (holds(bytes, m->offset, m->magic, m->length) && holds(bytes, m->more_offset, m->more, m->more_length))
            return m->kind;
    }
    if (holds(bytes, 4, "ftyp", 4))
        return media_kind(bytes);
    if (holds(bytes, 0, "II*\0", 4) || holds(bytes, 0, "MM\0*", 4) || holds(bytes, 0, "II+\0", 4) ||
        holds(bytes, 0, "MM\0+", 4))
        return tiff_kind(bytes);
    if (is_pnm(bytes))
        return &pnm;
    const cs_content_kind *kind = text_kind(bytes);
    return kind ? kind : &unknown;
}

const char *cs_content_kind_article(const cs_content_kind *kind)
{
    /* as the names are spoken: "an SVG image", "an HTML page", "a video" */
    return strchr("AEIOaeio", kind->name[0]) || kind == &svg || kind == &html ? "an" : "a";
}
