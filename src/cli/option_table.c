/* SPDX-License-Identifier: MIT
 * option_table.c - the table of all options. */
#include "cli/option_table.h"

#include "base/consistency.h"
#include "base/limits.h"
#include "cli/command_line.h"
#include "config/names.h"
#include "config/nearest.h"

#include <string.h>

#define FIELD(name) offsetof(cs_args, name)

static const char *const progress_names[] = {"auto", "json", "none", NULL};
static const char *const format_names[] = {"jsonl", "npy", NULL};
static const char *const npy_names[] = {"f32", "f16", NULL};
static const char *const level_names[] = {"exact", "same", "edited", "burst", NULL};
static const char *const prune_names[] = {"gone", "force", NULL};
static const char *const remodel_names[] = {"safe", "force", NULL};

enum {
    WITH_MODEL = CS_SEARCH | CS_INGEST | CS_EMBED | CS_TOKENIZE | CS_INFO | CS_CONFIG | CS_LABEL | CS_UPDATE |
                 CS_IMPORT | CS_SERVE,
    WITH_COLLECTION = CS_SEARCH | CS_INGEST | CS_INFO | CS_CONFIG | CS_QUERY | CS_GET | CS_DELETE | CS_LABEL |
                      CS_DUPLICATES | CS_EXPORT | CS_IMPORT | CS_MERGE | CS_COPY | CS_SERVE,
    WITH_DB = (WITH_COLLECTION & ~CS_COPY) | CS_DROP | CS_COLLECTIONS | CS_CHECK | CS_VACUUM | CS_UPDATE,
    WITH_ROWS = CS_SEARCH | CS_QUERY | CS_GET,
    WITH_PLACES = CS_SEARCH | CS_QUERY | CS_LABEL | CS_DUPLICATES | CS_DELETE | CS_EXPORT
};

static const cs_option rows[] = {
    {"image", 0, CS_SEARCH, CS_OPTION_OPERAND, FIELD(operands), "FILE",
     "search by an image, a file or an http(s) URL; may be repeated", CS_IMAGE, 0, 0},
    {"crop", 0, CS_SEARCH, CS_OPTION_OPERAND, FIELD(operands), "X,Y,W,H",
     "only this region of the image before it: pixels, or 10%,10%,50%,50%", CS_CROP, 0, 0},
    {"like", 0, CS_SEARCH, CS_OPTION_OPERAND, FIELD(operands), "ID",
     "search for images like the one with this number; may be repeated", CS_LIKE, 0, 0},
    {"add", 0, CS_SEARCH, CS_OPTION_OPERAND, FIELD(operands), "QUERY", "add a part to the query before it", CS_ADD, 0,
     0},
    {"not", 0, CS_SEARCH, CS_OPTION_OPERAND, FIELD(operands), "QUERY", "subtract a part from the query before it",
     CS_NOT, 0, 0},
    {"list", 0, CS_SEARCH, CS_OPTION_TEXT, FIELD(list), "FILE",
     "read queries from FILE, one per line; - is standard input", 0, 0, 0},
    {"with-self", 0, CS_SEARCH, CS_OPTION_FLAG, FIELD(with_self), NULL, "show the query's own images too", 0, 0, 0},
    {"all", 0, CS_SEARCH, CS_OPTION_FLAG, FIELD(all), NULL, "show every copy of an image, not one hit for all", 0, 0,
     0},
    {"allow-local-urls", 0, CS_SEARCH, CS_OPTION_FLAG, FIELD(allow_local_urls), NULL,
     "fetch images from this computer and private networks too", 0, 0, 0},
    {"image", 0, CS_EMBED, CS_OPTION_OPERAND, FIELD(operands), "FILE", "embed an image; may be repeated", CS_IMAGE, 0,
     0},
    {"k", 'k', CS_SEARCH, CS_OPTION_SIZE, FIELD(k), "N", "show the N nearest images to each query (10)", 1, CS_MAX_K,
     0},
    {"k", 'k', CS_QUERY, CS_OPTION_SIZE, FIELD(k), "N", "show at most N images (all)", 1, CS_MAX_K, 0},
    {"labels", 0, CS_LABEL, CS_OPTION_TEXT, FIELD(labels), "LABELS",
     "dog,cat,car, or a file with one label on each line; - is standard input", 0, 0, 0},
    {"template", 0, CS_LABEL, CS_OPTION_TEXTS, FIELD(templates), "TEMPLATE",
     "text with {} for the label; or photo (default), plain or several; may be repeated", 0, 0, 0},
    {"k", 'k', CS_LABEL, CS_OPTION_SIZE, FIELD(k), "N", "show the N best labels of each image (1)", 1, CS_MAX_K, 0},
    {"write", 0, CS_LABEL, CS_OPTION_TEXT, FIELD(write), "NAME",
     "store the best labels in the attribute NAME of the images", 0, 0, 0},
    {"offset", 0, CS_QUERY, CS_OPTION_SIZE, FIELD(offset), "N", "leave out the first N images", 0, SIZE_MAX, 0},
    {"filter", 0, CS_SEARCH | CS_QUERY | CS_LABEL | CS_DUPLICATES | CS_EXPORT, CS_OPTION_TEXT, FIELD(filter), "FILTER",
     "only images that pass, e.g. 'price < 100'", 0, 0, 0},
    {"in", 0, WITH_PLACES, CS_OPTION_TEXTS, FIELD(in), "DIR",
     "only images in this directory and those in it; may be repeated", 0, 0, 0},
    {"here", 0, WITH_PLACES, CS_OPTION_FLAG, FIELD(here), NULL, "the same for the current directory", 0, 0, 0},
    {"since", 0, WITH_PLACES, CS_OPTION_TEXT, FIELD(since), "DATE",
     "only images taken on DATE or later: 2024, 2024-07, 2024-07-01, 2024-07-01T18:30 or 2024-07-01T18:30:05", 0, 0, 0},
    {"until", 0, WITH_PLACES, CS_OPTION_TEXT, FIELD(until), "DATE",
     "only images taken on DATE or earlier; all of that year, month, day, minute or second counts", 0, 0, 0},
    {"filter", 0, CS_DELETE, CS_OPTION_TEXT, FIELD(filter), "FILTER", "the images to remove, e.g. 'price < 100'", 0, 0,
     0},
    {"min-score", 0, CS_SEARCH, CS_OPTION_NUMBER, FIELD(min_score), "X",
     "only images with a score of at least X (metrics cosine and ip)", 0, 0, 0},
    {"max-distance", 0, CS_SEARCH, CS_OPTION_NUMBER, FIELD(max_distance), "X",
     "only images at a distance of at most X (metric l2)", 0, 0, 0},
    {"relevant", 0, CS_SEARCH, CS_OPTION_FLAG, FIELD(relevant), NULL,
     "only images that probably fit the text; exit 1 when there are none", 0, 0, 0},
    {"min-relevance", 0, CS_SEARCH, CS_OPTION_NUMBER, FIELD(min_relevance), "X",
     "only images with a relevance of at least X, 0 to 1, which is shown behind the score", 0, 0, 0},
    {"exact", 0, CS_SEARCH, CS_OPTION_FLAG, FIELD(exact), NULL, "compare every image, without the index", 0, 0, 0},
    {"ef", 0, CS_SEARCH, CS_OPTION_SIZE, FIELD(ef), "N", "candidates of an index search (the collection's default)", 1,
     CS_MAX_EF, 0},
    {"json", 0,
     WITH_ROWS | CS_TOKENIZE | CS_INFO | CS_CONFIG | CS_COLLECTIONS | CS_MODEL | CS_CHECK | CS_LABEL | CS_DUPLICATES,
     CS_OPTION_FLAG, FIELD(json), NULL, "print JSON", 0, 0, 0},
    {"paths", 0, WITH_ROWS, CS_OPTION_FLAG, FIELD(paths), NULL, "print only paths, one per line", 0, 0, 0},
    {"level", 0, CS_DUPLICATES, CS_OPTION_CHOICE, FIELD(level), "LEVEL",
     "exact (same bytes), same (default: recoded, resized), edited (turned, cropped) or burst", 0, 0, level_names},
    {"paths", 0, CS_DUPLICATES, CS_OPTION_FLAG, FIELD(paths), NULL,
     "print only the paths of images not to keep, one per line", 0, 0, 0},
    {"null", '0', CS_DUPLICATES, CS_OPTION_FLAG, FIELD(nul), NULL,
     "the same, each path followed by a NUL byte (xargs -0)", 0, 0, 0},
    {"null", '0', WITH_ROWS, CS_OPTION_FLAG, FIELD(nul), NULL,
     "print only paths, each followed by a NUL byte (xargs -0)", 0, 0, 0},
    {"sheet", 0, WITH_ROWS, CS_OPTION_TEXT, FIELD(sheet), "FILE",
     "draw the images into a contact sheet, .png or .jpg; - "
     "is standard output",
     0, 0, 0},
    {"captions", 0, WITH_ROWS, CS_OPTION_TEXT, FIELD(captions), "NAMES",
     "attributes below each image of --sheet, --preview and --open: taken,camera,gps,...", 0, 0, 0},
    {"preview", 0, WITH_ROWS, CS_OPTION_FLAG, FIELD(preview), NULL, "draw the images on the terminal", 0, 0, 0},
    {"open", 0, WITH_ROWS, CS_OPTION_FLAG, FIELD(open), NULL, "show the contact sheet in the desktop's viewer", 0, 0,
     0},
    {"link", 0, WITH_ROWS, CS_OPTION_TEXT, FIELD(link), "DIR", "make a directory of links to the images, named by rank",
     0, 0, 0},
    {"vectors", 0, CS_EXPORT, CS_OPTION_TEXTS, FIELD(vectors), "FILE", "write the vectors to FILE, as .npy", 0, 0, 0},
    {"meta", 0, CS_EXPORT, CS_OPTION_TEXTS, FIELD(meta), "FILE",
     "write what is known of the images to FILE: .jsonl, .csv or .parquet; - is standard output", 0, 0, 0},
    {"type", 0, CS_EXPORT, CS_OPTION_CHOICE, FIELD(type), "TYPE", "numbers of the vectors: f32 (default) or f16", 0, 0,
     npy_names},
    {"vectors", 0, CS_IMPORT, CS_OPTION_TEXTS, FIELD(vectors), "FILE",
     "a .npy file of float16, float32 or float64 [rows, dim]; may be repeated", 0, 0, 0},
    {"meta", 0, CS_IMPORT, CS_OPTION_TEXTS, FIELD(meta), "FILE",
     "its table, a row for each vector: .jsonl, .csv or .parquet; as often as --vectors", 0, 0, 0},
    {"path-field", 0, CS_IMPORT, CS_OPTION_TEXT, FIELD(path_field), "NAME",
     "the field that names the image (path, image_path, url, file, filename or key)", 0, 0, 0},
    {"texts", 0, CS_IMPORT, CS_OPTION_FLAG, FIELD(texts), NULL,
     "of a directory of clip-retrieval: import the vectors of the captions", 0, 0, 0},
    {"no-index", 0, CS_IMPORT | CS_MERGE | CS_COPY, CS_OPTION_FLAG, FIELD(no_index), NULL,
     "do not write the index; searches are exact until check --repair writes it", 0, 0, 0},
    {"metric", 0, CS_INGEST | CS_IMPORT, CS_OPTION_CHOICE, FIELD(metric), "METRIC",
     "of a new collection: cosine, ip or l2 (the model's)", 0, 0, cs_metric_names},
    {"codes", 0, CS_INGEST, CS_OPTION_CHOICE, FIELD(codes), "CODES",
     "of a new collection: how its index stores vectors: i8 (default), f16, bf16 or f32", 0, 0, cs_codes_names},
    {"m", 'm', CS_INGEST, CS_OPTION_SIZE, FIELD(m), "N", "of a new collection: links of an image in the index (16)",
     CS_MIN_M, CS_MAX_M, 0},
    {"ef-construction", 0, CS_INGEST, CS_OPTION_SIZE, FIELD(ef_construction), "N",
     "of a new collection: candidates that links are chosen from (200)", CS_MIN_M, CS_MAX_EF_CONSTRUCTION, 0},
    {"ef", 0, CS_INGEST, CS_OPTION_SIZE, FIELD(ef), "N", "of a new collection: candidates of an index search (64)", 1,
     CS_MAX_EF, 0},
    {"repair", 0, CS_CHECK, CS_OPTION_FLAG, FIELD(repair), NULL, "write a damaged or unused index again", 0, 0, 0},
    {"sample", 0, CS_CHECK, CS_OPTION_SIZE, FIELD(sample), "N", "measure recall with N queries (100)", 1, 100000, 0},
    {"batch", 0, CS_INGEST | CS_UPDATE | CS_EMBED | CS_MODEL, CS_OPTION_SIZE, FIELD(batch), "N",
     "images encoded together (32)", 1, CS_MAX_BATCH, 0},
    {"include", 0, CS_INGEST, CS_OPTION_TEXTS, FIELD(include), "GLOB",
     "only files that match (all images that this build reads); may be repeated", 0, 0, 0},
    {"exclude", 0, CS_INGEST, CS_OPTION_TEXTS, FIELD(exclude), "GLOB",
     "leave out files and directories that match; may be repeated", 0, 0, 0},
    {"case", 0, CS_INGEST, CS_OPTION_CHOICE, FIELD(letter_case), "CASE",
     "letters of patterns match in any case (default) or in the exact one", 0, 0, cs_case_names},
    {"hidden", 0, CS_INGEST, CS_OPTION_FLAG, FIELD(hidden), NULL,
     "take hidden files and directories too (.name, @eaDir, $RECYCLE.BIN)", 0, 0, 0},
    {"files-from", 0, CS_INGEST, CS_OPTION_TEXT, FIELD(files_from), "FILE",
     "read paths of images and directories from FILE, one per line; - is standard input", 0, 0, 0},
    {"null", '0', CS_INGEST, CS_OPTION_FLAG, FIELD(nul), NULL,
     "paths of --files-from end with NUL bytes (find -print0)", 0, 0, 0},
    {"shard", 0, CS_INGEST, CS_OPTION_TEXT, FIELD(shard), "N/M",
     "ingest only part N of M, so that M machines share the work; merge joins their databases", 0, 0, 0},
    {"watch", 0, CS_INGEST | CS_UPDATE, CS_OPTION_FLAG, FIELD(watch), NULL,
     "go on and follow changes of the files, until Ctrl-C", 0, 0, 0},
    {"scan-every", 0, CS_INGEST | CS_UPDATE, CS_OPTION_SIZE, FIELD(scan_every), "N",
     "with --watch: scan every N seconds what cannot be watched (60)", 1, 86400, 0},
    {"prune", 0, CS_INGEST | CS_UPDATE, CS_OPTION_MAYBE, FIELD(prune), "[=force]",
     "remove images whose files are gone or excluded; with =force also when they are many, or a disk may be missing", 0,
     0, prune_names},
    {"remodel", 0, CS_INGEST, CS_OPTION_MAYBE, FIELD(remodel), "[=force]",
     "encode the collection anew with --model, in place; with =force also when many images are missing", 0, 0,
     remodel_names},
    {"rescan", 0, CS_INGEST | CS_UPDATE, CS_OPTION_FLAG, FIELD(rescan), NULL,
     "read all files again and compare their content, whatever their times are", 0, 0, 0},
    {"reread", 0, CS_INGEST | CS_UPDATE, CS_OPTION_FLAG, FIELD(rescan), NULL, "another name of --rescan", 0, 0, 0},
    {"forget", 0, CS_UPDATE, CS_OPTION_TEXT, FIELD(forget), "PATH",
     "forget a remembered directory or YAML file; its images stay", 0, 0, 0},
    {"gone", 0, CS_SEARCH | CS_QUERY | CS_EXPORT, CS_OPTION_FLAG, FIELD(gone), NULL,
     "show also images whose files are gone", 0, 0, 0},
    {"yes", 'y', CS_DELETE | CS_DROP, CS_OPTION_FLAG, FIELD(yes), NULL, "remove without asking", 0, 0, 0},
    {"dry-run", 0, CS_INGEST | CS_UPDATE, CS_OPTION_FLAG, FIELD(dry_run), NULL,
     "only count what a run would do; store nothing", 0, 0, 0},
    {"on-bad", 0, CS_INGEST | CS_UPDATE, CS_OPTION_CHOICE, FIELD(on_bad), "WHAT",
     "an image that cannot be read: report (exit 3 at the end), skip or stop", 0, 0, cs_on_bad_names},
    {"progress", 0, CS_INGEST | CS_UPDATE, CS_OPTION_CHOICE, FIELD(progress), "HOW",
     "auto (a bar or lines), json (a line of JSON a second) or none", 0, 0, progress_names},
    {"exif", 0, CS_INGEST, CS_OPTION_TEXT, FIELD(exif), "WHAT",
     "apply (default): turn images, store what is known of them; orientation: only turn; ignore; or taken,gps,...", 0,
     0, 0},
    {"exif", 0, CS_SEARCH | CS_EMBED | CS_LABEL, CS_OPTION_CHOICE, FIELD(exif), "WHAT",
     "apply (default) or ignore the EXIF orientation", 0, 0, cs_exif_names},
    {"max-pixels", 0, CS_SEARCH | CS_INGEST | CS_EMBED | CS_LABEL | CS_DUPLICATES, CS_OPTION_SIZE, FIELD(max_pixels),
     "N", "refuse images of more than N pixels (256000000)", 1, SIZE_MAX, 0},
    {"max-bytes", 0, CS_SEARCH | CS_INGEST | CS_EMBED | CS_LABEL | CS_DUPLICATES, CS_OPTION_SIZE, FIELD(max_bytes), "N",
     "refuse image files of more than N bytes (268435456)", 1, SIZE_MAX, 0},
    {"decode", 0, CS_INGEST | CS_UPDATE | CS_LABEL, CS_OPTION_CHOICE, FIELD(decode), "HOW",
     "exact (default), or fast: large JPEGs at a half or less of their sides", 0, 0, cs_decode_names},
    {"list", 0, CS_EMBED | CS_TOKENIZE, CS_OPTION_TEXT, FIELD(list), "FILE",
     "read texts from FILE, one per line; - is standard input", 0, 0, 0},
    {"images-from", 0, CS_EMBED, CS_OPTION_TEXT, FIELD(images_from), "FILE",
     "read paths of images from FILE, one per line; - is standard input", 0, 0, 0},
    {"format", 0, CS_EMBED, CS_OPTION_CHOICE, FIELD(format), "FORMAT",
     "jsonl (default) or npy (float32, one row per input)", 0, 0, format_names},
    {"output", 'o', CS_EMBED, CS_OPTION_TEXT, FIELD(output), "FILE", "write to FILE instead of standard output", 0, 0,
     0},
    {"overflow", 0, CS_EMBED | CS_TOKENIZE, CS_OPTION_CHOICE, FIELD(overflow), "WHAT",
     "truncate (default) or refuse texts that are too long", 0, 0, cs_overflow_names},
    {"listen", 0, CS_SERVE, CS_OPTION_TEXT, FIELD(listen), "ADDRESS",
     "HOST:PORT, PORT or *:PORT, all addresses (127.0.0.1:8080)", 0, 0, 0},
    {"token-file", 0, CS_SERVE, CS_OPTION_TEXT, FIELD(token_file), "FILE",
     "only who has the token in the first line of FILE may ask", 0, 0, 0},
    {"host-name", 0, CS_SERVE, CS_OPTION_TEXTS, FIELD(host_names), "NAME",
     "a name of this server in browsers, besides the machine's; may be repeated", 0, 0, 0},
    {"cert", 0, CS_SERVE, CS_OPTION_TEXT, FIELD(cert), "FILE", "TLS: the certificate, with its chain, as PEM", 0, 0, 0},
    {"key", 0, CS_SERVE, CS_OPTION_TEXT, FIELD(key), "FILE", "TLS: the certificate's key, as PEM", 0, 0, 0},
    {"upload-dir", 0, CS_SERVE, CS_OPTION_TEXT, FIELD(upload_dir), "DIR",
     "take images, store them in DIR and add them to collections", 0, 0, 0},
    {"allow-delete", 0, CS_SERVE, CS_OPTION_FLAG, FIELD(allow_delete), NULL,
     "let images be removed from collections; their files stay", 0, 0, 0},
    {"max-body", 0, CS_SERVE, CS_OPTION_SIZE, FIELD(max_body), "N", "refuse uploads of more than N bytes (33554432)",
     1024, 1 << 30, 0},
    {"max-pixels", 0, CS_SERVE, CS_OPTION_SIZE, FIELD(max_pixels), "N",
     "refuse images of more than N pixels (100000000)", 1, SIZE_MAX, 0},
    {"max-waiting", 0, CS_SERVE, CS_OPTION_SIZE, FIELD(max_waiting), "N",
     "requests that wait; more are told to try again (256)", 1, 100000, 0},
    {"max-connections", 0, CS_SERVE, CS_OPTION_SIZE, FIELD(max_connections), "N", "connections at once (8192)", 16,
     100000, 0},
    {"cache-bytes", 0, CS_SERVE, CS_OPTION_SIZE, FIELD(cache_bytes), "N",
     "memory for small images that were made (67108864)", 0, SIZE_MAX, 0},
    {"timeout", 0, CS_SERVE, CS_OPTION_SIZE, FIELD(timeout), "N", "seconds that a search may take (30)", 1, 3600, 0},
    {"db", 0, WITH_DB, CS_OPTION_TEXT, FIELD(db), "FILE", "the database file", 0, 0, 0},
    {"from", 0, CS_COPY, CS_OPTION_TEXTS, FIELD(from), "FILE",
     "the database, or address, to copy from; may be repeated", 0, 0, 0},
    {"to", 0, CS_COPY, CS_OPTION_TEXT, FIELD(db), "FILE", "the database, or address, to copy to", 0, 0, 0},
    {"ca", 0, WITH_DB | CS_COPY, CS_OPTION_TEXT, FIELD(ca), "FILE",
     "of a Milvus server with TLS: the authority of its certificate, a PEM file (the system's)", 0, 0, 0},
    {"consistency", 0, WITH_DB | CS_COPY, CS_OPTION_CHOICE, FIELD(consistency), "LEVEL",
     "on a Milvus server: how fresh answers must be: bounded (default), strong or eventually", 0, 0,
     cs_consistency_names},
    {"to", 0, CS_MODEL, CS_OPTION_TEXT, FIELD(to), "DIR", "fetch, convert: the directory to write", 0, 0, 0},
    {"name", 0, CS_MODEL, CS_OPTION_TEXT, FIELD(name), "NAME",
     "add: the name of the model (that of the known model, directory or file)", 0, 0, 0},
    {"mirror", 0, CS_MODEL, CS_OPTION_TEXT, FIELD(mirror), "URL",
     "fetch: another server with the files under the same paths", 0, 0, 0},
    {"timeout", 0, CS_MODEL, CS_OPTION_SIZE, FIELD(timeout), "N", "fetch: give up after N seconds without data (30)", 1,
     86400, 0},
    {"towers", 0, CS_MODEL, CS_OPTION_CHOICE, FIELD(towers), "WHICH", "convert: image, text or both (all of the model)",
     0, 0, cs_tower_names},
    {"type", 0, CS_MODEL, CS_OPTION_CHOICE, FIELD(type), "TYPE", "convert: f32 (default), f16 or bf16", 0, 0,
     cs_number_names},
    {"image", 0, CS_MODEL, CS_OPTION_TEXTS, FIELD(images), "FILE",
     "verify: an image of the published values; may be repeated", 0, 0, 0},
    {"catalogue", 0, CS_MODEL, CS_OPTION_TEXT, FIELD(catalogue), "FILE", "read the known models from FILE", 0, 0, 0},
    {"collection", 0, WITH_COLLECTION, CS_OPTION_TEXT, FIELD(collection), "NAME", "the collection (photos)", 0, 0, 0},
    {"model", 0, WITH_MODEL, CS_OPTION_TEXT, FIELD(model), "MODEL", "the model: a name, directory or weight file", 0, 0,
     0},
    {"threads", 0,
     CS_SEARCH | CS_INGEST | CS_UPDATE | CS_EMBED | CS_MODEL | CS_CHECK | CS_VACUUM | CS_LABEL | CS_DUPLICATES |
         CS_IMPORT | CS_MERGE | CS_COPY | CS_SERVE,
     CS_OPTION_SIZE, FIELD(threads), "N", "use N threads (one per processor)", 1, CS_MAX_THREADS, 0},
    {"precision", 0, WITH_MODEL | CS_MODEL, CS_OPTION_CHOICE, FIELD(precision), "WHAT",
     "compute in f32, int8 or bf16 (auto: as the weights are)", 0, 0, cs_precision_names},
    {"cpu", 0, WITH_MODEL | CS_MODEL, CS_OPTION_CHOICE, FIELD(cpu), "LEVEL",
     "use instructions up to c, avx2, avx512 ... (all there are)", 0, 0, cs_cpu_names},
    {"show", 0, CS_INFO | CS_CONFIG, CS_OPTION_FLAG, FIELD(show), NULL,
     "show the settings, and where each of them comes from", 0, 0, 0},
    {"quiet", 'q', CS_ALL_COMMANDS, CS_OPTION_FLAG, FIELD(quiet), NULL, "print only results and errors", 0, 0, 0},
    {"verbose", 'v', CS_ALL_COMMANDS, CS_OPTION_FLAG, FIELD(verbose), NULL, "print more", 0, 0, 0},
    {"help", 'h', CS_ALL_COMMANDS, CS_OPTION_FLAG, FIELD(help), NULL, "show this help", 0, 0, 0},
    {"version", 'V', CS_ALL_COMMANDS, CS_OPTION_FLAG, FIELD(version), NULL, "show the version", 0, 0, 0},
};

enum { ROWS = sizeof rows / sizeof *rows };

const cs_option *cs_option_at(unsigned commands, size_t i)
{
    for (size_t at = 0; at < ROWS; at++)
        if ((rows[at].commands & commands) && !i--)
            return &rows[at];
    return NULL;
}

const cs_option *cs_option_of_name(unsigned commands, const char *name, size_t length)
{
    for (size_t i = 0; i < ROWS; i++)
        if ((rows[i].commands & commands) && strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

const cs_option *cs_option_of_letter(unsigned commands, char letter)
{
    for (size_t i = 0; i < ROWS; i++)
        if ((rows[i].commands & commands) && rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

const char *cs_option_nearest(unsigned commands, const char *word)
{
    const char *names[ROWS];
    size_t count = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].commands & commands)
            names[count++] = rows[i].name;
    return cs_nearest(word, names, count);
}

unsigned cs_option_owners(const char *name)
{
    unsigned owners = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            owners |= rows[i].commands;
    return owners;
}
