/* SPDX-License-Identifier: MIT
 * clipsearch.h - find pictures by meaning: the one public header of libclipsearch. */
#ifndef CLIPSEARCH_H
#define CLIPSEARCH_H

/*
 * SYNOPSIS
 *
 *     clipsearch_error err;
 *     clipsearch_encoder *encoder = NULL;
 *     clipsearch_session *session = NULL;
 *     clipsearch_database *db = NULL;
 *     clipsearch_collection *photos = NULL;
 *
 *     clipsearch_encoder_open("models/clip-vit-b32", NULL, &encoder, &err);
 *     clipsearch_session_open(encoder, NULL, &session, &err);
 *     clipsearch_database_open("photos.db", CLIPSEARCH_CREATE, &db, &err);
 *     clipsearch_collection_ensure(db, "photos", encoder, CLIPSEARCH_COSINE, &photos, &err);
 *
 *     clipsearch_ingest_options in;
 *     clipsearch_ingest_options_init(&in);
 *     clipsearch_source source;
 *     clipsearch_source_init(&source);
 *     source.path = "holiday";
 *     in.sources = &source; in.source_count = 1;
 *     clipsearch_ingest_report report;
 *     clipsearch_ingest_report_init(&report);
 *     clipsearch_ingest(photos, session, &in, &report, &err);
 *
 *     float query[4096];
 *     const char *text = "a white dog";
 *     clipsearch_encode_texts(session, &text, 1, query, &err);
 *     clipsearch_hits *hits = NULL;
 *     clipsearch_search(photos, query, 1, 10, NULL, &hits, &err);
 *     for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++)
 *         printf("%.3f %s\n", clipsearch_hits_get(hits, 0, i)->score, clipsearch_hits_get(hits, 0, i)->path);
 *
 * (Every call returns a status that a real program checks; examples/ holds whole programs.)
 *
 * CONCEPTS
 *
 * Encoder: a model directory or file, opened. It maps images and texts into one space of `dim` floats; some models map
 * images only. Immutable after opening, so any number of threads may share one.
 *
 * Session: the scratch memory one thread needs to use an encoder. Encoding texts and decoded images through a session
 * allocates nothing once the session is open, except that its buffers grow for a picture larger than any before it
 * (decoding a file takes what the picture library needs besides). A session may use several worker threads, but is
 * itself used by one caller at a time.
 *
 * Database: one SQLite file. Collection: a named table of pictures in it, bound to the encoder (name, weights
 * fingerprint, dim, preprocessing) that made its vectors; any other encoder is refused, because vectors of two
 * encoders cannot be compared. The name is for people: the same weights and configuration opened from elsewhere are the
 * same encoder. Many processes may read while one writes.
 *
 * Score: for CLIPSEARCH_COSINE the cosine in [-1, 1] and for CLIPSEARCH_IP the inner product (higher is
 * nearer); for CLIPSEARCH_L2 the squared Euclidean distance (lower is nearer). Hits come nearest first, ties by
 * ascending id.
 *
 * FILTERS
 *
 * A filter is a condition on what is known of a picture, for instance
 *
 *     price < 100 and label in ["dog", "cat"] and not path like "%/thumbs/%"
 *
 * Its names are the fields id, path, name (the path's last part), size (bytes), mtime (seconds since 1970, compared
 * with numbers or with dates such as "2024-05-31"), width and height, and the picture's attributes: price, camera.lens,
 * tags[0], attributes["any key"]. Strings stand in single or double quotes. There are == != < <= > >= and ranges
 * (10 <= price < 100), in [...] and not in [...], like with % and _, is null, is not null and exists, and, or, not and
 * parentheses, and + - * / %. A comparison with an attribute that is missing, or of another type, is false, and not
 * makes it true. docs/filter.md has the grammar and the limits.
 *
 * ERRORS AND OWNERSHIP
 *
 * Every function that can fail returns a clipsearch_status, CLIPSEARCH_OK being 0, and takes a caller-owned
 * clipsearch_error (or NULL) last, which it fills only on failure. On failure an out-handle is set to NULL and
 * nothing is kept. Close functions take the address of the handle, accept NULL and a NULL handle, and set the
 * handle to NULL. Strings returned by a handle live as long as the handle. The library never prints, never
 * exits, installs no signal handler.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CLIPSEARCH_API __attribute__((visibility("default")))
#else
#define CLIPSEARCH_API
#endif

#define CLIPSEARCH_VERSION_MAJOR 0
#define CLIPSEARCH_VERSION_MINOR 2
#define CLIPSEARCH_VERSION_PATCH 0
#define CLIPSEARCH_VERSION "0.2.0"

/* The version of the library that is running, "0.2.0". A static string. */
CLIPSEARCH_API const char *clipsearch_version(void);

/* Structs that begin with struct_size may get more fields in later versions. struct_size tells the library how many
 * bytes the caller's struct has. Call its init function before you set or pass such a struct:
 *
 *     clipsearch_search_options options;
 *     clipsearch_search_options_init(&options);
 *     options.exact = true;
 *
 * It sets every field to its default and struct_size to sizeof. (Languages without C's inline functions call
 * clipsearch_search_options_init_sized with the size themselves.) A program keeps working with a library that is newer
 * or older than its header. The library refuses, with CLIPSEARCH_E_ARGUMENT, a struct that was not initialised and one
 * that sets a field the library does not know. docs/abi.md has the rules. */
#define CLIPSEARCH_INIT(type)                                                                                          \
    CLIPSEARCH_API void type##_init_sized(type *, size_t size);                                                        \
    static inline void type##_init(type *object)                                                                       \
    {                                                                                                                  \
        type##_init_sized(object, sizeof *object);                                                                     \
    }

/* ---------------------------------------------------------------- errors */

typedef enum clipsearch_status {
    CLIPSEARCH_OK = 0,
    CLIPSEARCH_E_ARGUMENT,    /* the caller passed what the function cannot take */
    CLIPSEARCH_E_MEMORY,      /* out of memory */
    CLIPSEARCH_E_IO,          /* a file cannot be opened, read or written */
    CLIPSEARCH_E_FORMAT,      /* an image or attribute file is damaged or not what it says */
    CLIPSEARCH_E_LIMIT,       /* input is larger than a stated limit */
    CLIPSEARCH_E_UNSUPPORTED, /* well-formed, but of a kind this build does not read */
    CLIPSEARCH_E_MODEL,       /* a model directory, configuration or weight file does not fit */
    CLIPSEARCH_E_DATABASE,    /* SQLite refused, or the file is not a clipsearch database */
    CLIPSEARCH_E_MISMATCH,    /* the collection belongs to another encoder */
    CLIPSEARCH_E_NOT_FOUND,   /* no such collection, item or model */
    CLIPSEARCH_E_CANCELLED    /* a progress callback asked to stop */
} clipsearch_status;

/* What went wrong, in words for a person: what, where, and where possible what to do next. UTF-8,
 * NUL-terminated, cut at the end when longer. */
typedef struct clipsearch_error {
    clipsearch_status code;
    int system_error; /* errno of the system call that failed; 0 when none did */
    char message[1024];
} clipsearch_error;

/* The name of a status ("format", "database", ...), a static string; "unknown" for any other value. */
CLIPSEARCH_API const char *clipsearch_status_name(clipsearch_status status);

/* ---------------------------------------------------------------- encoders */

typedef struct clipsearch_encoder clipsearch_encoder;

typedef enum clipsearch_metric { CLIPSEARCH_COSINE = 0, CLIPSEARCH_IP = 1, CLIPSEARCH_L2 = 2 } clipsearch_metric;

enum {
    CLIPSEARCH_IMAGE_TOWER = 1, /* can encode images */
    CLIPSEARCH_TEXT_TOWER = 2   /* can encode texts */
};

typedef struct clipsearch_encoder_options {
    size_t struct_size;
    unsigned towers;   /* which towers to load, CLIPSEARCH_*_TOWER or-ed; default both. A tower that is not loaded
                          costs nothing: its weights are never read. Of an encoder for pictures only, the image
                          tower is loaded when it is among them. */
    bool pack_weights; /* copy the image tower's weights once into the layout the kernels want: slower to open,
                          faster per image from the second batch on; results are the same bits. Default false. */
    const char *name;  /* the name the encoder goes by in collections; NULL (default): the directory's own */
} clipsearch_encoder_options;

/* Fill `options` with the defaults named above. */
CLIPSEARCH_INIT(clipsearch_encoder_options)

/* Open the model `path`: a directory with config.json, model.safetensors, preprocessor_config.json and vocab.json +
 * merges.txt in the Hugging Face layout; or an open_clip / OpenAI-named *.safetensors with
 * bpe_simple_vocab_16e6.txt.gz; or with an image network's weights (ResNet, VGG, MobileNetV2: an encoder for pictures
 * only), or such a weight file by itself (docs/model.md lists what is read). `options` may be NULL for the defaults.
 * Weights stay memory-mapped: do not truncate the file while the encoder is open.
 * Errors: CLIPSEARCH_E_IO, _MODEL (names the file, tensor, shapes), _UNSUPPORTED, _ARGUMENT (only the text tower was
 * asked of an encoder for pictures only), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_encoder_open(const char *path, const clipsearch_encoder_options *options,
                                                         clipsearch_encoder **encoder, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_encoder_close(clipsearch_encoder **encoder);

typedef struct clipsearch_encoder_info {
    size_t struct_size;
    const char *name;          /* as stored in collections */
    const char *path;          /* directory or file it was opened from */
    const char *fingerprint;   /* 64 hex digits that name what makes the vectors: SHA-256 over the configuration (sizes,
                                  heads, activation) and tensor names, types, shapes and a sample of each tensor's bytes
                                  (not of the whole file, which would have to be read) */
    const char *preprocessing; /* one line that names the preprocessing exactly; part of a collection's identity */
    size_t dim;                /* length of a vector */
    size_t image_size;         /* pixels on a side after the crop */
    size_t context_length;     /* tokens in a text, start and end included; 0 of an encoder for pictures only */
    size_t vocabulary;         /* number of token ids, or 0 */
    float logit_scale;         /* exp(logit_scale) of the model: 100 for OpenAI's; or 0 */
    unsigned towers;           /* the towers that were loaded */
    uint64_t parameters;       /* number of weights in the towers' files */
    const char *weights;       /* the weight file */
    const char *architecture;  /* "clip-vit", "clip-resnet", "resnet50", "vgg16-keras", "mobilenet-v2", ... */
    clipsearch_metric metric;  /* what the model's vectors are usually compared by */
    bool normalized;           /* vectors are L2-normalised; those of others are brought to length 1 when they are
                                  ingested into a CLIPSEARCH_COSINE collection */
} clipsearch_encoder_info;
CLIPSEARCH_INIT(clipsearch_encoder_info)

/* Describe an open encoder. The strings live as long as it does.
 * Errors: CLIPSEARCH_E_ARGUMENT (NULL, or *info was not initialised). */
CLIPSEARCH_API clipsearch_status clipsearch_encoder_describe(const clipsearch_encoder *encoder,
                                                             clipsearch_encoder_info *info, clipsearch_error *err);

/* ---------------------------------------------------------------- tokens */

typedef enum clipsearch_overflow {
    CLIPSEARCH_TRUNCATE, /* keep the first tokens and the end-of-text token: the reference's truncate=True */
    CLIPSEARCH_REFUSE    /* fail with CLIPSEARCH_E_LIMIT, as the reference does by default */
} clipsearch_overflow;

/* Turn UTF-8 `text` into token ids, start and end tokens included, not padded. `ids` has room for `capacity`
 * ids (context_length is always enough); *count receives how many were written. Broken UTF-8 is read as U+FFFD.
 * Errors: CLIPSEARCH_E_LIMIT (too long, with CLIPSEARCH_REFUSE; or capacity too small), _ARGUMENT (no text tower),
 * _MEMORY. Thread-safe. Source: OpenAI CLIP's simple_tokenizer, see docs/model.md for the one difference. */
CLIPSEARCH_API clipsearch_status clipsearch_tokenize(const clipsearch_encoder *encoder, const char *text,
                                                     clipsearch_overflow overflow, int32_t *ids, size_t capacity,
                                                     size_t *count, clipsearch_error *err);

/* The text of one token as the vocabulary spells it (bytes shown as printable characters, "</w>" at a word's
 * end), or NULL when there is no such id. Lives as long as the encoder. */
CLIPSEARCH_API const char *clipsearch_token_piece(const clipsearch_encoder *encoder, int32_t id);

/* ---------------------------------------------------------------- images */

/* A picture in memory: rows top to bottom, pixels R G B, 8 bits each, no padding. */
typedef struct clipsearch_image {
    uint8_t *rgb; /* [height, width, 3] */
    uint32_t width, height;
} clipsearch_image;

typedef struct clipsearch_image_options {
    size_t struct_size;
    uint64_t max_bytes;  /* refuse larger files; default 256 MiB */
    uint64_t max_pixels; /* refuse larger pictures, before any memory is taken for them; default 256 million */
    bool ignore_exif;    /* leave the EXIF orientation unapplied, as the reference implementations do; default false */
} clipsearch_image_options;

CLIPSEARCH_INIT(clipsearch_image_options)

/* Decode a JPEG or PNG file, recognised by its content, into RGB as Pillow's convert("RGB") would give it (alpha
 * dropped, grey and palettes expanded). On success the caller owns image->rgb and frees it with
 * clipsearch_image_free. `options` may be NULL.
 * Errors: CLIPSEARCH_E_IO, _FORMAT (damaged, truncated or not a picture), _UNSUPPORTED (a picture format this build
 * does not read), _LIMIT, _MEMORY. Thread-safe. */
CLIPSEARCH_API clipsearch_status clipsearch_image_load(const char *path, const clipsearch_image_options *options,
                                                       clipsearch_image *image, clipsearch_error *err);

/* The same from `size` bytes at `data`; `name` is used in messages only. */
CLIPSEARCH_API clipsearch_status clipsearch_image_decode(const void *data, size_t size, const char *name,
                                                         const clipsearch_image_options *options,
                                                         clipsearch_image *image, clipsearch_error *err);

/* A new image of exactly width x height pixels, resampled as Pillow's BICUBIC does. The caller frees it. */
CLIPSEARCH_API clipsearch_status clipsearch_image_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                                         clipsearch_image *resized, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_image_free(clipsearch_image *image);

/* ---------------------------------------------------------------- encoding */

typedef struct clipsearch_session clipsearch_session;

typedef struct clipsearch_session_options {
    size_t struct_size;
    unsigned threads;                      /* worker threads for one call; 0 (default): one per processor */
    size_t max_batch;                      /* items encoded together; larger calls are split. Default 32 */
    clipsearch_overflow overflow;          /* texts longer than the context; default CLIPSEARCH_TRUNCATE */
    const clipsearch_image_options *image; /* limits on image files; NULL (default): the defaults */
} clipsearch_session_options;

CLIPSEARCH_INIT(clipsearch_session_options)

/* Open a session on `encoder`, which must outlive it. All memory is taken here. `options` may be NULL. */
CLIPSEARCH_API clipsearch_status clipsearch_session_open(const clipsearch_encoder *encoder,
                                                         const clipsearch_session_options *options,
                                                         clipsearch_session **session, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_session_close(clipsearch_session **session);

/* Encode `count` texts into `vectors` [count, dim], each L2-normalised. The vector of a text does not depend on
 * what else is in the call. Errors as clipsearch_tokenize; _ARGUMENT for an encoder for pictures only. */
CLIPSEARCH_API clipsearch_status clipsearch_encode_texts(clipsearch_session *session, const char *const *texts,
                                                         size_t count, float *vectors, clipsearch_error *err);

/* How many texts of the session's last clipsearch_encode_texts were truncated because they are longer than the context;
 * always 0 with CLIPSEARCH_REFUSE. */
CLIPSEARCH_API size_t clipsearch_session_truncated(const clipsearch_session *session);

/* Encode `count` decoded images into `vectors` [count, dim], each L2-normalised where the encoder's are. The vector of
 * an image does not depend on what else is in the call. */
CLIPSEARCH_API clipsearch_status clipsearch_encode_images(clipsearch_session *session, const clipsearch_image *images,
                                                          size_t count, float *vectors, clipsearch_error *err);

/* Decode and encode one file into `vector` [dim]. */
CLIPSEARCH_API clipsearch_status clipsearch_encode_file(clipsearch_session *session, const char *path, float *vector,
                                                        clipsearch_error *err);

/* What an encoder takes of memory, in bytes. */
typedef struct clipsearch_memory {
    size_t struct_size;
    uint64_t mapped;  /* the weight file: read in as it is used, and shared by all processes that use it */
    uint64_t packed;  /* copies of weights in another layout: those that pack_weights makes of a vision transformer,
                         whether this encoder has made them or not, and those of convolutions, which always are */
    uint64_t session; /* what opening a session with the given options takes */
} clipsearch_memory;
CLIPSEARCH_INIT(clipsearch_memory)

/* Tell what `encoder`, with the towers it was opened with, and a session with `options` (NULL: the defaults) take. A
 * picture's file and its pixels, as large as they are, come on top. Opens a session and closes it; errors as
 * clipsearch_session_open. */
CLIPSEARCH_API clipsearch_status clipsearch_encoder_memory(const clipsearch_encoder *encoder,
                                                           const clipsearch_session_options *options,
                                                           clipsearch_memory *memory, clipsearch_error *err);

/* ---------------------------------------------------------------- model files */

/* One tensor of a weight file. */
typedef struct clipsearch_tensor {
    const char *name;
    const char *type;      /* as the file calls it: "F32", "F16", "BF16", "I64", ... */
    const size_t *shape;   /* [rank] */
    size_t rank;           /* 0: a single number */
    uint64_t count, bytes; /* numbers, and the bytes they take in the file */
    bool is_weight;        /* of a type that encoders compute with */
} clipsearch_tensor;

/* A weight file as a whole. */
typedef struct clipsearch_weights_info {
    size_t struct_size;
    char container[64];           /* "safetensors", ... */
    uint64_t tensors, parameters; /* all tensors; numbers of those that are weights */
    uint64_t bytes;               /* of the file */
} clipsearch_weights_info;
CLIPSEARCH_INIT(clipsearch_weights_info)

/* Look into the weight file `path`: `each` (may be NULL) is called for every tensor by name, and a false return ends
 * the walk; `info` (may be NULL) is filled. The file is recognised by its content (docs/model.md lists what is read)
 * and may be of any model; only its header is read. Strings and shapes of a tensor live for that call only.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL, _UNSUPPORTED, _MEMORY. Thread-safe. */
CLIPSEARCH_API clipsearch_status clipsearch_weights_walk(const char *path,
                                                         bool (*each)(void *context, const clipsearch_tensor *tensor),
                                                         void *context, clipsearch_weights_info *info,
                                                         clipsearch_error *err);

/* What weights are stored as. */
typedef enum clipsearch_number_type { CLIPSEARCH_F32, CLIPSEARCH_F16, CLIPSEARCH_BF16 } clipsearch_number_type;

typedef struct clipsearch_convert_options {
    size_t struct_size;
    unsigned towers;             /* CLIPSEARCH_*_TOWER or-ed; 0 (default): all that the model has */
    clipsearch_number_type type; /* default CLIPSEARCH_F32. The logit scale stays f32 */
    bool (*progress)(void *context, uint64_t done, uint64_t total); /* called now and then with bytes read and written
                                    so far and in all; returning false stops and leaves nothing. May be NULL */
    void *context;
} clipsearch_convert_options;

CLIPSEARCH_INIT(clipsearch_convert_options)

typedef struct clipsearch_convert_report {
    size_t struct_size;
    char source_sha256[65]; /* of the weight file that was read */
    uint64_t tensors, parameters;
    uint64_t bytes;   /* of the weight file that was written */
    uint64_t rounded; /* parameters that are not the same numbers any more */
} clipsearch_convert_report;
CLIPSEARCH_INIT(clipsearch_convert_report)

/* Write the model `from` (any that clipsearch_encoder_open takes) as the directory `to`, which is made when it is
 * missing. A CLIP with a vision transformer gets the Hugging Face layout: model.safetensors with the tensors in the
 * order an encoder reads them, config.json, preprocessor_config.json and, with the text tower, vocab.json and
 * merges.txt. CLIP's ResNets and image networks keep their tensors' names, less what is no part of the towers, with an
 * open_clip_config.json or a clipsearch.json; their numbers of one dimension stay f32. Each file gets its name
 * when it is whole, the weights last. Numbers are rounded to the nearest, ties to even; one that f16 cannot hold is
 * refused, never made infinite. With f32 weights the new model gives the same vectors, bit for bit. The weight file's
 * metadata hold the source's name, SHA-256 and what was done. To collections the new model is another encoder unless
 * tensors, types and names came out the same. `report` may be NULL.
 * Errors: as clipsearch_encoder_open; CLIPSEARCH_E_ARGUMENT (a tower the model has not, `to` is `from`), _UNSUPPORTED
 * (f16 cannot hold a number), _IO, _CANCELLED, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_model_convert(const char *from, const char *to,
                                                          const clipsearch_convert_options *options,
                                                          clipsearch_convert_report *report, clipsearch_error *err);

/* ---------------------------------------------------------------- databases and collections */

typedef struct clipsearch_database clipsearch_database;
typedef struct clipsearch_collection clipsearch_collection;

enum {
    CLIPSEARCH_READ_ONLY = 1, /* open for reading; the file must exist */
    CLIPSEARCH_CREATE = 2     /* make the file (not its directory) when it is missing */
};

/* How an index holds vectors for its walk; the answer is ranked on the exact vectors in any case. */
typedef enum clipsearch_codes {
    CLIPSEARCH_CODES_DEFAULT = 0, /* as the library likes: I8 */
    CLIPSEARCH_CODES_F32 = 1,     /* the exact vectors themselves */
    CLIPSEARCH_CODES_F16 = 2,     /* halves: 11 bits of each number, up to 65,504 */
    CLIPSEARCH_CODES_BF16 = 3,    /* bfloat16: 8 bits of each number, of any size */
    CLIPSEARCH_CODES_I8 = 4       /* 8-bit integers: a quarter of the memory, and the fastest */
} clipsearch_codes;

/* What a collection's index is to be like; fixed when the collection is made. 0: as the library likes. */
typedef struct clipsearch_index_options {
    size_t struct_size;
    clipsearch_codes codes;
    unsigned m;               /* links a vector chooses: 4 to 64, default 16 */
    unsigned ef_construction; /* candidates it chooses from: m to 4096, default 200 */
    unsigned ef; /* candidates a search keeps: 1 to 65,536, default 64. More: slower, and nearer to exact */
} clipsearch_index_options;

/* Fill `options` with 0 throughout. */
CLIPSEARCH_INIT(clipsearch_index_options)

/* "f32", "f16", "bf16", "i8"; "" for the default; NULL for what is none. A static string. */
CLIPSEARCH_API const char *clipsearch_codes_name(clipsearch_codes codes);

/* Open the database file `path`. flags: CLIPSEARCH_READ_ONLY or CLIPSEARCH_CREATE or 0 (read and write, must exist).
 * ":memory:" makes a new, empty database in memory, of at most 2 GiB, which is gone when it is closed: no file is
 * written, and searches are exact. ("./:memory:" is a file of that name.)
 * Errors: CLIPSEARCH_E_NOT_FOUND (no such file), CLIPSEARCH_E_DATABASE (not a clipsearch database, written by a newer
 * version, locked, damaged, disk full), CLIPSEARCH_E_ARGUMENT (":memory:" with CLIPSEARCH_READ_ONLY).
 *
 * Threads: any number of threads may use one database handle, and one collection handle, at the same time, for every
 * function except these: close a handle, drop a collection, and set the receiver of notes only while no other thread
 * uses that handle. Searches, queries and look-ups run side by side, each through a connection of its own; all handles
 * and threads share one copy of the index and the vectors. Each call sees the collection as it was at one moment.
 * Changes (put, remove, ingest, checkpoint, vacuum) wait for one another; searches go on meanwhile. In memory, searches
 * and changes wait for each other. Progress and note functions are called on the thread of the call that they belong
 * to, notes one at a time. */
CLIPSEARCH_API clipsearch_status clipsearch_database_open(const char *path, unsigned flags, clipsearch_database **db,
                                                          clipsearch_error *err);
/* All collections of the database must be closed before it. */
CLIPSEARCH_API void clipsearch_database_close(clipsearch_database **db);

/* Have `note` called with one line of text when an index file is missing, stale or damaged, so that searches are exact
 * and slower, or when one could not be written. Nothing fails. A checkpoint with `rebuild` writes the file again. The
 * line comes on the thread of the call that noticed, once for each file. NULL: no notes. */
CLIPSEARCH_API void clipsearch_database_on_note(clipsearch_database *db, void (*note)(void *context, const char *line),
                                                void *context);

typedef struct clipsearch_collection_info {
    size_t struct_size;
    const char *name;
    const char *encoder;       /* name of the encoder that made the vectors */
    const char *fingerprint;   /* of its weights */
    const char *preprocessing; /* see clipsearch_encoder_info */
    size_t dim;
    clipsearch_metric metric;
    uint64_t count;               /* pictures */
    uint64_t vector_bytes;        /* bytes their vectors take */
    int64_t created;              /* seconds since 1970 */
    clipsearch_codes index_codes; /* of its index, as in clipsearch_index_options; the defaults are filled in */
    unsigned index_m;
    unsigned index_ef_construction;
    unsigned index_ef;
    bool indexed;     /* there is an index file; whether it is sound is clipsearch_collection_check's */
    uint64_t changes; /* pictures put or removed since it was written; clipsearch_collection_describe
                                       fills this in, clipsearch_database_collections does not */
} clipsearch_collection_info;
CLIPSEARCH_INIT(clipsearch_collection_info)

/* Call `each` for every collection, by name; a false return ends the walk. The strings live for that call only. */
CLIPSEARCH_API clipsearch_status clipsearch_database_collections(clipsearch_database *db,
                                                                 bool (*each)(void *context,
                                                                              const clipsearch_collection_info *info),
                                                                 void *context, clipsearch_error *err);

/* Open the collection `name`. When `encoder` is not NULL and is not the one the collection was made with:
 * CLIPSEARCH_E_MISMATCH, naming both. CLIPSEARCH_E_NOT_FOUND when there is none, naming those there are. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_open(clipsearch_database *db, const char *name,
                                                            const clipsearch_encoder *encoder,
                                                            clipsearch_collection **collection, clipsearch_error *err);

/* Check that `encoder` made the vectors of the open collection: CLIPSEARCH_E_MISMATCH, naming both, when it did not. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_check_encoder(const clipsearch_collection *collection,
                                                                     const clipsearch_encoder *encoder,
                                                                     clipsearch_error *err);

/* As clipsearch_collection_open, but make it, bound to `encoder` and `metric`, when there is none. One that exists with
 * another metric is a CLIPSEARCH_E_MISMATCH. Names are 1 to 64 letters, digits, '_', '-' or '.'. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_ensure(clipsearch_database *db, const char *name,
                                                              const clipsearch_encoder *encoder,
                                                              clipsearch_metric metric,
                                                              clipsearch_collection **collection,
                                                              clipsearch_error *err);
/* The same, for an index with `options`. One that exists with others, of those that are not 0, is a
 * CLIPSEARCH_E_MISMATCH. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_ensure_index(
    clipsearch_database *db, const char *name, const clipsearch_encoder *encoder, clipsearch_metric metric,
    const clipsearch_index_options *options, clipsearch_collection **collection, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_collection_close(clipsearch_collection **collection);

/* Remove a collection, its index file, and all its pictures' rows (never the picture files). It must not be open. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_drop(clipsearch_database *db, const char *name,
                                                            clipsearch_error *err);

CLIPSEARCH_API clipsearch_status clipsearch_collection_describe(clipsearch_collection *collection,
                                                                clipsearch_collection_info *info,
                                                                clipsearch_error *err);

/* One picture of a collection. */
typedef struct clipsearch_item {
    int64_t id;             /* unique in its collection; 0 when adding: the next free one */
    const char *path;       /* absolute, as bytes of the file system; unique in its collection */
    uint64_t size;          /* bytes */
    int64_t mtime_ns;       /* nanoseconds since 1970 */
    uint8_t hash[32];       /* SHA-256 of the file's bytes */
    uint32_t width, height; /* pixels, after the EXIF orientation */
    const char *attributes; /* a JSON object, "{}" when there are none */
} clipsearch_item;

/* Insert `count` items with their `vectors` [count, dim] in one transaction; an item whose path is there already is
 * replaced and keeps its id. Either all are stored or none. ids, when not NULL, receives each item's id.
 * For CLIPSEARCH_COSINE the vectors must be L2-normalised; vectors with a NaN or infinity are refused.
 * Errors: CLIPSEARCH_E_ARGUMENT (names the item), CLIPSEARCH_E_DATABASE. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_put(clipsearch_collection *collection,
                                                           const clipsearch_item *items, const float *vectors,
                                                           size_t count, int64_t *ids, clipsearch_error *err);

/* Remove items by id, in one transaction; ids that are not there are passed over. *removed may be NULL. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_remove(clipsearch_collection *collection, const int64_t *ids,
                                                              size_t count, size_t *removed, clipsearch_error *err);

/* Remove every picture that `filter` (FILTERS) lets through, in one transaction; *removed (may be NULL) receives how
 * many. `filter` cannot be NULL: all of them is "true".
 * Errors: CLIPSEARCH_E_ARGUMENT and _LIMIT (the filter), _NOT_FOUND, _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_remove_where(clipsearch_collection *collection,
                                                                    const char *filter, uint64_t *removed,
                                                                    clipsearch_error *err);

/* ---------------------------------------------------------------- the index file
 *
 * A collection of some thousand pictures or more has a file DATABASE.COLLECTION.hnsw beside its database: a graph over
 * the vectors as they were when it was written, which searches walk. Pictures put, replaced or removed since are noted
 * in the database, so that a search finds them all the same, by an exact scan of the few; a checkpoint takes them into
 * the file. The file is derived: whatever befalls it, nothing is lost, searches notice and are exact meanwhile. Any
 * process may search while another checkpoints. docs/index.md has the whole. */

typedef struct clipsearch_checkpoint_options {
    size_t struct_size;
    unsigned threads; /* 0 (default): one per processor */
    bool rebuild;     /* from the rows alone, even when there is a file to go on from. Default false */
    bool vacuum;      /* let go of what removed pictures left behind in the file. Default false */
    bool (*progress)(void *context, uint64_t done, uint64_t all); /* called now and then on the caller's thread, in
                         vectors; returning false stops and leaves the file as it was. May be NULL */
    void *context;
} clipsearch_checkpoint_options;

CLIPSEARCH_INIT(clipsearch_checkpoint_options)

/* Write the collection's index file, or bring it up to date; remove it when the collection has become small. An
 * ingestion does this at its end when enough has changed; a program that puts pictures itself calls it when it is done
 * with many. Memory while it runs: the file's size. `options` may be NULL.
 * Errors: CLIPSEARCH_E_IO (the file cannot be written), _DATABASE, _MEMORY, _CANCELLED, _ARGUMENT (opened for reading
 * only), _NOT_FOUND. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_checkpoint(clipsearch_collection *collection,
                                                                  const clipsearch_checkpoint_options *options,
                                                                  clipsearch_error *err);

/* Write the database file anew without what was removed from it. With a checkpoint's `vacuum` before it for every
 * collection, no byte of a removed picture's row or vector is left in any file of the database.
 * Errors: CLIPSEARCH_E_DATABASE (also when another process is reading, so that its log cannot be emptied). */
CLIPSEARCH_API clipsearch_status clipsearch_database_vacuum(clipsearch_database *db, clipsearch_error *err);

typedef enum clipsearch_index_state {
    CLIPSEARCH_INDEX_NONE,   /* no file, and none needed: the collection is small */
    CLIPSEARCH_INDEX_USABLE, /* searches walk it, and scan what has changed since */
    CLIPSEARCH_INDEX_UNUSED, /* missing, stale, or too much has changed since: searches are exact */
    CLIPSEARCH_INDEX_DAMAGED /* the same, and the file is not what was written, or not what the rows say */
} clipsearch_index_state;

typedef struct clipsearch_check_report {
    size_t struct_size;
    uint64_t pictures; /* rows, all of whose vectors were read */
    clipsearch_index_state state;
    char why[1024]; /* of the states UNUSED and DAMAGED: what is amiss, in words */
    /* of an index that is USABLE or was when it was opened: */
    uint64_t vectors;     /* in the file */
    uint64_t file_bytes;  /* of the file */
    uint64_t changes;     /* pictures put or removed since it was written */
    uint64_t missing;     /* vectors that should be in the file and are not, or are not those of the rows */
    uint64_t surplus;     /* vectors in the file that should not be */
    uint64_t broken;      /* links and numbers of the graph that cannot be */
    uint64_t unreachable; /* nodes that no path of links leads to */
    uint64_t links;       /* at the lowest level */
    uint64_t reciprocal;  /* of them, those whose target links back */
    uint64_t removed;     /* nodes that are walked over but never found: a vacuum lets go of them */
    int levels;           /* above the lowest */
    uint64_t sample;      /* queries, the collection's own vectors, by which recall was measured */
    double recall;        /* share of the exact ten nearest that searches find, measured */
} clipsearch_check_report;
CLIPSEARCH_INIT(clipsearch_check_report)

/* Read every row and vector of the collection and SQLite's own structures; verify every block of its index file, the
 * graph and its vectors against the rows, and measure recall with `sample` queries (0: 100) of the default ef. Memory
 * while it runs: all the vectors.
 * CLIPSEARCH_OK: rows and index are sound (also when there is no index, or a stale one, which loses nothing).
 * CLIPSEARCH_E_FORMAT: the index file is damaged; the report is filled in, and a checkpoint with `rebuild` mends it.
 * CLIPSEARCH_E_DATABASE: the database is. Other errors: _NOT_FOUND, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_check(clipsearch_collection *collection, size_t sample,
                                                             clipsearch_check_report *report, clipsearch_error *err);

/* ---------------------------------------------------------------- ingestion */

/* A folder or file to take pictures from. */
typedef struct clipsearch_source {
    size_t struct_size;
    const char *path;           /* a directory (walked) or one file */
    const char *const *include; /* glob patterns; NULL: *.jpg *.jpeg *.png in any case. A pattern without '/' is held
                                   against the file's name, one with '/' against the path below the source; "**"
                                   stands for any number of directories, [a-z] and [!a-z] for one character, \x for x
                                   itself. Names that begin with '.' are nothing special. A source that is one file is
                                   taken whatever the patterns */
    size_t include_count;
    const char *const *exclude; /* glob patterns of files and whole directories to leave out; one that ends in '/' is
                                   for directories only */
    size_t exclude_count;
    bool no_recurse;            /* only the directory itself */
    bool follow_symlinks;       /* default false: links to directories are not entered */
    const char *attributes;     /* a JSON object given to every picture of the source, or NULL. A source with neither
                                   this nor attributes_csv leaves the attributes that pictures have as they are */
    const char *attributes_csv; /* a CSV file with a header row, one row a picture, whose columns become attributes:
                                   JSON numbers of up to 18 digits before the point become numbers, anything else (007,
                                   +49, true) stays a string, an empty field is no attribute. NULL: none. Its values
                                   beat `attributes`. Two rows for one picture are an error */
    const char *csv_key;        /* the column that holds the picture's path below the source, absolute path or name;
                                   NULL: "path". It becomes no attribute itself */
    bool csv_by_name;           /* join on the file's name alone instead of the path below the source */
} clipsearch_source;

CLIPSEARCH_INIT(clipsearch_source)

typedef enum clipsearch_on_bad { CLIPSEARCH_SKIP_BAD, CLIPSEARCH_STOP_AT_BAD } clipsearch_on_bad;

/* How far an ingestion has come. */
typedef struct clipsearch_progress {
    uint64_t found;  /* files found so far; final once walking_done */
    uint64_t done;   /* files dealt with: stored, unchanged or skipped */
    uint64_t stored; /* of these, inserted or replaced */
    double seconds;  /* since the start */
    bool walking_done;
    const char *path; /* the file dealt with last; while walking, the place looked at; "" in between */
} clipsearch_progress;

typedef struct clipsearch_ingest_options {
    size_t struct_size;
    const clipsearch_source *sources;
    size_t source_count;
    size_t batch;     /* pictures encoded and committed together; default 32 */
    unsigned threads; /* decoding threads; 0 (default): one per processor */
    bool prune;       /* remove rows of pictures whose files are gone from a source. A file that is there but left
                                 out by the patterns keeps its row; a source that cannot be read wholly prunes nothing.
                                 Default false */
    bool dry_run;     /* walk and compare only, write nothing. New and changed files are read, to see what was
                                 moved or copied, but not decoded: which of them are bad is not known */
    clipsearch_on_bad on_bad;              /* default CLIPSEARCH_SKIP_BAD */
    const clipsearch_image_options *image; /* limits on image files; NULL (default): the defaults */
    bool (*progress)(void *context, const clipsearch_progress *progress); /* called now and then on the caller's
                                 thread; returning false commits the batch in hand and stops. May be NULL */
    void (*bad_file)(void *context, const char *path, const clipsearch_error *why); /* called for each file skipped, on
                                 the caller's thread. May be NULL */
    void *context;                                                                  /* given to both callbacks */
} clipsearch_ingest_options;

CLIPSEARCH_INIT(clipsearch_ingest_options)

typedef struct clipsearch_ingest_report {
    size_t struct_size;
    uint64_t found;      /* files that matched */
    uint64_t inserted;   /* new */
    uint64_t replaced;   /* changed on disk, encoded again */
    uint64_t unchanged;  /* left as they were (size and time, or else content, equal) */
    uint64_t moved;      /* same content at a new path: row kept, path updated, not encoded */
    uint64_t copied;     /* same content as another picture: its vector used, not encoded */
    uint64_t updated;    /* attributes changed, vector kept */
    uint64_t skipped;    /* bad files, and directories that could not be read (those are not in `found`) */
    uint64_t unreadable; /* of `skipped`: files and directories that failed because of the machine (input or output
                            error, too many open files, no memory), though they were tried again. Another run may
                            read them */
    uint64_t pruned;     /* rows removed */
    double seconds;
    uint64_t without_row; /* files for which attributes_csv has no row, when there is one */
    uint64_t rows_unused; /* rows of attributes_csv that are for no file found; both are filled on success only */
    bool indexed;         /* the index file was written or brought up to date; `seconds` has the time it took too */
    bool created;         /* clipsearch_ingest_into made the collection */
} clipsearch_ingest_report;
CLIPSEARCH_INIT(clipsearch_ingest_report)

/* Bring `collection` up to date with the sources: walk, decode (overlapped with encoding), encode, commit batch by
 * batch, so that whatever stops it loses at most the batch in hand and a second run carries on. `session` must be of
 * the collection's encoder with the image tower. The report is filled on success, on CLIPSEARCH_E_CANCELLED and on
 * failure alike. Errors: CLIPSEARCH_E_IO (a source or CSV cannot be read), _FORMAT (CSV or JSON), _MISMATCH, _DATABASE,
 * _CANCELLED, and with CLIPSEARCH_STOP_AT_BAD what the file's decoding gave. */
CLIPSEARCH_API clipsearch_status clipsearch_ingest(clipsearch_collection *collection, clipsearch_session *session,
                                                   const clipsearch_ingest_options *options,
                                                   clipsearch_ingest_report *report, clipsearch_error *err);

/* A collection to ingest into that need not exist yet. */
typedef struct clipsearch_ingest_target {
    size_t struct_size;
    const char *database;                  /* the database file. When it is missing it is made, but not its directory */
    const char *collection;                /* the collection's name */
    clipsearch_metric metric;              /* default CLIPSEARCH_COSINE */
    const clipsearch_index_options *index; /* a field that is 0: the library's default, or as the collection has
                                                      it. NULL (default): 0 throughout */
    void (*note)(void *context, const char *line); /* as clipsearch_database_on_note; may be NULL */
    void *context;                                 /* given to `note` */
} clipsearch_ingest_target;

CLIPSEARCH_INIT(clipsearch_ingest_target)

/* The same as clipsearch_ingest, into a collection that is made, with its database, when the first batch is stored:
 * bound to the session's encoder, as clipsearch_collection_ensure_index does. A run that finds nothing to store, or
 * that fails or is cancelled before its first batch, and a dry run make nothing.
 * Errors: besides those of clipsearch_ingest, CLIPSEARCH_E_ARGUMENT (the name, the index options) and _NOT_FOUND (the
 * database's directory is missing), both before any file is read; _MISMATCH (the collection exists with another
 * encoder, metric or index). */
CLIPSEARCH_API clipsearch_status clipsearch_ingest_into(const clipsearch_ingest_target *target,
                                                        clipsearch_session *session,
                                                        const clipsearch_ingest_options *options,
                                                        clipsearch_ingest_report *report, clipsearch_error *err);

/* ---------------------------------------------------------------- search */

/* What a call of clipsearch_search did. */
typedef struct clipsearch_search_stats {
    size_t struct_size;
    size_t graph;      /* queries answered by walking the graph; the others by a scan */
    size_t tail;       /* pictures changed since the index file was written, scanned for each query */
    uint64_t compared; /* vectors, or their codes, compared with the queries */
} clipsearch_search_stats;
CLIPSEARCH_INIT(clipsearch_search_stats)

typedef struct clipsearch_search_options {
    size_t struct_size;
    bool has_limit;     /* keep only hits as near as `limit` or nearer */
    float limit;        /* a least score for CLIPSEARCH_COSINE and _IP, a greatest distance for CLIPSEARCH_L2 */
    const char *filter; /* only pictures that this filter (FILTERS) lets through; NULL (default): all */
    bool exact;         /* compare every vector, index or not. Default false */
    size_t ef;          /* candidates a walk keeps, 1 to 65,536; raised to `k`. 0 (default): the collection's own */
    clipsearch_search_stats *stats; /* filled in when not NULL */
} clipsearch_search_options;

CLIPSEARCH_INIT(clipsearch_search_options)

typedef struct clipsearch_hit {
    int64_t id;
    float score; /* see CONCEPTS; 0 from clipsearch_query and clipsearch_get, which compare nothing */
    const char *path;
    uint64_t size;
    int64_t mtime_ns;
    uint32_t width, height;
    const char *attributes; /* JSON object */
} clipsearch_hit;

typedef struct clipsearch_hits clipsearch_hits;

/* Find the `k` nearest pictures to each of `count` query vectors [count, dim]. For CLIPSEARCH_COSINE a query
 * that is not L2-normalised is normalised first. With an index file (above) the answer holds nearly all of the nearest,
 * always min(k, pictures) of them, all with their exact scores; clipsearch_collection_check measures how nearly.
 * Without one, or with `exact`, it is exact: the first search reads all vectors into memory, where all handles of the
 * database share them, and the first search after a change reads them again; with a filter that lets few through it
 * reads only theirs. However few that is, all of them are found when `k` asks for as many. Many queries of one call run
 * on all processors; the hits do not depend on how many there are. The result owns its strings and is independent of
 * the collection; free it with clipsearch_hits_free. `options` may be NULL.
 * Errors: CLIPSEARCH_E_ARGUMENT (k of 0, a NaN or infinity in a query, a cosine query of zeros, a filter that is
 * none), _LIMIT (a filter too long or too complex), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_search(clipsearch_collection *collection, const float *queries,
                                                   size_t count, size_t k, const clipsearch_search_options *options,
                                                   clipsearch_hits **hits, clipsearch_error *err);

/* The pictures that `filter` (FILTERS; NULL: all) lets through, by ascending id: at most `limit` of them (SIZE_MAX: no
 * limit), the first `offset` left out. They are the hits of query number 0, with a score of 0.
 * Errors: CLIPSEARCH_E_ARGUMENT and _LIMIT (the filter), _NOT_FOUND (the collection was dropped), _DATABASE,
 * _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_query(clipsearch_collection *collection, const char *filter, size_t limit,
                                                  size_t offset, clipsearch_hits **hits, clipsearch_error *err);

/* The pictures with these ids, in the order of `ids` [count]; an id that is not there is passed over. Hits and errors
 * as clipsearch_query. */
CLIPSEARCH_API clipsearch_status clipsearch_get(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                                clipsearch_hits **hits, clipsearch_error *err);

/* Whether `filter` is one, without a database. CLIPSEARCH_E_ARGUMENT says what was expected and where, _LIMIT what is
 * too much; *column (may be NULL) receives the column of that in characters from 1, or 0 when it has none. */
CLIPSEARCH_API clipsearch_status clipsearch_filter_check(const char *filter, size_t *column, clipsearch_error *err);

/* Number of hits for query number `query`, nearest first, and each of them; NULL when out of range. */
CLIPSEARCH_API size_t clipsearch_hits_count(const clipsearch_hits *hits, size_t query);
CLIPSEARCH_API const clipsearch_hit *clipsearch_hits_get(const clipsearch_hits *hits, size_t query, size_t rank);
CLIPSEARCH_API void clipsearch_hits_free(clipsearch_hits **hits);

#ifdef __cplusplus
}
#endif
#endif
