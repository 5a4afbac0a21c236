/* SPDX-License-Identifier: MIT
 * values.h - the values that are known of an image, each from the best of the places that state it. */
#ifndef CS_METADATA_VALUES_H
#define CS_METADATA_VALUES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of their names, which is that of the output. */
typedef enum cs_metadata_field {
    CS_META_ALTITUDE,
    CS_META_CAMERA,
    CS_META_CAPTION,
    CS_META_CITY,
    CS_META_COUNTRY,
    CS_META_EXPOSURE_TIME,
    CS_META_F_NUMBER,
    CS_META_FOCAL_LENGTH,
    CS_META_FOCAL_LENGTH_35MM,
    CS_META_ISO,
    CS_META_KEYWORDS,
    CS_META_LATITUDE,
    CS_META_LENS,
    CS_META_LONGITUDE,
    CS_META_MAKE,
    CS_META_RATING,
    CS_META_TAKEN,
    CS_META_TITLE,
    CS_META_FIELDS,
    CS_META_MODEL = CS_META_FIELDS, /* not written: a part of CS_META_CAMERA */
    CS_META_ALL_FIELDS
} cs_metadata_field;

/* "altitude", ...; docs/metadata.md describes them. */
const char *cs_metadata_field_name(cs_metadata_field field);

/* Whether its value is a text; else it is a number, or CS_META_KEYWORDS, a list of texts. */
bool cs_metadata_is_text(cs_metadata_field field);

/* Limits of what is kept, in bytes of UTF-8. */
enum {
    CS_META_MAX_TEXT = 512,
    CS_META_MAX_CAPTION = 8192,
    CS_META_MAX_KEYWORD = 128,
    CS_META_MAX_KEYWORDS = 256 /* keywords of one image */
};

/* Bytes of an XMP packet that are read, and of the digest, in hexadecimal, that names a second packet. */
enum { CS_XMP_MAX_PACKET = 1 << 20, CS_XMP_DIGEST = 32 };

/* The second XMP packet of a JPEG, which comes in pieces (extended_xmp.c). */
typedef struct cs_extended_xmp {
    cs_buf bytes;                                     /* [len] of the whole packet; empty while there is no piece */
    size_t got;                                       /* of them */
    char digest[CS_XMP_DIGEST], named[CS_XMP_DIGEST]; /* of the pieces, and as the first packet says, */
    bool is_named;                                    /* if it names one */
} cs_extended_xmp;

/* One thread's memory for the metadata of image after image. Zero is empty; free it with cs_metadata_free. A failed
 * allocation is noted in the buffers. */
typedef struct cs_metadata {
    cs_buf texts; /* the fields' values one behind the other: UTF-8, or a number as JSON */
    struct {
        size_t at, length;
        unsigned rank; /* of the place that the value is from; 0: there is no value */
    } fields[CS_META_ALL_FIELDS];
    cs_buf keywords; /* JSON strings with commas between them */
    unsigned keyword_rank;
    size_t keyword_count;
    cs_extended_xmp extended;
} cs_metadata;

void cs_metadata_clear(cs_metadata *metadata);
void cs_metadata_free(cs_metadata *metadata);
bool cs_metadata_failed(const cs_metadata *metadata);

/* A place states a value. It is kept unless a place of the same or a lower rank (from 1) has stated one. */

/* A text: bytes up to the first NUL. Without valid UTF-8 it is read as ISO 8859-1; UTF-8 whose last character is cut
 * stays UTF-8, and that character is left out. Control characters become spaces,
 * but line feeds stay; white space at both ends is left out, and then also an empty text. */
void cs_metadata_put_text(cs_metadata *metadata, cs_metadata_field field, unsigned rank, const void *text, size_t size);
/* The same in UTF-16, little-endian. */
void cs_metadata_put_utf16(cs_metadata *metadata, cs_metadata_field field, unsigned rank, const uint8_t *text,
                           size_t size);
/* A number from `least` to `most`; any other is left out. */
void cs_metadata_put_number(cs_metadata *metadata, cs_metadata_field field, unsigned rank, double number, double least,
                            double most);
/* One more of the keywords that this place states; one that is there already is left out. */
void cs_metadata_add_keyword(cs_metadata *metadata, unsigned rank, const void *text, size_t size);

/* The same in UTF-16, little-endian. */
void cs_metadata_add_keyword_utf16(cs_metadata *metadata, unsigned rank, const uint8_t *text, size_t size);

/* An angle in degrees, up to `most`, and the letter of its hemisphere: letters[0] counts up, letters[1] down. Without
 * one of these the place is not known, and nothing is kept. Rounded to 1e-7 degrees, a centimetre. */
void cs_metadata_put_angle(cs_metadata *metadata, cs_metadata_field field, unsigned rank, double degrees, char letter,
                           const char letters[2], double most);
/* Whether this GPSAltitudeRef says that the altitude counts downwards: 1, or EXIF 3.0's 3. */
bool cs_metadata_is_below(double altitude_ref);
/* Metres above the sea, rounded to millimetres. */
void cs_metadata_put_altitude(cs_metadata *metadata, unsigned rank, double metres);

/* A date, perhaps with a time. */
typedef struct cs_metadata_time {
    int parts; /* that are known: 1 year, 2 month, 3 day, 6 time of day */
    int year, month, day, hour, minute, second;
    char fraction[10]; /* digits of a second, or "" */
    bool has_zone;
    int zone; /* minutes ahead of UTC */
} cs_metadata_time;

/* Read "2024:07:01 18:30:05", as EXIF writes it, or a date in ISO 8601: "2024", "2024-07", "2024-07-01",
 * "2024-07-01T18:30", "2024-07-01T18:30:05.25+02:00". A time of day that cannot be is left out. False: it is no date.
 */
bool cs_metadata_read_time(const char *text, size_t size, cs_metadata_time *time);
/* Read "+02:00", "-0530" or "Z" into the time; anything else leaves it as it is. */
void cs_metadata_read_zone(const char *text, size_t size, cs_metadata_time *time);
void cs_metadata_put_time(cs_metadata *metadata, cs_metadata_field field, unsigned rank, const cs_metadata_time *time);

/* Ranks, for fields that are about the photograph: cameras write EXIF, and programs copy it into XMP. */
enum {
    CS_RANK_EXIF = 1,
    CS_RANK_EXIF_DIGITIZED, /* when it was digitized */
    CS_RANK_XMP,
    CS_RANK_XMP_CREATED, /* photoshop:DateCreated */
    CS_RANK_XMP_OLDER,   /* aux:Lens, xmp:CreateDate */
    CS_RANK_IPTC,
    CS_RANK_EXIF_CHANGED /* when the file was changed */
};

/* Ranks of the texts that people write. Programs that know XMP keep the others equal to it; those that do not know it
 * write no XMP. */
enum {
    CS_RANK_TEXT_SIDECAR = 1, /* XMP in a file beside the image: what a program wrote that leaves images as they are */
    CS_RANK_TEXT_SIDECAR_OTHER,
    CS_RANK_TEXT_XMP, /* in the language x-default, or in none */
    CS_RANK_TEXT_XMP_OTHER,
    CS_RANK_TEXT_IPTC,
    CS_RANK_TEXT_EXIF,
    CS_RANK_TEXT_WINDOWS /* the tags of Windows' Explorer */
};

#endif
