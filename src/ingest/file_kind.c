/* SPDX-License-Identifier: MIT
 * file_kind.c - the kinds, and a table of suffixes. */
#include "ingest/file_kind.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The names are those of base/content_kind.c, without " image". */
static const struct {
    const char *name, *names;
    cs_image_format format;
} kinds[CS_FILE_KINDS] = {
    [CS_KIND_JPEG] = {"JPEG", "JPEG", CS_FORMAT_JPEG},
    [CS_KIND_PNG] = {"PNG", "PNG", CS_FORMAT_PNG},
    [CS_KIND_WEBP] = {"WebP", "WebP", CS_FORMAT_WEBP},
    [CS_KIND_GIF] = {"GIF", "GIF", CS_FORMAT_GIF},
    [CS_KIND_TIFF] = {"TIFF", "TIFF", CS_FORMAT_TIFF},
    [CS_KIND_HEIC] = {"HEIC", "HEIC", CS_FORMAT_HEIC},
    [CS_KIND_AVIF] = {"AVIF", "AVIF", CS_FORMAT_AVIF},
    [CS_KIND_BMP] = {"BMP", "BMP", CS_FORMAT_BMP},
    [CS_KIND_PNM] = {"PNM", "PNM", CS_FORMAT_PNM},
    [CS_KIND_JPEG_XL] = {"JPEG XL", "JPEG XL", CS_FORMAT_NONE},
    [CS_KIND_JPEG_2000] = {"JPEG 2000", "JPEG 2000", CS_FORMAT_NONE},
    [CS_KIND_RAW] = {"camera RAW", "camera RAW", CS_FORMAT_NONE},
    [CS_KIND_SVG] = {"SVG", "SVG", CS_FORMAT_NONE},
    [CS_KIND_PHOTOSHOP] = {"Photoshop", "Photoshop", CS_FORMAT_NONE},
    [CS_KIND_ICON] = {"icon", "icons", CS_FORMAT_NONE},
    [CS_KIND_OTHER_IMAGE] = {"other image", "other images", CS_FORMAT_NONE},
    [CS_KIND_VIDEO] = {"video", "videos", CS_FORMAT_NONE},
    [CS_KIND_SOUND] = {"sound file", "sound files", CS_FORMAT_NONE},
    [CS_KIND_TEXT] = {"text file", "text files", CS_FORMAT_NONE},
    [CS_KIND_DOCUMENT] = {"document", "documents", CS_FORMAT_NONE},
    [CS_KIND_ARCHIVE] = {"archive", "archives", CS_FORMAT_NONE},
    [CS_KIND_DATABASE] = {"database", "databases", CS_FORMAT_NONE},
    [CS_KIND_SIDECAR] = {"sidecar file", "sidecar files", CS_FORMAT_NONE},
    [CS_KIND_OTHER] = {"other file", "other files", CS_FORMAT_NONE},
};

const char *cs_file_kind_name(cs_file_kind kind)
{
    return kinds[kind].name;
}

const char *cs_file_kind_names(cs_file_kind kind)
{
    return kinds[kind].names;
}

bool cs_file_kind_is_image(cs_file_kind kind)
{
    return kind < CS_KIND_VIDEO;
}

cs_image_format cs_file_kind_format(cs_file_kind kind)
{
    return kinds[kind].format;
}

/* ---- suffixes ---- */

typedef struct suffix_row {
    const char *suffix; /* lower case */
    cs_file_kind kind;
} suffix_row;

/* By suffix (bytewise). Image formats first by what cameras and programs write, the rest by what lies beside images. */
static const suffix_row suffixes[] = {
    {"3fr", CS_KIND_RAW},         {"3gp", CS_KIND_VIDEO},        {"7z", CS_KIND_ARCHIVE},
    {"aac", CS_KIND_SOUND},       {"aae", CS_KIND_SIDECAR},      {"ai", CS_KIND_DOCUMENT},
    {"aif", CS_KIND_SOUND},       {"aiff", CS_KIND_SOUND},       {"apng", CS_KIND_PNG},
    {"arq", CS_KIND_RAW},         {"arw", CS_KIND_RAW},          {"avi", CS_KIND_VIDEO},
    {"avif", CS_KIND_AVIF},       {"avifs", CS_KIND_AVIF},       {"bmp", CS_KIND_BMP},
    {"bz2", CS_KIND_ARCHIVE},     {"cr2", CS_KIND_RAW},          {"cr3", CS_KIND_RAW},
    {"crw", CS_KIND_RAW},         {"css", CS_KIND_TEXT},         {"csv", CS_KIND_TEXT},
    {"cur", CS_KIND_ICON},        {"db", CS_KIND_DATABASE},      {"dcm", CS_KIND_OTHER_IMAGE},
    {"dcr", CS_KIND_RAW},         {"dds", CS_KIND_OTHER_IMAGE},  {"dib", CS_KIND_BMP},
    {"dng", CS_KIND_RAW},         {"doc", CS_KIND_DOCUMENT},     {"docx", CS_KIND_DOCUMENT},
    {"eps", CS_KIND_DOCUMENT},    {"erf", CS_KIND_RAW},          {"exr", CS_KIND_OTHER_IMAGE},
    {"fff", CS_KIND_RAW},         {"fits", CS_KIND_OTHER_IMAGE}, {"flac", CS_KIND_SOUND},
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
    {"lrv", CS_KIND_VIDEO},       {"m2ts", CS_KIND_VIDEO},       {"m4a", CS_KIND_SOUND},
    {"m4v", CS_KIND_VIDEO},       {"md", CS_KIND_TEXT},          {"mef", CS_KIND_RAW},
    {"mid", CS_KIND_SOUND},       {"mkv", CS_KIND_VIDEO},        {"mov", CS_KIND_VIDEO},
    {"mp3", CS_KIND_SOUND},       {"mp4", CS_KIND_VIDEO},        {"mpeg", CS_KIND_VIDEO},
    {"mpg", CS_KIND_VIDEO},       {"mrw", CS_KIND_RAW},          {"mts", CS_KIND_VIDEO},
    {"nef", CS_KIND_RAW},         {"nrw", CS_KIND_RAW},          {"odg", CS_KIND_DOCUMENT},
    {"odp", CS_KIND_DOCUMENT},    {"ods", CS_KIND_DOCUMENT},     {"odt", CS_KIND_DOCUMENT},
    {"ogg", CS_KIND_SOUND},       {"ogv", CS_KIND_VIDEO},        {"opus", CS_KIND_SOUND},
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
    {"tsv", CS_KIND_TEXT},        {"txt", CS_KIND_TEXT},         {"wav", CS_KIND_SOUND},
    {"webm", CS_KIND_VIDEO},      {"webp", CS_KIND_WEBP},        {"wma", CS_KIND_SOUND},
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

static cs_file_kind kind_of_bytes(const uint8_t *data, size_t size, cs_file_kind otherwise)
{
    const cs_content_kind *content = cs_content_kind_of(data, size);
    for (unsigned i = 0; i < CS_FILE_KINDS; i++) {
        const size_t n = strlen(kinds[i].name);
        if (content->format != CS_FORMAT_NONE ? content->format == kinds[i].format
                                              : strncmp(content->name, kinds[i].name, n) == 0 &&
                                                    (!content->name[n] || strcmp(content->name + n, " image") == 0))
            return cs_file_kind_is_image(otherwise) && !content->is_image ? otherwise : (cs_file_kind)i;
    }
    return content->is_image ? CS_KIND_OTHER_IMAGE : otherwise;
}

cs_file_kind cs_file_kind_of_content(const char *path, cs_file_kind otherwise)
{
    uint8_t data[CS_CONTENT_KIND_BYTES];
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
    if (kinds[*kind].format != CS_FORMAT_NONE)
        return true;
    /* a wrong suffix, which some programs give, must not hide an image; nor must none */
    if (!suffix || cs_file_kind_is_image(*kind))
        *kind = cs_file_kind_of_content(path, *kind);
    return kinds[*kind].format != CS_FORMAT_NONE;
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
