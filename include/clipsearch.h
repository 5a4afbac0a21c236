/* SPDX-License-Identifier: MIT
 * clipsearch.h - find images by meaning: the one public header of libclipsearch. */
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
 *     clipsearch_encoder_open(NULL, NULL, &encoder, &err); // the built-in model; or the path of a model directory
 *     clipsearch_session_open(encoder, NULL, &session, &err);
 *     clipsearch_database_open("photos.db", CLIPSEARCH_CREATE, &db, &err);
 *     clipsearch_collection_ensure(db, "photos", encoder, CLIPSEARCH_COSINE, &photos, &err);
 *
 *     clipsearch_ingest_path(photos, session, "holiday", NULL, &err);
 *
 *     clipsearch_hits *hits = NULL;
 *     clipsearch_search_text(photos, session, "a white dog", 10, NULL, &hits, &err);
 *     for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
 *         const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
 *         printf("%.3f %s\n", hit->score, hit->path);
 *     }
 *
 *     clipsearch_hits_free(&hits);
 *     clipsearch_collection_close(&photos);
 *     clipsearch_database_close(&db);
 *     clipsearch_session_close(&session);
 *     clipsearch_encoder_close(&encoder);
 *
 * (A real program checks the status that each call returns. examples/ has whole programs.)
 *
 * CONCEPTS
 *
 * Model and encoder: a model is a directory or a weight file; an encoder is a model that has been opened. It turns
 * images and texts into vectors of `dim` floats. Vectors of images and texts that mean the same are near each other.
 * Some models encode images only. An encoder does not change once it is open; any number of threads may share it.
 *
 * Session: the working memory for encoding. One thread at a time may use a session; a session may itself use several
 * worker threads. After it has been opened, encoding allocates no memory, with two exceptions: buffers grow when an
 * image is larger than every earlier one of the session, and reading an image file takes what the library of its format
 * needs. Both can fail with CLIPSEARCH_E_MEMORY.
 *
 * Database: an SQLite file. Collection: a named set of items in a database. Item: an image with its path, size, time
 * and attributes, and its vector. A collection belongs to the encoder that made its vectors, because vectors of two
 * encoders cannot be compared; every other encoder is refused. An encoder is recognised by the fingerprint of its
 * weights and configuration, its dim and its preprocessing. Its name is only a label: the same model in another
 * directory is the same encoder. Many processes may read a database while one writes.
 *
 * Score: how near an item is to a query. It is the cosine (-1 to 1) for CLIPSEARCH_COSINE and the inner product for
 * CLIPSEARCH_IP, where higher is nearer, and the squared Euclidean distance for CLIPSEARCH_L2, where lower is nearer.
 * Hits are ordered by score, nearest first, and by id where scores are equal.
 *
 * FILTERS
 *
 * A filter is a condition on an item, for instance
 *
 *     price < 100 and label in ["dog", "cat"] and not path like "%/thumbs/%"
 *
 * It can use the fields id, path, name (the last part of the path), size (bytes), mtime (seconds since 1970; it can be
 * compared with numbers and with dates such as "2024-05-31"), width and height, and the item's attributes: price,
 * camera.lens, tags[0], attributes["any key"]. What a file states about its image are attributes too: taken, camera,
 * latitude, ... Strings are in single or double quotes; inside, a backslash stands before a quote and before another
 * backslash: "a \"b\" \\ c". The operators are == != < <= > >= (also 10 <= price < 100), label in ["dog", "cat"] and
 * not in; "dog" in keywords (an attribute that is a list); like, with % and _; path under "/a/folder"; is null, is not
 * null; exists price; and, or, not, parentheses; + - * / %. Every comparison, != too, with an attribute that is missing
 * or of another type is false; so `not (price < 5)` is true for an item without a price.
 * docs/filter.md has the grammar and the limits.
 *
 * ERRORS AND OWNERSHIP
 *
 * A function that can fail returns a clipsearch_status, 0 (CLIPSEARCH_OK) on success. Its last parameter is a
 * clipsearch_error of the caller, or NULL; it is filled in on failure only. After a failure the handle that the
 * function would have returned is NULL, and the caller has nothing to free. A close or free function takes the address
 * of a handle and sets the handle to NULL; you may pass NULL, or the address of a handle that is NULL. Strings, arrays
 * and option structs need to stay valid during the call only, unless a function says otherwise. Texts are UTF-8; paths
 * are the bytes that the file system uses. [count, dim] means count rows of dim numbers, one row after the other. What
 * an output array holds after a failure is undefined. In the lists of errors _IO stands for CLIPSEARCH_E_IO, and so on.
 * A string that belongs to a handle is valid until the handle is closed. The library never prints, never ends the
 * process and installs no signal handler.
 *
 * THREADS
 *
 * clipsearch_encoder, clipsearch_labels, clipsearch_calibration: do not change; any number of threads may use one at
 * the same time.
 * clipsearch_session, clipsearch_watch: one thread at a time may use one. For two threads open two sessions of one
 * encoder.
 * clipsearch_database, clipsearch_collection: any number of threads may use one at the same time, to search and to
 * change; the exceptions are at clipsearch_database_open.
 * clipsearch_hits, clipsearch_duplicates, clipsearch_sources: do not change; any number of threads may read one.
 *
 * A handle may be used and closed on another thread than the one that opened it. While it is closed or freed no other
 * thread may use it. Functions that take no handle may be called on any number of threads at the same time, apart from
 * clipsearch_build_info. Different handles do not disturb each other, even those of one database file. Functions that
 * you give to the library (progress, note, each, ...) are called on the thread of the call that they were given to.
 * After fork() a child process must not use the handles of its parent: open them anew.
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
/* For comparisons: 203 is 0.2.3, and 10000 is 1.0.0. */
#define CLIPSEARCH_VERSION_NUMBER                                                                                      \
    (CLIPSEARCH_VERSION_MAJOR * 10000 + CLIPSEARCH_VERSION_MINOR * 100 + CLIPSEARCH_VERSION_PATCH)

/* The version of the library that is running, which may differ from that of the header: for example "0.2.0", a static
 * string, and 200. */
CLIPSEARCH_API const char *clipsearch_version(void);
CLIPSEARCH_API int clipsearch_version_number(void);

/* Call `each` with what can be said about this build of the library and this machine, in a fixed order: name and value
 * of the instruction sets in use ("kernels"), of the libraries with their versions ("sqlite", "jpeg", ...) and of the
 * features that the build lacks ("not in this build"). The strings are valid during the call of `each` only. Optional
 * libraries are loaded, which takes some tens of milliseconds. One thread at a time may call this; others may use the
 * rest of the library meanwhile. */
CLIPSEARCH_API void clipsearch_build_info(void (*each)(void *context, const char *name, const char *value),
                                          void *context);

/* A struct that begins with struct_size may get more fields in a later version; struct_size tells the library how long
 * the caller's struct is. Call the struct's init function before you set its fields or pass it to the library:
 *
 *     clipsearch_search_options options;
 *     clipsearch_search_options_init(&options);
 *     options.exact = true;
 *
 * The init function sets struct_size to sizeof the struct and every other field to its default. A field that is 0 has
 * its default too, but for a few that say otherwise (clipsearch_part, clipsearch_list_options,
 * clipsearch_watch_options); so this does the same:
 *
 *     clipsearch_search_options options = {.struct_size = sizeof options, .exact = true};
 *
 * Every such struct X also has a function X_init_sized, which takes the struct's size, for languages that cannot call
 * inline functions of C. A program works with a newer library, and with an older one as long as the fields that the
 * older one does not know keep their defaults; otherwise the call fails with CLIPSEARCH_E_ARGUMENT, as it does for a
 * struct that was not initialised. In an array of such structs all have the same struct_size. docs/abi.md has the
 * rules. */
#define CLIPSEARCH_INIT(type)                                                                                          \
    CLIPSEARCH_API void type##_init_sized(type *, size_t size);                                                        \
    static inline void type##_init(type *object)                                                                       \
    {                                                                                                                  \
        type##_init_sized(object, sizeof *object);                                                                     \
    }

/* ---------------------------------------------------------------- errors */

typedef enum clipsearch_status {
    CLIPSEARCH_OK = 0,
    CLIPSEARCH_E_ARGUMENT,    /* an argument has a value that the function does not accept */
    CLIPSEARCH_E_MEMORY,      /* out of memory */
    CLIPSEARCH_E_IO,          /* a file cannot be opened, read or written */
    CLIPSEARCH_E_FORMAT,      /* an image, CSV, JSON or index file is damaged or of another format */
    CLIPSEARCH_E_LIMIT,       /* the input is larger than a stated limit */
    CLIPSEARCH_E_UNSUPPORTED, /* the input is valid, but this build cannot read its kind */
    CLIPSEARCH_E_MODEL,       /* a model directory, configuration or weight file is damaged or does not fit together */
    CLIPSEARCH_E_DATABASE,    /* an error of SQLite, or the file is not a clipsearch database */
    CLIPSEARCH_E_MISMATCH,    /* the collection belongs to another encoder, or was made with other settings */
    CLIPSEARCH_E_NOT_FOUND,   /* there is no such collection, item, model or database */
    CLIPSEARCH_E_CANCELLED,   /* a progress or go_on function returned false */
    CLIPSEARCH_E_TIMEOUT      /* a search took longer than its `timeout` */
} clipsearch_status;

/* What went wrong. The message is one for people: what failed, where, and if possible what to do next. It is UTF-8,
 * NUL-terminated, and cut in the middle ("...") when it is longer than the buffer. */
typedef struct clipsearch_error {
    clipsearch_status code;
    int system_error; /* errno of the system call that failed; 0 when none did */
    char message[1024];
} clipsearch_error;

/* The name of a status: "format", "database", ...; "unknown" for a value that the library does not know. A static
 * string. */
CLIPSEARCH_API const char *clipsearch_status_name(clipsearch_status status);

/* ---------------------------------------------------------------- encoders */

typedef struct clipsearch_encoder clipsearch_encoder;

/* How vectors are compared; see CONCEPTS, score. */
typedef enum clipsearch_metric { CLIPSEARCH_COSINE = 0, CLIPSEARCH_IP = 1, CLIPSEARCH_L2 = 2 } clipsearch_metric;

/* The two halves of a model, to be combined with `|`. */
enum {
    CLIPSEARCH_IMAGE_TOWER = 1, /* encodes images */
    CLIPSEARCH_TEXT_TOWER = 2   /* encodes texts */
};

/* Room for a path, with the NUL at its end. */
#define CLIPSEARCH_PATH_SIZE 4096

/* Find the installed model `name`: "default" is the model that comes with clipsearch; "clip-vit-b32" and others are
 * there after `clipsearch model fetch NAME`. The name is searched for among the user's models
 * ($XDG_DATA_HOME/clipsearch/models), beside the library or the program that contains it, and where the library was
 * built to be installed. `path` receives the absolute path for clipsearch_encoder_open. Any number of threads may call
 * this.
 * Errors: CLIPSEARCH_E_NOT_FOUND (the message lists the places), _ARGUMENT (not a name: it is empty, begins with '.' or
 * has a '/'), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_model_find(const char *name, char path[CLIPSEARCH_PATH_SIZE],
                                                       clipsearch_error *err);

/* What the matrices of a transformer's blocks are computed in, and in int8 the convolutions of an image tower (but its
 * first, and depthwise ones); everything else is computed in f32. */
typedef enum clipsearch_precision {
    CLIPSEARCH_PRECISION_AUTO, /* as the weights are: int8 or bf16 when clipsearch_model_convert wrote them so
                                  (CLIPSEARCH_INT8, CLIPSEARCH_BF16_PAIRS), else f32 */
    CLIPSEARCH_PRECISION_F32,
    CLIPSEARCH_PRECISION_INT8, /* weights of 8 bits by rows of 8 bits: faster, and the vectors differ a little
                                 (docs/precision.md has figures). Weights that are not int8 in their file are quantized
                                 when it is opened, which takes seconds (convolutions: up to half a second) */
    CLIPSEARCH_PRECISION_BF16  /* weights and rows rounded to bf16, sums in f32: faster where the processor has
                                 instructions for it (AVX512-BF16). Where it has none f32 is computed instead, and
                                 clipsearch_encoder_info says so */
} clipsearch_precision;

typedef struct clipsearch_encoder_options {
    size_t struct_size;
    unsigned towers;   /* the towers to load; default both. The weights of a tower that is not loaded are never read. A
                          model that encodes images only has no text tower to load: that is no error while the image
                          tower is asked for too */
    bool pack_weights; /* copy the image tower's weights once into the order in which the kernels read them: opening
                          takes longer and more memory (clipsearch_encoder_memory), encoding is faster from the second
                          batch on. The vectors are bit for bit the same. Default false */
    const char *name;  /* the name that collections show for this encoder; NULL (default): the directory's name */
    clipsearch_precision
        precision; /* default CLIPSEARCH_PRECISION_AUTO. The encoder's fingerprint is the same in each, so
                                       vectors of one can be searched with texts of another. bf16 is for CLIP with a
                                       vision transformer only */
} clipsearch_encoder_options;
CLIPSEARCH_INIT(clipsearch_encoder_options)

/* Open the model `path`; NULL: the model "default" of clipsearch_model_find. It is one of:
 *
 *   - a directory with config.json, model.safetensors, preprocessor_config.json, vocab.json and merges.txt (Hugging
 *     Face);
 *   - a directory with a *.safetensors file with the tensor names of open_clip or OpenAI, and
 *     bpe_simple_vocab_16e6.txt.gz;
 *   - a directory with the weights of an image network (ResNet, VGG, MobileNetV2, EfficientNet-Lite), or such a weight
 *     file alone. Such models encode images only.
 *
 * docs/model.md lists every format. `options` may be NULL for the defaults. The weight file stays mapped into memory:
 * do not truncate it while the encoder is open. The encoder may be closed before its sessions: it is freed with the
 * last of them. Collections do not need it once they are open.
 * Errors: CLIPSEARCH_E_NOT_FOUND (no such path or model), _IO, _MODEL (names the file and the tensor, and the expected
 * and found shape), _UNSUPPORTED, _ARGUMENT (only the text tower was asked for, but the model encodes images only; f32
 * was asked for, but the weights are int8; bf16 was asked for of another model than CLIP with a vision transformer),
 * _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_encoder_open(const char *path, const clipsearch_encoder_options *options,
                                                         clipsearch_encoder **encoder, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_encoder_close(clipsearch_encoder **encoder);

typedef struct clipsearch_encoder_info {
    size_t struct_size;
    const char *name;          /* the label that collections store */
    const char *path;          /* directory or file that was opened */
    const char *fingerprint;   /* 64 hex digits: SHA-256 of what determines the vectors, that is the configuration
                                  (sizes, heads, activation) and the tensors' names, types, shapes and a sample of their
                                  bytes. The whole file is not hashed, because that would take longer than a search */
    const char *preprocessing; /* one line that describes exactly how images are resized, cropped and normalised */
    size_t dim;                /* floats in a vector */
    size_t image_size;         /* width and height in pixels of what the image tower reads, after the crop */
    size_t context_length;     /* most tokens of a text, start and end tokens included; 0 without a text tower */
    size_t vocabulary;         /* number of different tokens; 0 without a text tower */
    float logit_scale;         /* factor that the model was trained with: exp of the stored number, 100 for OpenAI's
                                  models; 0 when the model has none */
    unsigned towers;           /* the towers that were loaded */
    uint64_t parameters;       /* numbers in the weight file that are weights */
    const char *weights;       /* path of the weight file */
    const char *architecture;  /* "clip-vit", "clip-resnet", "resnet50", "vgg16-keras", "mobilenet-v2", ... */
    clipsearch_metric metric;  /* the usual metric for the model's vectors */
    bool normalized;           /* the vectors have length 1. Those of other encoders get length 1 when they are ingested
                                  into a CLIPSEARCH_COSINE collection */
    clipsearch_precision image_precision,
        text_precision; /* of each tower; CLIPSEARCH_PRECISION_AUTO: it was not loaded */
    bool lacks_bf16; /* bf16 was asked for, or the weights are for it, and f32 is computed, because this processor has
                           no instructions for bf16 */
} clipsearch_encoder_info;
CLIPSEARCH_INIT(clipsearch_encoder_info)

/* Describe an open encoder. The strings are valid until it is closed.
 * Errors: CLIPSEARCH_E_ARGUMENT (NULL, or *info was not initialised). */
CLIPSEARCH_API clipsearch_status clipsearch_encoder_describe(const clipsearch_encoder *encoder,
                                                             clipsearch_encoder_info *info, clipsearch_error *err);

/* ---------------------------------------------------------------- tokens */

/* What to do with a text of more tokens than the encoder's context_length. */
typedef enum clipsearch_overflow {
    CLIPSEARCH_TRUNCATE, /* keep the first tokens and the end token, as OpenAI's code does with truncate=True */
    CLIPSEARCH_REFUSE    /* fail with CLIPSEARCH_E_LIMIT, as OpenAI's code does by default */
} clipsearch_overflow;

/* Turn the UTF-8 string `text` into token ids: start token, text, end token, no padding. `ids` has room for `capacity`
 * ids; context_length is always enough. *count receives how many were written. An invalid byte is read as U+FFFD.
 * Any number of threads may call this with one encoder. The algorithm is that of OpenAI CLIP's simple_tokenizer;
 * docs/model.md names the one difference.
 * Errors: CLIPSEARCH_E_LIMIT (the text is too long and `overflow` is CLIPSEARCH_REFUSE, or `capacity` is too small),
 * _ARGUMENT (the encoder has no text tower), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_tokenize(const clipsearch_encoder *encoder, const char *text,
                                                     clipsearch_overflow overflow, int32_t *ids, size_t capacity,
                                                     size_t *count, clipsearch_error *err);

/* The text of one token as the vocabulary has it: bytes as printable characters, "</w>" at the end of a word. NULL when
 * there is no such id. Valid until the encoder is closed. */
CLIPSEARCH_API const char *clipsearch_token_piece(const clipsearch_encoder *encoder, int32_t id);

/* ---------------------------------------------------------------- images */

/* An image in memory. `rgb` may be your own memory; then do not pass the image to clipsearch_image_free. */
typedef struct clipsearch_image {
    uint8_t *rgb; /* [height, width, 3]: rows from top to bottom without padding, 8 bits each of red, green and blue */
    uint32_t width, height;
} clipsearch_image;

/* How much of an image is decoded before it is resized for the image tower. */
typedef enum clipsearch_decode {
    CLIPSEARCH_DECODE_EXACT, /* every pixel: the same bits as Pillow and torchvision */
    CLIPSEARCH_DECODE_FAST   /* a large JPEG at a half, quarter or eighth of its sides, as small as leaves both at least
                                twice the size they are resized to: some times as fast for photographs of 12
                                megapixels, and the vectors differ a little (docs/speed.md has figures) */
} clipsearch_decode;

typedef struct clipsearch_image_options {
    size_t struct_size;
    uint64_t max_bytes;  /* larger files are refused; default 256 MiB */
    uint64_t max_pixels; /* larger images are refused before memory is allocated for them; default 256 million */
    bool ignore_exif;    /* ignore the orientation in EXIF and XMP, as OpenAI's code does. Default false: the image is
                            turned as it says. HEIC and AVIF images are always turned */
    clipsearch_decode decode; /* default CLIPSEARCH_DECODE_EXACT. It counts in ingestion and for clipsearch_encode_file.
                                 Images of questions are read exactly, and clipsearch_image_load gives all pixels */
} clipsearch_image_options;
CLIPSEARCH_INIT(clipsearch_image_options)

/* Decode the image file `path` into RGB. The format is recognised by the content. JPEG, PNG, GIF, BMP and PNM are built
 * in. WebP, TIFF, HEIC and AVIF need libvips, which is loaded at the first such file and stays loaded. If a file has
 * several images, the first is decoded. The pixels are those of Pillow's convert("RGB"): alpha is dropped, grey and
 * palettes become RGB. The caller frees the image with clipsearch_image_free. `options` may be NULL for the defaults.
 * Any number of threads may call this.
 * Errors: CLIPSEARCH_E_IO, _FORMAT (damaged or truncated), _UNSUPPORTED (a format that this build or this machine
 * cannot read, or not an image), _LIMIT, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_image_load(const char *path, const clipsearch_image_options *options,
                                                       clipsearch_image *image, clipsearch_error *err);

/* Decode the `size` bytes at `data`; the same rules and errors as for clipsearch_image_load, but no _IO. Error messages
 * begin with `name`; NULL: "image". */
CLIPSEARCH_API clipsearch_status clipsearch_image_decode(const void *data, size_t size, const char *name,
                                                         const clipsearch_image_options *options,
                                                         clipsearch_image *image, clipsearch_error *err);

/* Make a new image of width x height pixels from `image`, resampled as with Pillow's BICUBIC. The caller frees it.
 * Errors: CLIPSEARCH_E_ARGUMENT (an image without pixels), _LIMIT, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_image_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                                         clipsearch_image *resized, clipsearch_error *err);
/* Like clipsearch_image_load, for who needs few pixels: the image fits a square of `side` pixels, with its proportions.
 * It is resampled as by clipsearch_image_resize; a smaller image stays as it is. A JPEG that is much larger is decoded
 * at a half, quarter or eighth of its sides, which is several times as fast and changes pixels a little.
 * Errors: those of clipsearch_image_load; CLIPSEARCH_E_ARGUMENT: `side` is 0 or above 16,384. */
CLIPSEARCH_API clipsearch_status clipsearch_image_load_small(const char *path, uint32_t side,
                                                             const clipsearch_image_options *options,
                                                             clipsearch_image *image, clipsearch_error *err);

/* Free the pixels of an image that the library made and set all fields to 0. NULL, or an image without pixels: nothing
 * happens. */
CLIPSEARCH_API void clipsearch_image_free(clipsearch_image *image);

/* ---------------------------------------------------------------- encoding */

typedef struct clipsearch_session clipsearch_session;

typedef struct clipsearch_session_options {
    size_t struct_size;
    unsigned threads;                      /* worker threads; 0 (default): one per processor */
    size_t max_batch;                      /* items encoded together; a call with more is split. Default 32 */
    clipsearch_overflow overflow;          /* for texts that are too long; default CLIPSEARCH_TRUNCATE */
    const clipsearch_image_options *image; /* for image files; read when the session is opened. NULL: the defaults */
} clipsearch_session_options;
CLIPSEARCH_INIT(clipsearch_session_options)

/* Open a session on `encoder`. The session's memory is allocated here; for one of several threads set `threads` to 1
 * and `max_batch` to what it encodes at a time, else each session starts a thread for each processor. `options` may be
 * NULL for the defaults.
 * Errors: CLIPSEARCH_E_ARGUMENT (max_batch or threads out of range), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_session_open(const clipsearch_encoder *encoder,
                                                         const clipsearch_session_options *options,
                                                         clipsearch_session **session, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_session_close(clipsearch_session **session);

/* Encode `count` texts into `vectors` [count, dim]. Each vector is normalised: its Euclidean length is 1. The vector of
 * a text does not depend on the other texts of the call.
 * Errors: those of clipsearch_tokenize; CLIPSEARCH_E_ARGUMENT when the encoder has no text tower. */
CLIPSEARCH_API clipsearch_status clipsearch_encode_texts(clipsearch_session *session, const char *const *texts,
                                                         size_t count, float *vectors, clipsearch_error *err);

/* How many texts of the session's last clipsearch_encode_texts were truncated because they are longer than the context;
 * always 0 with CLIPSEARCH_REFUSE. */
CLIPSEARCH_API size_t clipsearch_session_truncated(const clipsearch_session *session);

/* Encode `count` decoded images into `vectors` [count, dim]. Each vector is normalised if the encoder's info says
 * `normalized`. The vector of an image does not depend on the other images of the call.
 * Errors: CLIPSEARCH_E_ARGUMENT (an image without pixels, or the encoder has no image tower), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_encode_images(clipsearch_session *session, const clipsearch_image *images,
                                                          size_t count, float *vectors, clipsearch_error *err);

/* Decode and encode the image file `path` into `vector` [dim].
 * Errors: those of clipsearch_image_load and clipsearch_encode_images. */
CLIPSEARCH_API clipsearch_status clipsearch_encode_file(clipsearch_session *session, const char *path, float *vector,
                                                        clipsearch_error *err);

/* Memory that encoding takes, in bytes. */
typedef struct clipsearch_memory {
    size_t struct_size;
    uint64_t mapped;  /* the weight file. It is read as it is used, and all processes share it */
    uint64_t packed;  /* copies of weights in another order. Includes those that pack_weights would make of a vision
                         transformer, even if this encoder was opened without it; convolutions always need theirs */
    uint64_t session; /* what a session with the given options allocates when it is opened */
} clipsearch_memory;
CLIPSEARCH_INIT(clipsearch_memory)

/* Find out how much memory `encoder`, with its loaded towers, and a session with `options` (NULL: the defaults) take.
 * An image's file and pixels come in addition. The function opens a session and closes it again.
 * Errors: those of clipsearch_session_open. */
CLIPSEARCH_API clipsearch_status clipsearch_encoder_memory(const clipsearch_encoder *encoder,
                                                           const clipsearch_session_options *options,
                                                           clipsearch_memory *memory, clipsearch_error *err);

/* ---------------------------------------------------------------- labels
 *
 * Which of a list of labels ("dog", "cat", "car") fits an image best: zero-shot classification. A label is encoded as a
 * text in one or more templates, and an image gets a probability for each label. */

/* Labels and their vectors. They do not change; any number of threads may share them. */
typedef struct clipsearch_labels clipsearch_labels;

typedef struct clipsearch_labels_options {
    size_t struct_size;
    const char *const *templates; /* [template_count] texts with {} once, where the label belongs. With several, the
                                     vector of a label is the mean of its vectors in them. NULL (default): "a photo of
                                     a {}." */
    size_t template_count;
    float logit_scale; /* factor of the scores before the softmax; 0 (default): the model's, or 100 if it has none */
} clipsearch_labels_options;
CLIPSEARCH_INIT(clipsearch_labels_options)

/* A label of an image. Arrays have it, so it does not grow. */
typedef struct clipsearch_label_score {
    size_t label;      /* its place in the list of labels, from 0 */
    float score;       /* cosine of the vectors of the image and of the label */
    float probability; /* softmax over all labels of logit_scale * score */
} clipsearch_label_score;

/* Encode the `labels` [count], 2 to 100,000 different texts, with the session's text tower. `options` may be NULL for
 * the defaults. The labels do not need the session afterwards.
 * Errors: CLIPSEARCH_E_ARGUMENT (fewer than two labels, an empty one, one that is there twice, a template without {},
 * an encoder without its text tower), _LIMIT (too many labels; a label whose text, put into the template, has more
 * tokens than the model's context), _MODEL (a vector that is not finite), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_labels_open(clipsearch_session *session, const char *const *labels,
                                                        size_t count, const clipsearch_labels_options *options,
                                                        clipsearch_labels **opened, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_labels_close(clipsearch_labels **labels);

/* Find the `k` labels that fit each of the image `vectors` [count, dim] best: `best` [count, k], the most probable
 * first. The vectors must be made by the labels' encoder (by a session, or read with clipsearch_collection_vectors);
 * this is not checked. They need not be normalised.
 * Errors: CLIPSEARCH_E_ARGUMENT (k is 0 or more than there are labels; a vector that is zero or not finite), _MEMORY.
 * */
CLIPSEARCH_API clipsearch_status clipsearch_labels_rank(const clipsearch_labels *labels, const float *vectors,
                                                        size_t count, size_t k, clipsearch_label_score *best,
                                                        clipsearch_error *err);

/* ---------------------------------------------------------------- model files */

/* One tensor of a weight file. */
typedef struct clipsearch_tensor {
    const char *name;
    const char *type;      /* as the file names it: "F32", "F16", "BF16", "I64", ... */
    const size_t *shape;   /* [rank] */
    size_t rank;           /* 0: a single number */
    uint64_t count, bytes; /* numbers in it, and the bytes that they take in the file */
    bool is_weight;        /* its type is one that encoders compute with */
} clipsearch_tensor;

/* A weight file as a whole. */
typedef struct clipsearch_weights_info {
    size_t struct_size;
    char container[64];           /* the kind of file: "safetensors", ... */
    uint64_t tensors, parameters; /* number of tensors, and of numbers in those that are weights */
    uint64_t bytes;               /* size of the file */
} clipsearch_weights_info;
CLIPSEARCH_INIT(clipsearch_weights_info)

/* List the tensors of the weight file `path`, which may be of any model. `each` (may be NULL) is called for every
 * tensor in the order of their names; when it returns false the walk ends, which is no error. `info` (may be NULL) is
 * filled in. The tensor and its strings are valid during the call of `each` only. The kind of file is recognised by its
 * content (docs/model.md), and only the file's header is read. Any number of threads may call this.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL, _UNSUPPORTED, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_weights_walk(const char *path,
                                                         bool (*each)(void *context, const clipsearch_tensor *tensor),
                                                         void *context, clipsearch_weights_info *info,
                                                         clipsearch_error *err);

/* The type of the numbers in a weight file that clipsearch_model_convert writes. */
typedef enum clipsearch_number_type {
    CLIPSEARCH_F32,
    CLIPSEARCH_F16,
    CLIPSEARCH_BF16,
    CLIPSEARCH_INT8, /* the matrices of transformers' blocks in the kernels' own layout (docs/precision.md), as they are
                       computed with CLIPSEARCH_PRECISION_INT8; other matrices are f16, the rest f32. For CLIP with a
                       vision transformer only */
    CLIPSEARCH_BF16_PAIRS /* the same for CLIPSEARCH_PRECISION_BF16 (a file with CLIPSEARCH_BF16 is rounded for it when
                             it is opened); other matrices are f16, the rest f32 */
} clipsearch_number_type;

typedef struct clipsearch_convert_options {
    size_t struct_size;
    unsigned towers;             /* the towers to write; 0 (default): all that the model has */
    clipsearch_number_type type; /* default CLIPSEARCH_F32. The logit scale is always f32 */
    bool (*progress)(void *context, uint64_t done, uint64_t total); /* called from time to time with the bytes read and
                                    written so far and in all. Returning false cancels; no file is left. May be NULL */
    void *context;                                                  /* given to `progress` */
} clipsearch_convert_options;
CLIPSEARCH_INIT(clipsearch_convert_options)

typedef struct clipsearch_convert_report {
    size_t struct_size;
    char source_sha256[65]; /* of the weight file that was read, 64 hex digits */
    uint64_t tensors, parameters;
    uint64_t bytes;   /* size of the weight file that was written */
    uint64_t rounded; /* parameters whose value changed */
} clipsearch_convert_report;
CLIPSEARCH_INIT(clipsearch_convert_report)

/* Write the model `from` (all that clipsearch_encoder_open can open) into the directory `to`, which is made if it does
 * not exist.
 *
 * A CLIP with a vision transformer is written in the Hugging Face layout: model.safetensors with the tensors in the
 * order in which an encoder reads them, config.json, preprocessor_config.json, and with the text tower vocab.json,
 * merges.txt and vocab.compiled, which saves reading those two. CLIP's ResNets and image networks keep their tensors'
 * names, with an open_clip_config.json or a clipsearch.json; tensors that belong to no tower are left out, and tensors
 * of one dimension stay f32.
 *
 * Numbers are rounded to the nearest, ties to even; a number that f16 cannot hold is an error. If the new weights are
 * f32, the new model gives the same vectors, bit for bit. For collections the new model is another encoder, unless its
 * tensors' names, types and values are the same as before. The metadata of the weight file names the source, its
 * SHA-256 and the conversion. Each file is written under a temporary name and renamed when it is complete, the weight
 * file last. `report` may be NULL.
 * Errors: those of clipsearch_encoder_open; CLIPSEARCH_E_ARGUMENT (the model does not have the tower, or `to` is
 * `from`), _UNSUPPORTED (a number that f16 cannot hold), _IO, _CANCELLED, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_model_convert(const char *from, const char *to,
                                                          const clipsearch_convert_options *options,
                                                          clipsearch_convert_report *report, clipsearch_error *err);

/* Write vocab.compiled into the model directory `path`: its vocabulary in the form in which texts are encoded, so that
 * opening the text tower need not read the vocabulary's own files (8 ms for CLIP's). It is used while these are what
 * it was made of. Nothing is written for a model without a text tower, or when a file that can be used is there.
 * `written` (may be NULL) says whether it was written.
 * Errors: those of clipsearch_encoder_open; CLIPSEARCH_E_ARGUMENT (`path` is no directory), _IO, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_model_compile(const char *path, bool *written, clipsearch_error *err);

/* ---------------------------------------------------------------- databases and collections */

typedef struct clipsearch_database clipsearch_database;
typedef struct clipsearch_collection clipsearch_collection;

enum {
    CLIPSEARCH_READ_ONLY = 1, /* open for reading; the file must exist */
    CLIPSEARCH_CREATE = 2     /* make the file if it does not exist, but not its directory */
};

/* How the index stores vectors while a search walks it (quantization). Hits are ranked with the exact vectors in any
 * case. */
typedef enum clipsearch_codes {
    CLIPSEARCH_CODES_DEFAULT = 0, /* the library's choice: I8 */
    CLIPSEARCH_CODES_F32 = 1,     /* the exact vectors */
    CLIPSEARCH_CODES_F16 = 2,     /* half precision: 11 bits of each number, up to 65,504 */
    CLIPSEARCH_CODES_BF16 = 3,    /* bfloat16: 8 bits of each number, of any size */
    CLIPSEARCH_CODES_I8 = 4       /* 8-bit integers: a quarter of the memory, and the fastest */
} clipsearch_codes;

/* The type of a collection's index. In a file it is HNSW. The others are those of a Milvus server, whose version and
 * settings decide which of them it makes. */
typedef enum clipsearch_index_type {
    CLIPSEARCH_INDEX_TYPE_DEFAULT = 0, /* HNSW, or AUTOINDEX where a server makes nothing else */
    CLIPSEARCH_INDEX_TYPE_HNSW = 1,
    CLIPSEARCH_INDEX_TYPE_IVF_FLAT = 2, /* vectors in nlist clusters, of which a search reads nprobe */
    CLIPSEARCH_INDEX_TYPE_IVF_SQ8 = 3,  /* the same with 8-bit numbers: a quarter of the memory */
    CLIPSEARCH_INDEX_TYPE_FLAT = 4,     /* none: every search is exact */
    CLIPSEARCH_INDEX_TYPE_DISKANN = 5,  /* a graph on disk */
    CLIPSEARCH_INDEX_TYPE_AUTOINDEX = 6 /* what the server thinks best */
} clipsearch_index_type;

/* Parameters of a collection's index. They are fixed when the collection is made. In each field 0 means the default.
 * What the type of index has no use for is ignored. */
typedef struct clipsearch_index_options {
    size_t struct_size;
    clipsearch_codes codes;
    unsigned m;               /* links that each vector chooses: 4 to 64, default 16 */
    unsigned ef_construction; /* candidates that it chooses them from: m to 4096, default 200 */
    unsigned ef;              /* candidates that a search keeps: 1 to 65,536, default 64. A larger number makes searches
                                 slower, and their hits nearer to exact */
    clipsearch_index_type type;
    unsigned nlist;  /* of IVF_FLAT and IVF_SQ8: clusters, 1 to 65,536, default 1,024 */
    unsigned nprobe; /* of these: clusters that a search reads, 1 to 65,536, default 64 */
} clipsearch_index_options;
CLIPSEARCH_INIT(clipsearch_index_options)

/* "f32", "f16", "bf16" or "i8"; "" for the default; NULL for any other value. A static string. */
CLIPSEARCH_API const char *clipsearch_codes_name(clipsearch_codes codes);

/* Open the database file `path`. `flags` is CLIPSEARCH_READ_ONLY, CLIPSEARCH_CREATE or 0 (read and write; the file must
 * exist). A relative path begins at the working directory, which may change afterwards. The database may be closed
 * before its collections: it stays open for them until the last one is closed, but the functions given to
 * clipsearch_database_on_note and _on_wait are no longer called.
 *
 * CLIPSEARCH_READ_ONLY also works for a user who may not write the file or its directory, even while others write. For
 * such a user no file is made beside the database, and a call can fail with CLIPSEARCH_E_DATABASE when another process
 * writes at the same moment; call it again. For a user who may write them this does not happen.
 *
 * ":memory:" opens a new, empty database in memory, with any flags but CLIPSEARCH_READ_ONLY, of at most 2 GiB. It is
 * gone when it is closed, no file is written, and searches are exact. (A file of that name is "./:memory:".)
 *
 * Threads: any number of threads may use one database handle, and one collection handle, at the same time. There are
 * three exceptions. While one thread closes a collection, no other may use it. While one closes the database or sets
 * its function for notes, no other may use the database or its collections. While one drops a collection, no other may
 * open that one. Searches, queries and look-ups run side by side, each with its own connection; all handles and threads
 * share one copy of the index and of the vectors. Each call sees the collection as it was at one moment. Changes (put,
 * remove, ingest, checkpoint, vacuum) wait for each other, and searches go on meanwhile; only in memory do searches and
 * changes wait for each other. Progress and note functions are called on the thread of the call that they belong to,
 * notes one at a time.
 *
 * Errors: CLIPSEARCH_E_NOT_FOUND (no such file), _DATABASE (not a clipsearch database, written by a newer version,
 * locked, damaged, disk full), _ARGUMENT (the flags; ":memory:" with CLIPSEARCH_READ_ONLY), _IO (a relative path, and
 * the working directory was removed), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_database_open(const char *path, unsigned flags, clipsearch_database **db,
                                                          clipsearch_error *err);
CLIPSEARCH_API void clipsearch_database_close(clipsearch_database **db);

/* Set a function that is called with one line of text when an index file is missing, stale or damaged, or could not be
 * written. These are no errors: searches are exact meanwhile, and slower. A checkpoint with `rebuild` writes the file
 * again. `note` is called on the thread of the call that noticed it, once for each file. `line` is valid during the
 * call only. NULL (the default): no notes. */
CLIPSEARCH_API void clipsearch_database_on_note(clipsearch_database *db, void (*note)(void *context, const char *line),
                                                void *context);

/* Set a function that is asked about twenty times a second while a call waits for a server. When it returns false the
 * call ends with CLIPSEARCH_E_CANCELLED. It is called on the thread of the call. Set it before other threads use the
 * database. A database in a file never asks. NULL (the default): calls wait as long as they need. */
CLIPSEARCH_API void clipsearch_database_on_wait(clipsearch_database *db, bool (*go_on)(void *context), void *context);

typedef struct clipsearch_collection_info {
    size_t struct_size;
    const char *name;
    const char *encoder;     /* name of the encoder that made the vectors; "" when it has none */
    const char *fingerprint; /* of that encoder; see clipsearch_encoder_info. "": the vectors were put without a model,
                                  and no encoder fits the collection */
    const char *preprocessing; /* of that encoder; "" when it is not known */
    size_t dim;                /* floats in a vector */
    clipsearch_metric metric;
    uint64_t count;               /* items */
    uint64_t vector_bytes;        /* bytes that their vectors take */
    int64_t created;              /* seconds since 1970 */
    clipsearch_codes index_codes; /* the index's parameters, as in clipsearch_index_options, never 0 */
    unsigned index_m;
    unsigned index_ef_construction;
    unsigned index_ef;
    bool indexed;     /* there is an index file. clipsearch_collection_check finds out whether it is sound */
    uint64_t changes; /* items put or removed since it was written. Filled in by clipsearch_collection_describe, but 0
                         from clipsearch_database_collections */
    uint64_t gone;    /* of `count`, items whose files are known to be gone */
    const char *model_path; /* the absolute path of the encoder, where it was opened by a path and not with a name
                               (clipsearch_encoder_options.name); NULL: it was not, or has more than 4095 bytes */
    const char *remodel;    /* name of the encoder that a clipsearch_remodel has begun with and not finished; NULL:
                               none. Filled in by clipsearch_database_collections only */
    uint64_t remodelled;    /* items that have its vector already */
    unsigned precisions; /* what its vectors were computed in: the sum of 1u << P for each clipsearch_precision P that
                               an encoder of their images had. 0: not known, because all were put as numbers or by a
                               clipsearch that did not note it; then others may be among them too */
    clipsearch_index_type index_type; /* as in clipsearch_index_options; DEFAULT: not known */
    unsigned index_nlist, index_nprobe;
    bool foreign; /* another program made the collection, on a server: which encoder made the vectors is not known, and
                     every encoder of `dim` numbers may be tried. Such a collection is read only */
} clipsearch_collection_info;
CLIPSEARCH_INIT(clipsearch_collection_info)

/* Call `each` for every collection in the order of their names; when it returns false the walk ends, which is no error.
 * `info` and its strings are valid during that call only.
 * Errors: CLIPSEARCH_E_DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_database_collections(clipsearch_database *db,
                                                                 bool (*each)(void *context,
                                                                              const clipsearch_collection_info *info),
                                                                 void *context, clipsearch_error *err);

/* Open the collection `name`. If `encoder` is not NULL, it must be the one that made the collection's vectors; it is
 * only read during the call.
 * Errors: CLIPSEARCH_E_NOT_FOUND (no such collection; the message lists those that exist), _MISMATCH (another encoder;
 * the message names both), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_open(clipsearch_database *db, const char *name,
                                                            const clipsearch_encoder *encoder,
                                                            clipsearch_collection **collection, clipsearch_error *err);

/* Check that `encoder` made the vectors of the open collection.
 * Errors: CLIPSEARCH_E_MISMATCH (it did not; the message names both encoders). */
CLIPSEARCH_API clipsearch_status clipsearch_collection_check_encoder(const clipsearch_collection *collection,
                                                                     const clipsearch_encoder *encoder,
                                                                     clipsearch_error *err);

/* Open the collection `name`, or make it for `encoder` and `metric` if it does not exist. A name has 1 to 64 letters,
 * digits, '_', '-' or '.'.
 * Errors: CLIPSEARCH_E_MISMATCH (the collection exists with another encoder or metric), _ARGUMENT (the name),
 * _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_ensure(clipsearch_database *db, const char *name,
                                                              const clipsearch_encoder *encoder,
                                                              clipsearch_metric metric,
                                                              clipsearch_collection **collection,
                                                              clipsearch_error *err);

/* Like clipsearch_collection_ensure, with parameters for the index (NULL: the defaults). If the collection exists, each
 * parameter that is not 0 must be equal to the collection's; otherwise CLIPSEARCH_E_MISMATCH. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_ensure_index(
    clipsearch_database *db, const char *name, const clipsearch_encoder *encoder, clipsearch_metric metric,
    const clipsearch_index_options *options, clipsearch_collection **collection, clipsearch_error *err);

/* What the vectors of a collection are that your program brings itself. */
typedef struct clipsearch_vectors_options {
    size_t struct_size;
    size_t dim;                            /* floats in a vector, 1 to 4,096 */
    clipsearch_metric metric;              /* default CLIPSEARCH_COSINE */
    const char *model;                     /* name of what made the vectors, for people; at most 128 bytes. NULL
                                              (default): none */
    const char *fingerprint;               /* of the model, as in clipsearch_encoder_info; at most 64 bytes. With it, an
                                              encoder with the same fingerprint and dim fits the collection: texts and
                                              images can be searched for. NULL (default): none; the collection fits no
                                              encoder, and is searched by vectors and items */
    const char *preprocessing;             /* as in clipsearch_encoder_info; at most 255 bytes. NULL (default): not
                                              known, which fits every encoder with the fingerprint */
    const clipsearch_index_options *index; /* as for clipsearch_collection_ensure_index; NULL (default): the defaults */
} clipsearch_vectors_options;
CLIPSEARCH_INIT(clipsearch_vectors_options)

/* Open the collection `name`, or make it if it does not exist, without an encoder, for vectors that come from
 * elsewhere. Store them with clipsearch_collection_put_vectors. Filters, the index file, checks and vacuum work as in
 * every other collection. If an encoder that you can open made the vectors, use clipsearch_collection_ensure instead.
 * Errors: CLIPSEARCH_E_ARGUMENT (the name, dim, a text that is too long), _MISMATCH (the collection exists with another
 * dim, metric, index or fingerprint, or, without fingerprints, with another model's name), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_ensure_vectors(clipsearch_database *db, const char *name,
                                                                      const clipsearch_vectors_options *options,
                                                                      clipsearch_collection **collection,
                                                                      clipsearch_error *err);
CLIPSEARCH_API void clipsearch_collection_close(clipsearch_collection **collection);

/* Remove a collection with its index file and all its items. Image files are never touched. No handle of the collection
 * that was opened from `db` may be open, unless `db` is on a server. Handles that were opened from another database
 * handle, in this process or another, find nothing any more: their calls return CLIPSEARCH_E_NOT_FOUND.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _ARGUMENT (the collection is open), _DATABASE. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_drop(clipsearch_database *db, const char *name,
                                                            clipsearch_error *err);

/* Describe an open collection as it is now. The strings are valid until it is closed.
 * Errors: CLIPSEARCH_E_NOT_FOUND (it was dropped meanwhile), _DATABASE. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_describe(clipsearch_collection *collection,
                                                                clipsearch_collection_info *info,
                                                                clipsearch_error *err);

/* An item of a collection, without its vector. */
typedef struct clipsearch_item {
    int64_t id;             /* unique in its collection. 0 for a new item: the next free id */
    const char *path;       /* absolute, the bytes that the file system uses; unique in its collection. All functions
                               but clipsearch_collection_put take any name */
    uint64_t size;          /* of the file, in bytes */
    int64_t mtime_ns;       /* time of the file's last change, in nanoseconds since 1970 */
    uint8_t hash[32];       /* SHA-256 of the file's bytes; items with the same one are taken for copies. Zeros: not
                               known */
    uint32_t width, height; /* in pixels, after the image was turned as its EXIF orientation says */
    const char *attributes; /* a JSON object; "{}" or NULL when there are none */
} clipsearch_item;

/* Store `count` items with their `vectors` [count, dim] in one transaction: all of them or none. An item with a path
 * that the collection already has replaces the old item and keeps its id. So a path that occurs twice in one call is no
 * error: the later item replaces the earlier one, as in two calls, and both have the same id. `ids` [count] receives
 * the ids; it may be NULL. In a CLIPSEARCH_COSINE collection the vectors must have length 1.
 * Errors: CLIPSEARCH_E_ARGUMENT (names the item: a path that is not absolute, attributes that are not an object, a
 * vector with a NaN, an infinity or another length, for another metric one longer than 1.15e18), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_put(clipsearch_collection *collection,
                                                           const clipsearch_item *items, const float *vectors,
                                                           size_t count, int64_t *ids, clipsearch_error *err);

/* Like clipsearch_collection_put, for any collection, and with three differences. In a CLIPSEARCH_COSINE collection
 * vectors are normalised; one that has length 1 keeps its bits. A path can be any name of 1 to 65,535 bytes, for
 * instance a URL or a key of yours; an item whose path is NULL is named after its id: "#17". And `items` may be NULL:
 * `count` new items without paths. Size, time, hash, width and height are 0 where they are not known. To change the
 * vector of an item, put it again with the same path, or with the same id.
 * Errors: CLIPSEARCH_E_ARGUMENT (names the item: an empty path, attributes that are not an object, a vector with a NaN
 * or an infinity, a cosine vector of zeros, for another metric a vector longer than 1.15e18), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_put_vectors(clipsearch_collection *collection,
                                                                   const clipsearch_item *items, const float *vectors,
                                                                   size_t count, int64_t *ids, clipsearch_error *err);

/* Like clipsearch_collection_put_vectors, for vectors of images that `encoder` made (clipsearch_encode_images,
 * clipsearch_encode_file): the collection notes what it computes in (clipsearch_collection_info.precisions).
 * Errors: those of clipsearch_collection_put_vectors; CLIPSEARCH_E_MISMATCH (the collection belongs to another
 * encoder). */
CLIPSEARCH_API clipsearch_status clipsearch_collection_put_encoded(clipsearch_collection *collection,
                                                                   const clipsearch_encoder *encoder,
                                                                   const clipsearch_item *items, const float *vectors,
                                                                   size_t count, int64_t *ids, clipsearch_error *err);

/* Encode the `images` [count] with `session`, and store them as clipsearch_collection_put_encoded does: paths are any
 * names, and `items` may be NULL. Their width and height are filled in; your items are not changed.
 * Errors: those of clipsearch_encode_images and clipsearch_collection_put_encoded. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_put_images(clipsearch_collection *collection,
                                                                  clipsearch_session *session,
                                                                  const clipsearch_item *items,
                                                                  const clipsearch_image *images, size_t count,
                                                                  int64_t *ids, clipsearch_error *err);

/* The same for image files in memory: files[i] has sizes[i] bytes, in any format that clipsearch_image_decode reads.
 * Their size and hash are filled in too. When one cannot be decoded nothing is stored, and the message names it.
 * Errors: also those of clipsearch_image_decode. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_put_image_files(
    clipsearch_collection *collection, clipsearch_session *session, const clipsearch_item *items,
    const void *const *files, const size_t *sizes, size_t count, int64_t *ids, clipsearch_error *err);

/* Remove the items with these `ids` [count] in one transaction. Ids that the collection does not have are ignored.
 * *removed (may be NULL) receives how many items were removed.
 * Errors: CLIPSEARCH_E_NOT_FOUND (the collection was dropped), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_remove(clipsearch_collection *collection, const int64_t *ids,
                                                              size_t count, size_t *removed, clipsearch_error *err);

/* Remove every item that matches `filter` (FILTERS) in one transaction. *removed (may be NULL) receives how many.
 * `filter` must not be NULL; to remove all items write "true".
 * Errors: CLIPSEARCH_E_ARGUMENT and _LIMIT (the filter), _NOT_FOUND (the collection was dropped), _DATABASE, _MEMORY.
 * */
CLIPSEARCH_API clipsearch_status clipsearch_collection_remove_where(clipsearch_collection *collection,
                                                                    const char *filter, uint64_t *removed,
                                                                    clipsearch_error *err);

/* Copy the stored vectors of the items with these `ids` [count] into `vectors` [count, dim].
 * Errors: CLIPSEARCH_E_NOT_FOUND (names the first id that the collection does not have; the collection was dropped),
 * _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_vectors(clipsearch_collection *collection, const int64_t *ids,
                                                               size_t count, float *vectors, clipsearch_error *err);

/* Change attributes of the items with these `ids` [count] in one transaction. attributes[i] is a JSON object that is
 * merged into the attributes of the item ids[i] (RFC 7396): its members are added or replace others of their name, a
 * member that is null removes the attribute of its name, and all other attributes stay. Ids that the collection does
 * not have are ignored. Vectors and files do not change.
 * Errors: CLIPSEARCH_E_ARGUMENT (names the item: not a JSON object; the attributes would be larger than 1 MiB),
 * _NOT_FOUND (the collection was dropped), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_merge_attributes(clipsearch_collection *collection,
                                                                        const int64_t *ids,
                                                                        const char *const *attributes, size_t count,
                                                                        clipsearch_error *err);

typedef struct clipsearch_merge_options {
    size_t struct_size;
    bool (*progress)(void *context, uint64_t done, uint64_t all); /* called from time to time, on the caller's thread,
                         with the items done so far and in all. Returning false ends the call with
                         CLIPSEARCH_E_CANCELLED; what was copied stays. May be NULL */
    void *context;                                                /* given to `progress` */
} clipsearch_merge_options;
CLIPSEARCH_INIT(clipsearch_merge_options)

typedef struct clipsearch_merge_report {
    size_t struct_size;
    uint64_t copied;   /* items */
    uint64_t replaced; /* of these, those that replaced an item with their path */
    uint64_t gone;     /* of these, those whose files are known to be gone */
    uint64_t kept;     /* items that were not copied, because their files are known to be gone and `into` has items with
                          their paths whose files are not */
    uint64_t sources;  /* remembered sources that were added */
} clipsearch_merge_report;
CLIPSEARCH_INIT(clipsearch_merge_report)

/* Copy the collection `from` into the collection of its name in the database `into`, which is made if it does not
 * exist: items with their vectors, bit for bit, attributes, and what is known of their files, so that an ingestion
 * reads none of them again. An item with a path that is there already replaces that item, which keeps its id; other
 * items get new ids. Sources that `from` remembers and `into` does not are remembered too. Items are copied in
 * transactions of 1,000. If the call is interrupted, another one copies all of them again, each in its place. No index
 * file is written (clipsearch_collection_checkpoint). `options` and `report` may be NULL; the report is filled in on
 * failure too.
 * Errors: CLIPSEARCH_E_MISMATCH (the collection exists with another model, dim or metric), _ARGUMENT (`from` is of the
 * database `into`; that was opened for reading only), _NOT_FOUND (`from` was dropped), _CANCELLED, _DATABASE, _MEMORY.
 */
CLIPSEARCH_API clipsearch_status clipsearch_collection_merge(clipsearch_collection *from, clipsearch_database *into,
                                                             const clipsearch_merge_options *options,
                                                             clipsearch_merge_report *report, clipsearch_error *err);

/* ---------------------------------------------------------------- the index file
 *
 * A collection of some thousand items or more has an index file DATABASE.COLLECTION.hnsw beside the database. It holds
 * a graph over the vectors as they were when it was written; searches walk the graph. The database notes which items
 * were put, replaced or removed since then (the delta), and searches scan those few exactly, so no item is missed. A
 * checkpoint writes the delta into the file. The file can be made again from the database: if it is lost or damaged,
 * searches notice that and are exact meanwhile. Searches go on while another process makes a checkpoint. docs/index.md
 * describes the file. */

typedef struct clipsearch_checkpoint_options {
    size_t struct_size;
    unsigned threads; /* 0 (default): one per processor */
    bool rebuild;     /* build the graph again from all vectors, without the old file. Default false */
    bool vacuum;      /* also remove from the file what removed items left in it. Default false */
    bool (*progress)(void *context, uint64_t done, uint64_t all); /* called from time to time, on the caller's thread,
                         with the vectors done so far and in all. Returning false cancels; the old file stays. May be
                         NULL */
    void *context;                                                /* given to `progress` */
    const float *queries; /* [query_count, dim]: typical queries, a few hundred varied ones. With them the checkpoint
                             measures how many candidates a search must keep. If you search by text, give vectors of
                             texts: they differ from those of images. They are stored in the index file and used by
                             later checkpoints. NULL (default): the stored ones; if there are none, those of `encoder`,
                             or combinations of the collection's vectors */
    size_t query_count;
    const clipsearch_encoder *encoder; /* the collection's: where there are no queries, given or stored, two hundred
                                          sentences are encoded with it and used as such. NULL (default): none are */
} clipsearch_checkpoint_options;
CLIPSEARCH_INIT(clipsearch_checkpoint_options)

/* Write the collection's index file or bring it up to date; remove it when the collection has become too small for one
 * (docs/index.md). An ingestion does this at its end if enough has changed. A program that stores many items with
 * clipsearch_collection_put should call this afterwards. The call needs about as much memory as the index file has
 * bytes. `options` may be NULL for the defaults.
 * Errors: CLIPSEARCH_E_IO (the file cannot be written), _ARGUMENT (the database was opened for reading only),
 * _MISMATCH (`encoder` is not the collection's), _NOT_FOUND (the collection was dropped), _CANCELLED, _DATABASE,
 * _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_checkpoint(clipsearch_collection *collection,
                                                                  const clipsearch_checkpoint_options *options,
                                                                  clipsearch_error *err);

/* Write the database file again without the space of removed rows. If every collection had a checkpoint with `vacuum`
 * before, no byte of a removed item or of its vector is left in any file of the database.
 * Errors: CLIPSEARCH_E_DATABASE (also when another process is reading, because the write-ahead log cannot be emptied
 * then). */
CLIPSEARCH_API clipsearch_status clipsearch_database_vacuum(clipsearch_database *db, clipsearch_error *err);

typedef enum clipsearch_index_state {
    CLIPSEARCH_INDEX_NONE,   /* there is no file and none is needed, because the collection is small */
    CLIPSEARCH_INDEX_USABLE, /* searches walk the graph and scan the delta */
    CLIPSEARCH_INDEX_UNUSED, /* the file is missing or stale, or the delta is too large: searches are exact */
    CLIPSEARCH_INDEX_DAMAGED /* the file's bytes or its vectors are not what was written: searches are exact */
} clipsearch_index_state;

typedef struct clipsearch_check_report {
    size_t struct_size;
    uint64_t images; /* items of the collection; the vectors of all of them were read */
    clipsearch_index_state state;
    char why[1024]; /* for UNUSED and DAMAGED: the reason; for USABLE on a server: what it says of its index */
    /* The rest is 0 unless the index was usable when the check began. */
    uint64_t vectors;     /* in the file */
    uint64_t file_bytes;  /* size of the file */
    uint64_t changes;     /* items in the delta */
    uint64_t missing;     /* vectors that should be in the file and are not, or differ from the database's */
    uint64_t surplus;     /* vectors in the file that should not be there */
    uint64_t broken;      /* links and numbers of the graph that are out of range */
    uint64_t unreachable; /* nodes that no path of links leads to */
    uint64_t links;       /* links at the lowest level */
    uint64_t reciprocal;  /* of these, links whose target links back */
    uint64_t removed;     /* nodes of removed items: walks pass through them, but they are never hits. A checkpoint with
                             `vacuum` removes them */
    int levels;           /* above the lowest */
    uint64_t sample;      /* vectors of the collection that were used as queries to measure recall */
    double recall;        /* share of the exact ten nearest that searches find, as measured */
    uint64_t
        query_sample;    /* queries of clipsearch_checkpoint_options that were used to measure query_recall: the half of
                            them that the checkpoint did not measure with */
    double query_recall; /* share of the exact ten nearest that searches for them find */
} clipsearch_check_report;
CLIPSEARCH_INIT(clipsearch_check_report)

/* Check a collection: read every row and vector and let SQLite check the database; verify every page of the index file,
 * the graph, and its vectors against the database's; and measure recall with `sample` queries (0: 100). It takes as
 * much memory as all vectors.
 *
 * CLIPSEARCH_OK: database and index are sound. This includes a missing and a stale index, because nothing is lost.
 * CLIPSEARCH_E_FORMAT: the index file is damaged. The report is filled in. A checkpoint with `rebuild` repairs the
 * index.
 * CLIPSEARCH_E_DATABASE: the database is damaged. Other errors: _NOT_FOUND (the collection was dropped), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_check(clipsearch_collection *collection, size_t sample,
                                                             clipsearch_check_report *report, clipsearch_error *err);

/* ---------------------------------------------------------------- ingestion */

/* A folder of images, or one image file, with rules for which files to take and which attributes they get. */
typedef struct clipsearch_source {
    size_t struct_size;
    const char *path;           /* a directory, which is walked, or a file */
    const char *const *include; /* [include_count] glob patterns of files to take; NULL: files whose suffix is that of
                                   an image format that this build reads; and files without a suffix, or with another
                                   image format's, if their first bytes are of a format that it reads. A pattern without
                                   '/' is matched against the file's name, one with '/' against the path below the
                                   source. "**" matches any number of directories, [a-z] and [!a-z] match one character,
                                   \x matches x itself. Letters match in either case. A source that is a file is always
                                   taken */
    size_t include_count;
    const char *const *exclude; /* [exclude_count] glob patterns of files and directories to leave out. A pattern that
                                   ends in '/' matches directories only */
    size_t exclude_count;
    bool no_recurse;            /* do not enter subdirectories. Default false */
    bool follow_symlinks;       /* enter directories that are symbolic links. Default false */
    const char *attributes;     /* a JSON object that every item of the source gets as attributes, or NULL. If neither
                                   this nor attributes_csv is set, items keep the attributes that they have */
    const char *attributes_csv; /* path of a CSV file with a header row and one row for each image; its columns become
                                   attributes. A JSON number with up to 18 digits before the point becomes a number, any
                                   other value (007, +49, true) a string; an empty field gives no attribute. Its values
                                   win over `attributes`. Two rows for one image are an error. NULL: none */
    const char *csv_key;        /* the column with the image's path below the source, its absolute path or its name. It
                                   does not become an attribute. NULL: "path" */
    bool csv_by_name;           /* find an image's row by the file's name alone. Default false: by its path */
    const char *const *files;   /* [file_count] if not NULL, only these files and directories are read, instead of all
                                   of `path`. Relative names start at `path` (NULL: at the current directory).
                                   `include`, if given, and `exclude` apply to them. One that does not exist is reported
                                   to bad_file. `prune` has no effect */
    size_t file_count;
    bool hidden;     /* take hidden files and directories: those whose names begin with '.', and those that
                                   systems put beside images (@eaDir, $RECYCLE.BIN, Thumbs.db). Default false. A source
                                   that is hidden itself is taken */
    bool exact_case; /* letters of patterns match in the same case only. Default false */
} clipsearch_source;
CLIPSEARCH_INIT(clipsearch_source)

/* Why items whose files were not found are kept. */
typedef enum clipsearch_kept_reason {
    CLIPSEARCH_KEPT_MANY,  /* more than 5 items, and more than 20 % of the source's, would be removed */
    CLIPSEARCH_KEPT_EMPTY, /* the directory is empty, as that of a disk that is not mounted */
    CLIPSEARCH_KEPT_DEVICE /* no file was found in the directory, and it is missing or on another device than before */
} clipsearch_kept_reason;

/* Items that `prune` does not remove although their files were not found. For EMPTY and DEVICE they are not marked as
 * gone either. */
typedef struct clipsearch_kept_images {
    const char *directory; /* absolute path; for MANY that of the source */
    clipsearch_kept_reason reason;
    uint64_t images; /* how many are kept */
    uint64_t of;     /* items that the collection has below the directory */
} clipsearch_kept_images;

/* What to do when an image file is damaged or cannot be read. */
typedef enum clipsearch_on_bad { CLIPSEARCH_SKIP_BAD, CLIPSEARCH_STOP_AT_BAD } clipsearch_on_bad;

/* What an ingestion does at the moment. */
typedef enum clipsearch_phase {
    CLIPSEARCH_PHASE_WALK,   /* looks for files */
    CLIPSEARCH_PHASE_WAIT,   /* waits until another ingestion into the collection ends, so that no image is encoded
                                twice */
    CLIPSEARCH_PHASE_ENCODE, /* compares, reads, encodes and stores them */
    CLIPSEARCH_PHASE_PRUNE,  /* looks for items whose files are gone */
    CLIPSEARCH_PHASE_INDEX   /* writes the index file */
} clipsearch_phase;

/* How far an ingestion is with one of its sources. */
typedef struct clipsearch_source_progress {
    const char *path; /* as the caller gave it */
    uint64_t found;   /* files found; 0 until all sources are walked */
    uint64_t done;    /* files that are decoded or compared, one by one; those of the current batch are not stored yet,
                         and not in `done` of clipsearch_progress */
    uint64_t skipped; /* bad files, and directories that could not be read */
} clipsearch_source_progress;

/* The progress of an ingestion. */
typedef struct clipsearch_progress {
    uint64_t found;    /* files found so far; final when walking_done */
    uint64_t done;     /* files that are finished: stored, unchanged or skipped. It grows batch by batch; the sum of
                          sources[i].done grows file by file */
    uint64_t stored;   /* of these, the files whose items were inserted or replaced */
    double seconds;    /* since the start */
    bool walking_done; /* all sources have been walked */
    const char *path;  /* the last file that was decoded or compared; while walking, the directory being read; otherwise
                          "" */
    clipsearch_phase phase;
    uint64_t unchanged;    /* of `done`: files that were neither decoded nor encoded; they take next to no time */
    uint64_t skipped;      /* bad files, and directories that could not be read */
    double encode_seconds; /* of `seconds`: since the walk was done */
    const clipsearch_source_progress *sources; /* [source_count], in the caller's order */
    size_t source_count;
    uint64_t index_done, index_all; /* vectors in the index file that is being written, so far and in all */
    int64_t holder;                 /* CLIPSEARCH_PHASE_WAIT: number of the process that ingests; 0: not known */
} clipsearch_progress;

typedef struct clipsearch_ingest_options {
    size_t struct_size;
    const clipsearch_source *sources; /* [source_count] */
    size_t source_count;
    size_t batch;     /* images that are encoded and stored together; default 32 */
    unsigned threads; /* threads that decode; 0 (default): one per processor */
    bool prune;       /* remove items whose files are gone from a source, and items whose files its `exclude` leaves out
                         unless another remembered source takes them. A file that `include` does not name keeps its
                         item; so do all items of a source when one of its directories cannot be read. Items are also
                         kept for each clipsearch_kept_reason. Default false: items whose files are gone stay, are
                         noted as gone, and are found again when their files are back */
    bool dry_run;     /* store and encode nothing, and report what a run would do. New and changed files are read and
                         decoded for that. Default false */
    clipsearch_on_bad on_bad;              /* default CLIPSEARCH_SKIP_BAD */
    const clipsearch_image_options *image; /* for image files; NULL (default): the defaults */
    bool (*progress)(void *context, const clipsearch_progress *progress); /* called on the caller's thread for each file
                         that was found or decoded, and for every 256 unchanged ones: often, so it should be quick.
                         Returning false stops after the current batch has been stored. May be NULL */
    void (*bad_file)(void *context, const char *path, const clipsearch_error *why); /* called for each file that is
                         skipped, on the caller's thread; why->message begins with the path. May be NULL */
    void *context;                                                                  /* given to all functions */
    void (*bad_source)(void *context, size_t source, const clipsearch_error *why);  /* called for each source, by its
                         number, that does not exist or cannot be read; the others are ingested. NULL (default): such a
                         source is an error */
    const char *metadata; /* what of the files' EXIF, IPTC and XMP becomes attributes of their items: names of
                             clipsearch_metadata_name with commas between them, also "gps" for latitude, longitude and
                             altitude. NULL (default): all; "": none. An attribute that the source gives, or that the
                             item was put with, wins over one of that name in the file */
    bool force_prune;     /* with `prune`: remove also what would be kept for a clipsearch_kept_reason. Default false */
    bool rescan;      /* read every file and compare its content with the stored digest, also of files whose size and
                          times are those that are stored. Only changed content is encoded. Default false */
    bool remember;    /* remember the sources in the collection (clipsearch_collection_sources). Default false */
    const char *list; /* with `remember`: absolute path of the file that lists the sources. The sources replace all
                         those remembered with that list. NULL (default): each replaces the remembered source with its
                         path */
    void (*kept)(void *context, const clipsearch_kept_images *images); /* called for items that are kept for a
                          clipsearch_kept_reason, on the caller's thread; for EMPTY and DEVICE also without `prune`. May
                          be NULL */
    unsigned shard,
        shards; /* take only part number `shard` (1 to `shards`) of the files, so that several machines share
                          the work. A file's part follows from its path below the source alone (docs/vectors.md), so the
                          parts are the same where the source lies elsewhere. Nothing is pruned or noted as gone.
                          Default 0 of 0: all */
} clipsearch_ingest_options;
CLIPSEARCH_INIT(clipsearch_ingest_options)

/* The names of the attributes that are read from files, in the order of the alphabet: "altitude", "camera", ... (see
 * docs/metadata.md). NULL when `number`, from 0, is not below their count. A static string. */
CLIPSEARCH_API const char *clipsearch_metadata_name(size_t number);

/* Read what the `size` bytes of an image file say of it, as ingestion does (EXIF, IPTC, XMP), and write it into `json`
 * as an object of attributes with a NUL behind it. `names` chooses, as clipsearch_ingest_options.metadata does. *length
 * receives its length. A file that says nothing, or whose metadata are damaged, gives "{}" or what can be read.
 * Errors: CLIPSEARCH_E_ARGUMENT (a name is not known), _LIMIT (it needs *length + 1 bytes, and `capacity` is less),
 * _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_image_metadata(const void *data, size_t size, const char *names, char *json,
                                                           size_t capacity, size_t *length, clipsearch_error *err);

/* How many files of a kind were left out. */
typedef struct clipsearch_kind_count {
    const char *kind;  /* an image format ("HEIC"), or what one file is called ("video", "text file"); static */
    const char *kinds; /* what several are called ("HEIC", "videos", "text files"); static */
    uint64_t files;
    bool image; /* of a format that this build does not read */
} clipsearch_kind_count;

enum { CLIPSEARCH_MAX_KINDS = 32 };

typedef struct clipsearch_ingest_report {
    size_t struct_size;
    uint64_t found;           /* files that match the patterns */
    uint64_t inserted;        /* new items */
    uint64_t replaced;        /* items whose files changed; encoded again */
    uint64_t unchanged;       /* items whose files have the same size and times, or else the same content */
    uint64_t moved;           /* items whose files have another path now: the path is updated, nothing is encoded */
    uint64_t copied;          /* new items with the content of another item: its vector is copied, nothing is encoded */
    uint64_t updated;         /* items that got other attributes; the vector stays */
    uint64_t skipped;         /* bad files, and directories that could not be read (these are not counted in `found`) */
    uint64_t unreadable;      /* of `skipped`: files and directories that failed, after repeated attempts, for a reason
                             outside of them (input or output error, too many open files, no memory). Another run may be
                             able to read them */
    uint64_t pruned;          /* items removed because their files are gone or excluded */
    double seconds;           /* for everything, the index file included */
    uint64_t without_row;     /* files for which attributes_csv has no row; on success only, 0 without a CSV file */
    uint64_t rows_unused;     /* rows of attributes_csv whose image was not found; on success only */
    bool indexed;             /* the index file was written or brought up to date */
    bool created;             /* clipsearch_ingest_into made the collection */
    uint64_t missing_sources; /* sources that bad_source was called for */
    uint64_t left_out; /* files that sources without `include` leave out, because they are no images or of a format
                                 that this build does not read */
    uint64_t hidden;   /* hidden files and directories that were left out */
    size_t kind_count;
    clipsearch_kind_count kinds[CLIPSEARCH_MAX_KINDS]; /* [kind_count] of `left_out`, images first */
    uint64_t gone;       /* items of the sources whose files are not there, and which stay */
    uint64_t newly_gone; /* of these, the ones that this run was the first to note as gone */
    uint64_t kept;       /* items that were not removed, or not noted as gone, for a clipsearch_kept_reason */
    uint64_t returned;   /* items that were noted as gone and whose files are back; also counted as unchanged,
                             replaced, copied or updated */
} clipsearch_ingest_report;
CLIPSEARCH_INIT(clipsearch_ingest_report)

/* Bring `collection` up to date with the images of the sources. New and changed images are decoded and encoded,
 * decoding beside encoding, and stored batch by batch. If the process is killed, at most the current batch is lost;
 * cancelling loses nothing. Another run continues. `session` must use the collection's encoder with its image tower.
 * The report (may be NULL) is filled in on success, on CLIPSEARCH_E_CANCELLED and on failure.
 *
 * While another ingestion into the collection runs, in this process or another, this one waits for its end
 * (CLIPSEARCH_PHASE_WAIT; a progress function can cancel), so that no image is encoded twice. So do not ingest into the
 * same collection from a progress function. Runs with dry_run and databases in memory do not wait.
 * Errors: CLIPSEARCH_E_IO (a source, or with bad_source all of them, or a CSV file cannot be read), _FORMAT (CSV or
 * JSON), _MISMATCH (another encoder), _ARGUMENT, _CANCELLED, _DATABASE, _MEMORY; with CLIPSEARCH_STOP_AT_BAD, the error
 * of the bad file (_IO when it is not there). */
CLIPSEARCH_API clipsearch_status clipsearch_ingest(clipsearch_collection *collection, clipsearch_session *session,
                                                   const clipsearch_ingest_options *options,
                                                   clipsearch_ingest_report *report, clipsearch_error *err);

/* clipsearch_ingest of the directory or image file `path` alone, with the default options. `report` may be NULL. */
CLIPSEARCH_API clipsearch_status clipsearch_ingest_path(clipsearch_collection *collection, clipsearch_session *session,
                                                        const char *path, clipsearch_ingest_report *report,
                                                        clipsearch_error *err);

/* A collection to ingest into. It need not exist yet. */
typedef struct clipsearch_ingest_target {
    size_t struct_size;
    const char *database;                  /* path of the database file. It is made if it does not exist, but its
                                              directory is not */
    const char *collection;                /* name of the collection */
    clipsearch_metric metric;              /* default CLIPSEARCH_COSINE */
    const clipsearch_index_options *index; /* as for clipsearch_collection_ensure_index; NULL (default): the defaults */
    void (*note)(void *context, const char *line); /* as for clipsearch_database_on_note; may be NULL */
    void *context;                                 /* given to `note` */
} clipsearch_ingest_target;
CLIPSEARCH_INIT(clipsearch_ingest_target)

/* Ingest as clipsearch_ingest does, into a collection that is made, with its database, when the first batch is stored.
 * It belongs to the session's encoder. Nothing is made by a dry run, by a run that finds no image, and by a run that
 * fails or is cancelled before the first batch is stored.
 * Errors: those of clipsearch_ingest; before any file is read CLIPSEARCH_E_ARGUMENT (the name, the index options) and
 * _NOT_FOUND (the database's directory does not exist); _MISMATCH (the collection exists with another encoder, metric
 * or index). */
CLIPSEARCH_API clipsearch_status clipsearch_ingest_into(const clipsearch_ingest_target *target,
                                                        clipsearch_session *session,
                                                        const clipsearch_ingest_options *options,
                                                        clipsearch_ingest_report *report, clipsearch_error *err);

/* Encode all items of an existing collection anew, with the session's encoder, in place. Their images are read from
 * their paths; ids, paths and attributes stay. Until the last vector is there, searches see the old ones, and what was
 * done is kept when the process is killed or the run is cancelled: another run with the same encoder continues, one
 * with a third encoder begins anew, and one with the collection's own encoder gives up what was stored. Then one
 * transaction switches to the new encoder and to target->metric. Open handles of the collection are those of the old
 * encoder: their functions give CLIPSEARCH_E_NOT_FOUND from then on, and the collection must be opened again. It needs
 * as much disk space as the new vectors take, for a while twice that. It waits for ingestions as clipsearch_ingest
 * does.
 *
 * An item whose file is gone, damaged or too large keeps its id, path and attributes. It is noted as gone, has no
 * vector, so that no search finds it, not even one with clipsearch_search_options.gone, and is encoded by the next
 * ingestion that finds the file. bad_file is called for each.
 * But when more than 5 images and more than a fifth are newly gone (a disk may not be mounted), or when a file cannot
 * be read, the run ends with CLIPSEARCH_E_IO instead of the switch, unless options->force_prune is set.
 *
 * Of the options, `batch`, `threads`, `image`, `dry_run` (count only), `progress`, `bad_file`, `context` and
 * `force_prune` are used, of the target everything but `index`. The report (may be NULL): `found` has the items,
 * `replaced` those encoded by this run, `unchanged` those that an earlier run had encoded (all, when the collection is
 * the encoder's already), `gone` and `newly_gone` those whose files are gone, `skipped` other files that could not be
 * encoded, of which `unreadable` could not be read, `kept` the images that prevented the switch; `indexed` and
 * `seconds`.
 * Errors: CLIPSEARCH_E_NOT_FOUND (no such database or collection), _IO, _CANCELLED, _ARGUMENT, _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_remodel(const clipsearch_ingest_target *target, clipsearch_session *session,
                                                    const clipsearch_ingest_options *options,
                                                    clipsearch_ingest_report *report, clipsearch_error *err);

/* A source that a collection remembers. */
typedef struct clipsearch_remembered_source {
    const clipsearch_source *source;       /* its path and that of attributes_csv are absolute */
    const char *list;                      /* absolute path of the file that listed it; NULL: none did */
    const clipsearch_image_options *image; /* with which its images were read */
    const char *metadata;                  /* as in clipsearch_ingest_options */
} clipsearch_remembered_source;

/* The sources that a collection remembers, in the order in which they first came. They are independent of it. */
typedef struct clipsearch_sources clipsearch_sources;

/* Read them. Free them with clipsearch_sources_free.
 * Errors: CLIPSEARCH_E_NOT_FOUND (the collection was dropped), _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_sources(clipsearch_collection *collection,
                                                               clipsearch_sources **sources, clipsearch_error *err);
CLIPSEARCH_API size_t clipsearch_sources_count(const clipsearch_sources *sources);
/* Source number `i`, counted from 0. NULL when there is none. Valid until the sources are freed. */
CLIPSEARCH_API const clipsearch_remembered_source *clipsearch_sources_get(const clipsearch_sources *sources, size_t i);
CLIPSEARCH_API void clipsearch_sources_free(clipsearch_sources **sources);

/* Forget the sources with the path `name`, and those that the file `name` listed (absolute paths). Their items stay.
 * *forgotten (may be NULL) receives how many sources were forgotten.
 * Errors: as above, and CLIPSEARCH_E_ARGUMENT (the database was opened for reading only). */
CLIPSEARCH_API clipsearch_status clipsearch_collection_forget_source(clipsearch_collection *collection,
                                                                     const char *name, uint64_t *forgotten,
                                                                     clipsearch_error *err);

/* Changes of sources, as they happen. */
typedef struct clipsearch_watch clipsearch_watch;

typedef struct clipsearch_watch_options {
    size_t struct_size;
    double settle;                /* seconds without a change before changes are handed out; default 0.5 */
    double longest;               /* seconds after which they are handed out though more come; default 10 */
    double scan;                  /* seconds between two scans of a source that cannot be watched; default 60 */
    bool (*go_on)(void *context); /* called about once a second and after signals; false ends the wait. May be NULL */
    void (*note)(void *context, const char *line); /* told which source cannot be watched, and why. May be NULL */
    void *context;                                 /* given to both */
} clipsearch_watch_options;
CLIPSEARCH_INIT(clipsearch_watch_options)

/* What has changed in a source. */
typedef struct clipsearch_change {
    size_t source;            /* its number */
    const char *const *files; /* [file_count] new and changed files; NULL: ingest the whole source */
    size_t file_count;
} clipsearch_change;

/* Begin to watch sources; the array must stay valid until the watch is closed. After this call ingest all sources once:
 * changes from now on are reported. `options` may be NULL for the defaults. Uses inotify. A source is scanned instead
 * if it lies on a network file system or in user space (FUSE), if the system allows no more watches, or while it does
 * not exist. Errors: CLIPSEARCH_E_ARGUMENT (a source with `files`; a pattern that is not valid), _IO, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_watch_open(const clipsearch_source *sources, size_t source_count,
                                                       const clipsearch_watch_options *options,
                                                       clipsearch_watch **watch, clipsearch_error *err);

/* Wait until something has changed and settled. A file that is being written is reported when it is closed. If the
 * change has `files`, ingest a copy of the source with these `files`. If it has none, ingest the whole source: a file
 * was removed, events were lost, or the source is scanned. *changes [*count] is valid until the next call; a source
 * occurs in it once. One thread at a time may use a watch. Errors: CLIPSEARCH_E_CANCELLED (go_on said so), _IO,
 * _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_watch_wait(clipsearch_watch *watch, const clipsearch_change **changes,
                                                       size_t *count, clipsearch_error *err);
CLIPSEARCH_API void clipsearch_watch_close(clipsearch_watch **watch);

/* ---------------------------------------------------------------- search */

/* How a call of clipsearch_search found its hits. */
typedef struct clipsearch_search_stats {
    size_t struct_size;
    size_t graph;      /* queries that walked the graph of the index */
    size_t delta;      /* items changed since the index file was written, which each query was compared with */
    uint64_t compared; /* vectors, or their codes, that were compared with queries */
    double encode_ms;  /* clipsearch_ask: milliseconds for encoding the questions; clipsearch_search: 0 */
    double search_ms;  /* clipsearch_ask: milliseconds for searching; clipsearch_search: 0 */
    size_t scanned;    /* queries that compared all codes of the index, because that takes less time than a walk that
                          finds enough. The queries that are in neither `graph` nor `scanned` compared all vectors */
} clipsearch_search_stats;
CLIPSEARCH_INIT(clipsearch_search_stats)

/* What the scores of a collection mean; clipsearch_calibrate makes it. */
typedef struct clipsearch_calibration clipsearch_calibration;

typedef struct clipsearch_search_options {
    size_t struct_size;
    bool has_limit;     /* return only hits at least as near as `limit`. Default false */
    float limit;        /* lowest score for CLIPSEARCH_COSINE and _IP, greatest distance for CLIPSEARCH_L2 */
    const char *filter; /* return only items that match this filter (FILTERS); NULL (default): all */
    bool exact;         /* compare every vector, even if there is an index. Default false */
    size_t ef; /* candidates that a walk keeps, 1 to 65,536; fewer than `k` count as `k`. 0 (default): as many as the
               checkpoint found to be needed for queries of this kind, and at least the collection's ef */
    clipsearch_search_stats *stats; /* filled in; may be NULL */
    bool gone; /* find also items whose files are known to be gone. Those that clipsearch_remodel could not encode
                  are never found: they have no vector. Default false */
    bool fold_copies; /* items with the same content (an equal hash) are one hit, whose `copies` counts the others; k
                         then counts contents. Default false: every item is a hit */
    const clipsearch_calibration *calibration; /* clipsearch_ask: give hits their relevance; NULL (default): do not */
    float min_relevance; /* clipsearch_ask: of the `k` nearest return only those that have at least this relevance, e.g.
                            CLIPSEARCH_RELEVANT; above 0 it takes a calibration, and of a question that has parts other
                            than texts no hit is returned, because none has a relevance. Default 0: all */
    double timeout;      /* seconds after which the call ends with CLIPSEARCH_E_TIMEOUT; 0 (default): no limit.
                            clipsearch_ask encodes texts and images within it: decoding is interrupted as a search is,
                            the model's work on one image or 32 texts is finished first */
    bool (*go_on)(void *context); /* called once and then every few milliseconds, on the thread of the call; returning
                         false ends it with CLIPSEARCH_E_CANCELLED. To cancel a search from another thread, let the
                         function read an atomic variable that this thread sets. It must not call the library. NULL
                         (default): none */
    void *context;                /* given to `go_on` */
} clipsearch_search_options;
CLIPSEARCH_INIT(clipsearch_search_options)

/* An item that was found. */
typedef struct clipsearch_hit {
    int64_t id;
    float score; /* see CONCEPTS; 0 from clipsearch_query and clipsearch_get, which compare no vectors */
    const char *path;
    uint64_t size;          /* of the file, in bytes */
    int64_t mtime_ns;       /* time of the file's last change, in nanoseconds since 1970 */
    uint32_t width, height; /* in pixels */
    const char *attributes; /* a JSON object */
    bool gone;              /* the last ingestion found no file at `path`; of duplicates and of hits with `copies` also:
                               there is none now */
    uint8_t hash[32];       /* SHA-256 of the file's bytes */
    uint64_t copies;        /* with fold_copies: further items with the same content that would be hits; else 0 */
    float relevance; /* 0 to 1, how well the image fits the question, comparable between questions, collections and
                        models (clipsearch_calibrate). NaN: not asked for, or the question has parts other than texts */
} clipsearch_hit;

/* A hit of at least this relevance probably fits the question. */
#define CLIPSEARCH_RELEVANT 0.5F

/* The hits of one or more queries. They do not change and are independent of the collection. */
typedef struct clipsearch_hits clipsearch_hits;

/* Find the `k` nearest items to each of the queries, vectors [count, dim]. In a CLIPSEARCH_COSINE collection queries
 * are normalised to length 1 first. Free the hits with clipsearch_hits_free. `options` may be NULL for the defaults.
 *
 * With an index file the answer has nearly all of the `k` nearest; clipsearch_collection_check measures how many.
 * Without `filter` and `limit` it has min(k, items) hits, where items whose files are known to be gone do not count
 * unless `gone` is set. Scores are exact. Without an index file, or with `exact`, the answer is exact: the first search
 * reads all vectors into memory, where all handles of the database share them, and the first search after a change
 * reads them again. With a filter that few items match, only the vectors of those are read, and all of them are found
 * if `k` is large enough. The queries of one call run on all processors; hits do not depend on the number of
 * processors. With `fold_copies` the hit that stands for several is the one with the lowest id whose file is there;
 * only files of items that have copies are looked at. Items that were put without a hash are never copies.
 *
 * A call that is cancelled or has used up its `timeout` ends within about 0.1 seconds; *hits is NULL then. If it was
 * reading all vectors, the next search reads them.
 * Errors: CLIPSEARCH_E_ARGUMENT (k is 0, a query with a NaN or infinity, a cosine query of zeros, for another metric a
 * query longer than 1.15e18, an invalid filter, a timeout below 0), _LIMIT (a filter that is too long or too complex),
 * _NOT_FOUND (the collection was dropped), _CANCELLED, _TIMEOUT, _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_search(clipsearch_collection *collection, const float *queries,
                                                   size_t count, size_t k, const clipsearch_search_options *options,
                                                   clipsearch_hits **hits, clipsearch_error *err);

/* A rectangle of an image as it is displayed: after the EXIF orientation was applied. */
typedef struct clipsearch_region {
    double x, y, width, height; /* left, top, and the sides: whole pixels, or per cent of the image's sides, rounded to
                                   pixels (one pixel at least) */
    bool percent;
} clipsearch_region;

/* A part of a question: a text, an image, an item or a vector. Set one of text; path; image, with or without path; id;
 * vector. */
typedef struct clipsearch_part {
    size_t struct_size;
    const char *text;                /* at least one character that is not blank */
    const char *path;                /* an image file; if `image` is set, only a name for messages */
    const void *image;               /* [image_size] the bytes of an image file, in any format that can be read */
    size_t image_size;               /* of `image` */
    int64_t id;                      /* an item of the collection: its stored vector is used; 0: none */
    const float *vector;             /* [dim] a vector that the collection's encoder made */
    const clipsearch_region *region; /* the region of the image that is searched for; NULL (default): all of it. Only
                                        with path or image */
    double weight; /* the init function sets 1; below 0: the part is subtracted. Its size is from 1e-9 to 1e9 */
    bool of_text;  /* `vector` was made of a text by clipsearch_encode_texts; so the hits can have a
                                        relevance. Default false */
} clipsearch_part;
CLIPSEARCH_INIT(clipsearch_part)

/* What is searched for: one or more parts, whose vectors are added up. Each is brought to length 1 and multiplied with
 * its weight, and the sum is brought to length 1 again; so scores mean what they mean for a query of one part. (Where
 * vectors do not have length 1, in a collection of another metric than CLIPSEARCH_COSINE, the sum gets the mean length
 * of the parts, weighted by their weights' sizes.) */
typedef struct clipsearch_question {
    size_t struct_size;
    const clipsearch_part *parts; /* [part_count] */
    size_t part_count;            /* 1 to 1,000 */
    const char *name;             /* what messages call it; NULL (default): "query 3", counted from 1 */
    bool with_self; /* also find the question's own images: the items given by id, the items at the paths of
                                     its image files, and copies of both. Default false: they are left out. An image
                                     given by its bytes, or by a path that no item has, leaves nothing out: so one can
                                     ask whether the collection has it */
} clipsearch_question;
CLIPSEARCH_INIT(clipsearch_question)

/* Compute the vectors [count, dim] of `count` questions for `collection`, as clipsearch_ask does. The texts of all of
 * them are encoded together. `session` encodes texts and images with the collection's encoder; it may be NULL when no
 * part is a text or an image.
 * Errors: CLIPSEARCH_E_ARGUMENT (names the question and the part: nothing or more than one thing is set, an empty text,
 * a weight that is 0, not finite or out of range, a vector of zeros or with a NaN, a region outside the image, parts
 * that cancel one another), _LIMIT (too many parts), _NOT_FOUND (no such item), _MISMATCH (another encoder), those of
 * clipsearch_encode_texts and clipsearch_image_load, _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_question_vectors(clipsearch_collection *collection,
                                                             clipsearch_session *session,
                                                             const clipsearch_question *questions, size_t count,
                                                             float *vectors, clipsearch_error *err);

/* Find the `k` nearest items to each of `count` questions. Hits, options and further errors are those of
 * clipsearch_search. */
CLIPSEARCH_API clipsearch_status clipsearch_ask(clipsearch_collection *collection, clipsearch_session *session,
                                                const clipsearch_question *questions, size_t count, size_t k,
                                                const clipsearch_search_options *options, clipsearch_hits **hits,
                                                clipsearch_error *err);

/* clipsearch_ask with one question of one part: the text `text`, or an image of pixels. For an image file use
 * clipsearch_ask with a part that has its path or its bytes. The hits are those of query 0. The same errors. */
CLIPSEARCH_API clipsearch_status clipsearch_search_text(clipsearch_collection *collection, clipsearch_session *session,
                                                        const char *text, size_t k,
                                                        const clipsearch_search_options *options,
                                                        clipsearch_hits **hits, clipsearch_error *err);
CLIPSEARCH_API clipsearch_status clipsearch_search_image(clipsearch_collection *collection, clipsearch_session *session,
                                                         const clipsearch_image *image, size_t k,
                                                         const clipsearch_search_options *options,
                                                         clipsearch_hits **hits, clipsearch_error *err);

/* Find out what scores mean in `collection`, so that clipsearch_ask can give hits a relevance: encode 200 sentences
 * with `session`, search for them, and compare them with a sample of at most 256 images. docs/relevance.md has the
 * method and what it costs. With `cache` (may be NULL) the calibration is read from that file if it is one of this
 * collection and encoder and the number of images has changed by a tenth at most since, and otherwise it is written to
 * it. A file that cannot be read or written is no error. Any number of threads may use the calibration; free it with
 * clipsearch_calibration_free.
 * Errors: CLIPSEARCH_E_UNSUPPORTED (fewer than 10 images whose files are not gone, images that are all alike),
 * _ARGUMENT (the session has no text tower), _MISMATCH (another encoder), _NOT_FOUND (the collection was dropped),
 * _DATABASE, _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_calibrate(clipsearch_collection *collection, clipsearch_session *session,
                                                      const char *cache, clipsearch_calibration **calibration,
                                                      clipsearch_error *err);
CLIPSEARCH_API void clipsearch_calibration_free(clipsearch_calibration **calibration);

/* List the items that match `filter` (FILTERS; NULL: all) in the order of their ids: at most `limit` (SIZE_MAX: all),
 * after the first `offset`. They are the hits of query 0, with a score of 0. Items whose files are known to be gone are
 * left out. Free them with clipsearch_hits_free.
 * Errors: CLIPSEARCH_E_ARGUMENT and _LIMIT (the filter), _NOT_FOUND (the collection was dropped), _DATABASE, _MEMORY.
 * */
CLIPSEARCH_API clipsearch_status clipsearch_query(clipsearch_collection *collection, const char *filter, size_t limit,
                                                  size_t offset, clipsearch_hits **hits, clipsearch_error *err);

typedef struct clipsearch_list_options {
    size_t struct_size;
    const char *filter; /* NULL (default): all items */
    size_t limit;       /* at most so many; default SIZE_MAX */
    size_t offset;      /* after the first so many; default 0 */
    bool gone;          /* list also items whose files are known to be gone. Default false */
    int64_t after;      /* only items with a higher id; default 0. The last id of a page continues with the next page */
    bool newest_first;  /* in the falling order of the ids; `after`, if it is not 0, is then an id that all are below.
                           Default false. CLIPSEARCH_E_UNSUPPORTED for collections of Milvus */
} clipsearch_list_options;
CLIPSEARCH_INIT(clipsearch_list_options)

/* Like clipsearch_query, with options (NULL: the defaults). The same errors. */
CLIPSEARCH_API clipsearch_status clipsearch_list(clipsearch_collection *collection,
                                                 const clipsearch_list_options *options, clipsearch_hits **hits,
                                                 clipsearch_error *err);

typedef struct clipsearch_each_options {
    size_t struct_size;
    const char *filter; /* NULL (default): all items */
    int64_t after;      /* only items with a higher id; default 0 */
    bool gone;          /* also items whose files are known to be gone. Default false */
    bool vectors;       /* give `each` their vectors too. Default false */
} clipsearch_each_options;
CLIPSEARCH_INIT(clipsearch_each_options)

/* Call `each` with every item in the order of the ids, and with its vector [dim] if options->vectors is set, otherwise
 * with NULL; when it returns false the walk ends, which is no error. Item and vector are valid during that call only.
 * The items are read page by page, so any number of them takes little memory, and `each` may use and change the
 * collection: what is put or removed behind the current item is seen or not. `options` may be NULL for the defaults.
 * Errors: those of clipsearch_query. */
CLIPSEARCH_API clipsearch_status clipsearch_collection_each(
    clipsearch_collection *collection, const clipsearch_each_options *options,
    bool (*each)(void *context, const clipsearch_hit *item, const float *vector), void *context, clipsearch_error *err);

/* List the items with these `ids` [count] in this order, also those whose files are known to be gone. Ids that the
 * collection does not have are left out. Hits and errors are those of clipsearch_query. */
CLIPSEARCH_API clipsearch_status clipsearch_get(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                                clipsearch_hits **hits, clipsearch_error *err);

/* Check that `filter` is valid, without a database. If it is not, *column (may be NULL) receives the place of the
 * error, in characters counted from 1, or 0 when it has no place.
 * Errors: CLIPSEARCH_E_ARGUMENT (the message says what was expected), _LIMIT (too long or too complex), _MEMORY. */
CLIPSEARCH_API clipsearch_status clipsearch_filter_check(const char *filter, size_t *column, clipsearch_error *err);

/* Call `each` with the names of the attributes that `filter` uses, of nested ones the first step (tags for tags[0]), in
 * the order of the text, until it returns false. A name comes as often as it is used.
 * Errors: as clipsearch_filter_check. */
CLIPSEARCH_API clipsearch_status clipsearch_filter_attributes(const char *filter,
                                                              bool (*each)(void *context, const char *name),
                                                              void *context, clipsearch_error *err);

/* The bytes that clipsearch_filter_period writes at most. */
#define CLIPSEARCH_PERIOD_SIZE 128

/* Write into `filter` a filter for the items that were taken from `since` on and until the end of `until`: a condition
 * on their attribute `taken`, which others can be joined to with "and". Each of the two is "2024", "2024-07",
 * "2024-07-01", or a date with a time such as "2024-07-01T18:30" (a space may stand for the T), by the camera's clock,
 * or NULL for no limit. The whole of the year, month, day, minute or second that `until` names belongs to the period.
 * An item that does not say when it was taken does not match, unless both are NULL: then the filter is "true".
 * Errors: CLIPSEARCH_E_ARGUMENT (no date; since is after until). */
CLIPSEARCH_API clipsearch_status clipsearch_filter_period(const char *since, const char *until,
                                                          char filter[CLIPSEARCH_PERIOD_SIZE], clipsearch_error *err);

/* The number of hits of query `query`, counted from 0; 0 if there is no such query, and for NULL. */
CLIPSEARCH_API size_t clipsearch_hits_count(const clipsearch_hits *hits, size_t query);
/* A hit of that query; rank 0 is the nearest. NULL when there is none. Valid until the hits are freed. */
CLIPSEARCH_API const clipsearch_hit *clipsearch_hits_get(const clipsearch_hits *hits, size_t query, size_t rank);
CLIPSEARCH_API void clipsearch_hits_free(clipsearch_hits **hits);

/* ---------------------------------------------------------------- duplicates */

/* How alike images are; each level includes those before it. */
typedef enum clipsearch_duplicate_level {
    CLIPSEARCH_DUPLICATES_EXACT = 1, /* files with the same bytes */
    CLIPSEARCH_DUPLICATES_SAME,      /* one image: recoded or resized */
    CLIPSEARCH_DUPLICATES_EDITED,    /* turned by 90 degrees, mirrored, cropped by some per cent, brightened */
    CLIPSEARCH_DUPLICATES_BURST      /* a scene that was taken several times within a minute, by the attribute `taken`;
                                        of images that do not say when they were taken, those that look most alike */
} clipsearch_duplicate_level;

/* "exact", "same", "edited" or "burst"; NULL for another value. */
CLIPSEARCH_API const char *clipsearch_duplicate_level_name(clipsearch_duplicate_level level);

/* What clipsearch_duplicates_find is doing. */
typedef enum clipsearch_duplicates_phase {
    CLIPSEARCH_DUPLICATES_SEARCH = 1, /* searching for the neighbours of each vector */
    CLIPSEARCH_DUPLICATES_READ,       /* reading the images that have to be compared */
    CLIPSEARCH_DUPLICATES_TURN,       /* from the level edited on: looking for turned ones among all */
    CLIPSEARCH_DUPLICATES_COMPARE     /* comparing pairs of them */
} clipsearch_duplicates_phase;

typedef struct clipsearch_duplicates_progress {
    clipsearch_duplicates_phase phase;
    uint64_t done, total; /* of this phase: images; parts of the search for turned ones; pairs that are compared */
    double seconds;       /* since the call began */
} clipsearch_duplicates_progress;

typedef struct clipsearch_duplicates_options {
    size_t struct_size;
    clipsearch_duplicate_level level;      /* 0 (default): CLIPSEARCH_DUPLICATES_SAME */
    const char *filter;                    /* only among items that match (FILTERS); NULL (default): all */
    unsigned threads;                      /* that decode images; 0 (default): one for each processor */
    const clipsearch_image_options *image; /* limits; NULL (default): the defaults */
    void (*bad)(void *context, const char *path, const clipsearch_error *err); /* called for each image that had to be
                         compared and cannot be read; it is judged by its content digest and, very strictly, by its
                         vector. May be NULL */
    void *context;
    bool (*progress)(void *context, const clipsearch_duplicates_progress *progress); /* called from time to time by the
                         thread that made the call; false ends it with CLIPSEARCH_E_CANCELLED. May be NULL */
} clipsearch_duplicates_options;
CLIPSEARCH_INIT(clipsearch_duplicates_options)

typedef struct clipsearch_duplicates_report {
    size_t struct_size;
    uint64_t images;     /* items that were looked at */
    uint64_t candidates; /* pairs of them that may be duplicates, beside those with the same bytes */
    uint64_t decoded;    /* images that were read to compare such pairs */
    uint64_t unreadable; /* of these, those that could not be read */
    uint64_t groups;
    uint64_t surplus;       /* images in groups whose files are there, without the one of each that should be kept */
    uint64_t surplus_bytes; /* the sizes of their files */
} clipsearch_duplicates_report;
CLIPSEARCH_INIT(clipsearch_duplicates_report)

/* Groups of duplicates. They do not change and are independent of the collection. */
typedef struct clipsearch_duplicates clipsearch_duplicates;

/* Find groups of two and more items that are duplicates of each other. Candidates are items with the same content
 * digest, and the neighbours that a search finds for each item's vector; those that are near enough are read, averaged
 * down to 48 x 48 pixels and compared, so that like scenes are no duplicates. From the level edited on all images are
 * read, and those that are alike when turned or mirrored are candidates too. Items whose files are known to be gone
 * are left out; those whose files are found to be gone only now are `gone`. Nothing is changed. Free *duplicates with
 * clipsearch_duplicates_free. `options` and `report` may be NULL.
 * Errors: CLIPSEARCH_E_ARGUMENT and _LIMIT (the level, the filter), _CANCELLED (options->progress said so), _NOT_FOUND
 * (the collection was dropped), _DATABASE, _MEMORY. An image that cannot be read is no error. */
CLIPSEARCH_API clipsearch_status clipsearch_duplicates_find(clipsearch_collection *collection,
                                                            const clipsearch_duplicates_options *options,
                                                            clipsearch_duplicates **duplicates,
                                                            clipsearch_duplicates_report *report,
                                                            clipsearch_error *err);
/* The number of groups, which are in the order of their lowest ids; 0 for NULL. */
CLIPSEARCH_API size_t clipsearch_duplicates_groups(const clipsearch_duplicates *duplicates);
/* The number of images in `group`, counted from 0; 0 if there is no such group. */
CLIPSEARCH_API size_t clipsearch_duplicates_count(const clipsearch_duplicates *duplicates, size_t group);
/* An image of a group; rank 0 is the one to keep: of those that can be read the one with the most pixels, then the
 * largest file, then the oldest, then the first path. Those that are `gone` come last: of them there is nothing to move
 * or remove, and nothing to keep either when rank 0 is one of them. Of several paths to one file only one is in a
 * group. *level (may be NULL) receives how alike the image and rank 0 are, perhaps through a chain of other images of
 * the group, whose least alike pair counts; for rank 0 itself it is CLIPSEARCH_DUPLICATES_EXACT. NULL when there is
 * none. Valid until the duplicates are freed. */
CLIPSEARCH_API const clipsearch_hit *clipsearch_duplicates_get(const clipsearch_duplicates *duplicates, size_t group,
                                                               size_t rank, clipsearch_duplicate_level *level);
CLIPSEARCH_API void clipsearch_duplicates_free(clipsearch_duplicates **duplicates);

#ifdef __cplusplus
}
#endif
#endif
