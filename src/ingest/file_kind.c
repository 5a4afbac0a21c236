/* SPDX-License-Identifier: MIT
 * file_kind.c - one table of suffixes, one of first bytes. */
#include "ingest/file_kind.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[CS_FILE_KINDS] = {
    [CS_KIND_JPEG] = "JPEG",
    [CS_KIND_PNG] = "PNG",
    [CS_KIND_WEBP] = "WebP",
    [CS_KIND_GIF] = "GIF",
    [CS_KIND_TIFF] = "TIFF",
    [CS_KIND_HEIC] = "HEIC",
    [CS_KIND_AVIF] = "AVIF",
    [CS_KIND_BMP] = "BMP",
    [CS_KIND_PNM] = "PNM",
    [CS_KIND_JPEG_XL] = "JPEG XL",
    [CS_KIND_JPEG_2000] = "JPEG 2000",
    [CS_KIND_RAW] = "camera RAW",
    [CS_KIND_SVG] = "SVG",
    [CS_KIND_PHOTOSHOP] = "PSD",
    [CS_KIND_ICON] = "icon",
    [CS_KIND_OTHER_IMAGE] = "other image",
    [CS_KIND_VIDEO] = "video",
    [CS_KIND_AUDIO] = "audio file",
    [CS_KIND_TEXT] = "text file",
    [CS_KIND_DOCUMENT] = "document",
    [CS_KIND_ARCHIVE] = "archive",
    [CS_KIND_DATABASE] = "database file",
    [CS_KIND_SIDECAR] = "sidecar file",
    [CS_KIND_OTHER] = "other file",
};

const char *cs_file_kind_name(cs_file_kind kind)
{
    return names[kind];
}

bool cs_file_kind_is_image(cs_file_kind kind)
{
    return kind < CS_KIND_VIDEO;
}

bool cs_file_kind_is_readable(cs_file_kind kind)
{
    return kind == CS_KIND_JPEG || kind == CS_KIND_PNG;
}

/* ---- suffixes ---- */

typedef struct suffix_row {
    const char *suffix; /* lower case */
    cs_file_kind kind;
} suffix_row;

/* By suffix (bytewise). Image formats first by what cameras and programs write, the rest by what lies beside images. */
static const suffix_row suffixes[] = {
    {"3fr", CS_KIND_RAW},         {"3gp", CS_KIND_VIDEO},        {"7z", CS_KIND_ARCHIVE},
    {"aac", CS_KIND_AUDIO},       {"aae", CS_KIND_SIDECAR},      {"ai", CS_KIND_DOCUMENT},
    {"aif", CS_KIND_AUDIO},       {"aiff", CS_KIND_AUDIO},       {"apng", CS_KIND_PNG},
    {"arq", CS_KIND_RAW},         {"arw", CS_KIND_RAW},          {"avi", CS_KIND_VIDEO},
    {"avif", CS_KIND_AVIF},       {"avifs", CS_KIND_AVIF},       {"bmp", CS_KIND_BMP},
    {"bz2", CS_KIND_ARCHIVE},     {"cr2", CS_KIND_RAW},          {"cr3", CS_KIND_RAW},
    {"crw", CS_KIND_RAW},         {"css", CS_KIND_TEXT},         {"csv", CS_KIND_TEXT},
    {"cur", CS_KIND_ICON},        {"db", CS_KIND_DATABASE},      {"dcm", CS_KIND_OTHER_IMAGE},
    {"dcr", CS_KIND_RAW},         {"dds", CS_KIND_OTHER_IMAGE},  {"dib", CS_KIND_BMP},
    {"dng", CS_KIND_RAW},         {"doc", CS_KIND_DOCUMENT},     {"docx", CS_KIND_DOCUMENT},
    {"eps", CS_KIND_DOCUMENT},    {"erf", CS_KIND_RAW},          {"exr", CS_KIND_OTHER_IMAGE},
    {"fff", CS_KIND_RAW},         {"fits", CS_KIND_OTHER_IMAGE}, {"flac", CS_KIND_AUDIO},
    {"flv", CS_KIND_VIDEO},       {"gif", CS_KIND_GIF},          {"gpx", CS_KIND_TEXT},
    {"gz", CS_KIND_ARCHIVE},      {"hdr", CS_KIND_OTHER_IMAGE},  {"heic", CS_KIND_HEIC},
    {"heics", CS_KIND_HEIC},      {"heif", CS_KIND_HEIC},        {"heifs", CS_KIND_HEIC},
    {"hif", CS_KIND_HEIC},        {"hnsw", CS_KIND_DATABASE},    {"htm", CS_KIND_TEXT},
    {"html", CS_KIND_TEXT},       {"icns", CS_KIND_ICON},        {"ico", CS_KIND_ICON},
    {"iiq", CS_KIND_RAW},         {"insp", CS_KIND_OTHER_IMAGE}, {"j2c", CS_KIND_JPEG_2000},
    {"j2k", CS_KIND_JPEG_2000},   {"jfi", CS_KIND_JPEG},         {"jfif", CS_KIND_JPEG},
    {"jif", CS_KIND_JPEG},        {"jp2", CS_KIND_JPEG_2000},    {"jpc", CS_KIND_JPEG_2000},
    {"jpe", CS_KIND_JPEG},        {"jpeg", CS_KIND_JPEG},        {"jpf", CS_KIND_JPEG_2000},
    {"jpg", CS_KIND_JPEG},        {"jpx", CS_KIND_JPEG_2000},    {"json", CS_KIND_TEXT},
    {"jxl", CS_KIND_JPEG_XL},     {"jxr", CS_KIND_OTHER_IMAGE},  {"kdc", CS_KIND_RAW},
    {"key", CS_KIND_DOCUMENT},    {"log", CS_KIND_TEXT},         {"lrcat", CS_KIND_DATABASE},
    {"lrv", CS_KIND_VIDEO},       {"m2ts", CS_KIND_VIDEO},       {"m4a", CS_KIND_AUDIO},
    {"m4v", CS_KIND_VIDEO},       {"md", CS_KIND_TEXT},          {"mef", CS_KIND_RAW},
    {"mid", CS_KIND_AUDIO},       {"mkv", CS_KIND_VIDEO},        {"mov", CS_KIND_VIDEO},
    {"mp3", CS_KIND_AUDIO},       {"mp4", CS_KIND_VIDEO},        {"mpeg", CS_KIND_VIDEO},
    {"mpg", CS_KIND_VIDEO},       {"mrw", CS_KIND_RAW},          {"mts", CS_KIND_VIDEO},
    {"nef", CS_KIND_RAW},         {"nrw", CS_KIND_RAW},          {"odg", CS_KIND_DOCUMENT},
    {"odp", CS_KIND_DOCUMENT},    {"ods", CS_KIND_DOCUMENT},     {"odt", CS_KIND_DOCUMENT},
    {"ogg", CS_KIND_AUDIO},       {"ogv", CS_KIND_VIDEO},        {"opus", CS_KIND_AUDIO},
    {"orf", CS_KIND_RAW},         {"pam", CS_KIND_PNM},          {"pbm", CS_KIND_PNM},
    {"pcx", CS_KIND_OTHER_IMAGE}, {"pdf", CS_KIND_DOCUMENT},     {"pef", CS_KIND_RAW},
    {"pfm", CS_KIND_OTHER_IMAGE}, {"pgm", CS_KIND_PNM},          {"pjpeg", CS_KIND_JPEG},
    {"png", CS_KIND_PNG},         {"pnm", CS_KIND_PNM},          {"pp3", CS_KIND_SIDECAR},
    {"ppm", CS_KIND_PNM},         {"ppt", CS_KIND_DOCUMENT},     {"pptx", CS_KIND_DOCUMENT},
    {"psb", CS_KIND_PHOTOSHOP},   {"psd", CS_KIND_PHOTOSHOP},    {"qoi", CS_KIND_OTHER_IMAGE},
    {"qt", CS_KIND_VIDEO},        {"raf", CS_KIND_RAW},          {"rar", CS_KIND_ARCHIVE},
    {"raw", CS_KIND_RAW},         {"rtf", CS_KIND_DOCUMENT},     {"rw2", CS_KIND_RAW},
    {"rwl", CS_KIND_RAW},         {"sqlite", CS_KIND_DATABASE},  {"sr2", CS_KIND_RAW},
    {"srf", CS_KIND_RAW},         {"srt", CS_KIND_TEXT},         {"srw", CS_KIND_RAW},
    {"svg", CS_KIND_SVG},         {"svgz", CS_KIND_SVG},         {"tar", CS_KIND_ARCHIVE},
    {"tga", CS_KIND_OTHER_IMAGE}, {"tgz", CS_KIND_ARCHIVE},      {"thm", CS_KIND_SIDECAR},
    {"tif", CS_KIND_TIFF},        {"tiff", CS_KIND_TIFF},        {"ts", CS_KIND_VIDEO},
    {"tsv", CS_KIND_TEXT},        {"txt", CS_KIND_TEXT},         {"wav", CS_KIND_AUDIO},
    {"webm", CS_KIND_VIDEO},      {"webp", CS_KIND_WEBP},        {"wma", CS_KIND_AUDIO},
    {"wmv", CS_KIND_VIDEO},       {"x3f", CS_KIND_RAW},          {"xbm", CS_KIND_OTHER_IMAGE},
    {"xcf", CS_KIND_OTHER_IMAGE}, {"xls", CS_KIND_DOCUMENT},     {"xlsx", CS_KIND_DOCUMENT},
    {"xml", CS_KIND_TEXT},        {"xmp", CS_KIND_SIDECAR},      {"xpm", CS_KIND_OTHER_IMAGE},
    {"xz", CS_KIND_ARCHIVE},      {"yaml", CS_KIND_TEXT},        {"yml", CS_KIND_TEXT},
    {"zip", CS_KIND_ARCHIVE},     {"zst", CS_KIND_ARCHIVE},
};

static int compare_suffix(const void *key, const void *row)
{
    return strcmp(key, ((const suffix_row *)row)->suffix);
}

cs_file_kind cs_file_kind_of_name(const char *name, bool *suffix)
{
    const char *base = cs_path_base(name), *dot = strrchr(base, '.');
    char lower[8];
    size_t n = 0;
    const bool has = dot && dot != base && dot[1];
    if (suffix)
        *suffix = has;
    if (!has)
        return CS_KIND_OTHER;
    for (const char *c = dot + 1; *c; c++) {
        if (n == sizeof lower - 1)
            return CS_KIND_OTHER;
        lower[n++] = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    lower[n] = '\0';
    const suffix_row *row =
        bsearch(lower, suffixes, sizeof suffixes / sizeof *suffixes, sizeof *suffixes, compare_suffix);
    return row ? row->kind : CS_KIND_OTHER;
}

/* ---- first bytes ---- */

enum { FIRST_BYTES = 64 };

/* `magic` at `offset`, and `more` at `more_offset`. */
typedef struct content_row {
    cs_file_kind kind;
    size_t offset, length;
    const char *magic;
    size_t more_offset, more_length;
    const char *more;
} content_row;

/* The first row that matches is used. */
static const content_row contents[] = {
    {CS_KIND_JPEG, 0, 3, "\xff\xd8\xff", 0, 0, NULL},
    {CS_KIND_PNG, 0, 4, "\x89PNG", 0, 0, NULL},
    {CS_KIND_WEBP, 0, 4, "RIFF", 8, 4, "WEBP"},
    {CS_KIND_VIDEO, 0, 4, "RIFF", 8, 4, "AVI "},
    {CS_KIND_AUDIO, 0, 4, "RIFF", 8, 4, "WAVE"},
    {CS_KIND_GIF, 0, 4, "GIF8", 0, 0, NULL},
    {CS_KIND_RAW, 0, 4, "II*\0", 8, 2, "CR"},
    {CS_KIND_TIFF, 0, 4, "II*\0", 0, 0, NULL},
    {CS_KIND_TIFF, 0, 4, "MM\0*", 0, 0, NULL},
    {CS_KIND_TIFF, 0, 4, "II+\0", 0, 0, NULL},
    {CS_KIND_TIFF, 0, 4, "MM\0+", 0, 0, NULL},
    {CS_KIND_BMP, 0, 2, "BM", 6, 4, "\0\0\0\0"},
    {CS_KIND_AVIF, 4, 4, "ftyp", 8, 3, "avi"},
    {CS_KIND_HEIC, 4, 4, "ftyp", 8, 2, "he"},
    {CS_KIND_HEIC, 4, 4, "ftyp", 8, 3, "mif"},
    {CS_KIND_RAW, 4, 4, "ftyp", 8, 3, "crx"},
    {CS_KIND_AUDIO, 4, 4, "ftyp", 8, 3, "M4A"},
    {CS_KIND_VIDEO, 4, 4, "ftyp", 0, 0, NULL},
    {CS_KIND_VIDEO, 0, 4, "\x1a\x45\xdf\xa3", 0, 0, NULL}, /* Matroska */
    {CS_KIND_JPEG_XL, 0, 12, "\0\0\0\x0cJXL \r\n\x87\n", 0, 0, NULL},
    {CS_KIND_JPEG_XL, 0, 2, "\xff\x0a", 0, 0, NULL},
    {CS_KIND_JPEG_2000, 0, 12, "\0\0\0\x0cjP  \r\n\x87\n", 0, 0, NULL},
    {CS_KIND_JPEG_2000, 0, 4, "\xff\x4f\xff\x51", 0, 0, NULL},
    {CS_KIND_RAW, 0, 8, "FUJIFILM", 0, 0, NULL},
    {CS_KIND_DOCUMENT, 0, 5, "%PDF-", 0, 0, NULL},
    {CS_KIND_PHOTOSHOP, 0, 4, "8BPS", 0, 0, NULL},
    {CS_KIND_ICON, 0, 4, "\0\0\1\0", 0, 0, NULL},
    {CS_KIND_ARCHIVE, 0, 4, "PK\3\4", 0, 0, NULL},
    {CS_KIND_ARCHIVE, 0, 2, "\x1f\x8b", 0, 0, NULL},
    {CS_KIND_DATABASE, 0, 15, "SQLite format 3", 0, 0, NULL},
};

static bool holds(const uint8_t *data, size_t size, size_t offset, const char *bytes, size_t length)
{
    return length == 0 || (offset + length <= size && memcmp(data + offset, bytes, length) == 0);
}

/* P1 to P7 and white space begin the formats of Netpbm. */
static bool is_pnm(const uint8_t *data, size_t size)
{
    return size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '7' && strchr(" \t\r\n#", data[2]) && data[2];
}

static bool is_text(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] == 127 || (data[i] < 32 && (data[i] < '\t' || data[i] > '\r')))
            return false;
    return size > 0 && data[0] < 128;
}

static cs_file_kind kind_of_bytes(const uint8_t *data, size_t size, cs_file_kind otherwise)
{
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        const content_row *row = &contents[i];
        if (holds(data, size, row->offset, row->magic, row->length) &&
            holds(data, size, row->more_offset, row->more, row->more_length))
            return row->kind;
    }
    if (is_pnm(data, size))
        return CS_KIND_PNM;
    return is_text(data, size) && otherwise == CS_KIND_OTHER ? CS_KIND_TEXT : otherwise;
}

cs_file_kind cs_file_kind_of_content(const char *path, cs_file_kind otherwise)
{
    uint8_t data[FIRST_BYTES];
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return otherwise;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return otherwise;
    ssize_t n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, data, sizeof data) : -1;
    close(fd);
    return n > 0 ? kind_of_bytes(data, (size_t)n, otherwise) : otherwise;
}

bool cs_file_kind_is_taken(const char *path, cs_file_kind *kind)
{
    bool suffix;
    *kind = cs_file_kind_of_name(path, &suffix);
    if (cs_file_kind_is_image(*kind) && cs_file_kind_is_readable(*kind))
        return true;
    /* a wrong suffix, which some programs give, must not hide an image; nor must none */
    if (!suffix || cs_file_kind_is_image(*kind))
        *kind = cs_file_kind_of_content(path, *kind);
    return cs_file_kind_is_image(*kind) && cs_file_kind_is_readable(*kind);
}

/* ---- hidden ---- */

bool cs_is_hidden_name(const char *name)
{
    static const char *const system_names[] = {
        "$RECYCLE.BIN", "RECYCLER",           "System Volume Information", /* Windows */
        "@eaDir",       "#recycle",           "#snapshot",                 /* Synology */
        "@Recycle",     "@Recently-Snapshot", "Thumbs.db",
        "ehthumbs.db",  "desktop.ini", /* QNAP, Windows */
    };
    if (name[0] == '.')
        return true;
    for (size_t i = 0; i < sizeof system_names / sizeof *system_names; i++)
        if (strcasecmp(name, system_names[i]) == 0)
            return true;
    return false;
}
