/* SPDX-License-Identifier: MIT
 * exif_fields.c - the tags of EXIF that are attributes. Three directories are read: the first, the one of EXIF and the
 * one of GPS. Directories that a directory names are not followed any further, so there is no loop, and a maker's
 * notes are not looked at. Sources: EXIF 2.32 (CIPA DC-008), 4.6; Windows' tags as exiftool documents them. */
#include "metadata/readers.h"

#include "vision/tiff_entries.h"

#include <math.h>
#include <string.h>

enum exif_tag {
    TAG_XMP = 0x02bc,
    TAG_DESCRIPTION = 0x010e,
    TAG_MAKE = 0x010f,
    TAG_MODEL = 0x0110,
    TAG_CHANGED = 0x0132,
    TAG_RATING = 0x4746,
    TAG_EXPOSURE_TIME = 0x829a,
    TAG_F_NUMBER = 0x829d,
    TAG_IPTC = 0x83bb,
    TAG_PHOTOSHOP = 0x8649,
    TAG_EXIF = 0x8769,
    TAG_GPS = 0x8825,
    TAG_ISO = 0x8827,
    TAG_RECOMMENDED_EXPOSURE = 0x8832,
    TAG_ISO_SPEED = 0x8833,
    TAG_ORIGINAL = 0x9003,
    TAG_DIGITIZED = 0x9004,
    TAG_ZONE_CHANGED = 0x9010,
    TAG_ZONE_ORIGINAL = 0x9011,
    TAG_ZONE_DIGITIZED = 0x9012,
    TAG_FRACTION_CHANGED = 0x9290,
    TAG_FRACTION_ORIGINAL = 0x9291,
    TAG_FRACTION_DIGITIZED = 0x9292,
    TAG_FOCAL_LENGTH = 0x920a,
    TAG_WINDOWS_TITLE = 0x9c9b,
    TAG_WINDOWS_COMMENT = 0x9c9c,
    TAG_WINDOWS_KEYWORDS = 0x9c9e,
    TAG_FOCAL_LENGTH_35MM = 0xa405,
    TAG_LENS = 0xa434
};

enum gps_tag {
    GPS_LATITUDE_REF = 1,
    GPS_LATITUDE,
    GPS_LONGITUDE_REF,
    GPS_LONGITUDE,
    GPS_ALTITUDE_REF,
    GPS_ALTITUDE,
    GPS_TAGS
};

/* A time is three entries: the date and the time of day, the fraction of a second, the zone. */
enum time_kind { ORIGINAL, DIGITIZED, CHANGED, TIMES };

struct reader {
    cs_metadata *metadata;
    cs_tiff tiff;
    cs_tiff_entry times[TIMES], fractions[TIMES], zones[TIMES];
    double iso, iso_speed;
    size_t exif, gps; /* offsets of directories; 0: there is none */
};

static void put_text(const struct reader *reader, const cs_tiff_entry *entry, cs_metadata_field field, unsigned rank)
{
    if (entry->values && entry->type != CS_TIFF_RATIONAL)
        cs_metadata_put_text(reader->metadata, field, rank, entry->values, entry->size);
}

static void put_number(const struct reader *reader, const cs_tiff_entry *entry, cs_metadata_field field, double least,
                       double most)
{
    double number;
    const unsigned rank = field == CS_META_RATING ? CS_RANK_TEXT_EXIF : CS_RANK_EXIF; /* people rate images */
    if (cs_tiff_number(&reader->tiff, entry, 0, &number))
        cs_metadata_put_number(reader->metadata, field, rank, number, least, most);
}

static void set_offset(const struct reader *reader, const cs_tiff_entry *entry, size_t *offset)
{
    double number;
    if (*offset == 0 && cs_tiff_number(&reader->tiff, entry, 0, &number) && number > 0 && number <= UINT32_MAX)
        *offset = (size_t)number;
}

/* "one;two;three" in UTF-16, as Windows writes keywords. */
static void add_windows_keywords(cs_metadata *metadata, const cs_tiff_entry *entry)
{
    for (size_t begin = 0, i = 0; i + 1 < entry->size; i += 2) {
        const uint8_t *p = entry->values + i;
        const bool end = (p[0] == 0 && p[1] == 0) || i + 3 >= entry->size;
        const bool separator = p[0] == ';' && p[1] == 0;
        if (end || separator) {
            const size_t stop = separator || (p[0] == 0 && p[1] == 0) ? i : i + 2;
            cs_metadata_add_keyword_utf16(metadata, CS_RANK_TEXT_WINDOWS, entry->values + begin, stop - begin);
            begin = i + 2;
        }
        if (p[0] == 0 && p[1] == 0)
            return;
    }
}

/* A tag of the camera's and the photograph's numbers. */
static void read_number_tag(struct reader *reader, const cs_tiff_entry *entry)
{
    const double tiny = 1e-9;
    switch (entry->tag) {
    case TAG_RATING:
        put_number(reader, entry, CS_META_RATING, 1, 5);
        break;
    case TAG_EXPOSURE_TIME:
        put_number(reader, entry, CS_META_EXPOSURE_TIME, tiny, 1e7);
        break;
    case TAG_F_NUMBER:
        put_number(reader, entry, CS_META_F_NUMBER, 0.1, 10000);
        break;
    case TAG_FOCAL_LENGTH:
        put_number(reader, entry, CS_META_FOCAL_LENGTH, 0.01, 100000);
        break;
    case TAG_FOCAL_LENGTH_35MM:
        put_number(reader, entry, CS_META_FOCAL_LENGTH_35MM, 1, 65535);
        break;
    case TAG_ISO:
        cs_tiff_number(&reader->tiff, entry, 0, &reader->iso);
        break;
    case TAG_ISO_SPEED:
        cs_tiff_number(&reader->tiff, entry, 0, &reader->iso_speed);
        break;
    case TAG_RECOMMENDED_EXPOSURE:
        if (reader->iso_speed == 0)
            cs_tiff_number(&reader->tiff, entry, 0, &reader->iso_speed);
        break;
    default:
        break;
    }
}

static void read_time_tag(struct reader *reader, const cs_tiff_entry *entry)
{
    switch (entry->tag) {
    case TAG_ORIGINAL:
        reader->times[ORIGINAL] = *entry;
        break;
    case TAG_DIGITIZED:
        reader->times[DIGITIZED] = *entry;
        break;
    case TAG_CHANGED:
        reader->times[CHANGED] = *entry;
        break;
    case TAG_FRACTION_ORIGINAL:
        reader->fractions[ORIGINAL] = *entry;
        break;
    case TAG_FRACTION_DIGITIZED:
        reader->fractions[DIGITIZED] = *entry;
        break;
    case TAG_FRACTION_CHANGED:
        reader->fractions[CHANGED] = *entry;
        break;
    case TAG_ZONE_ORIGINAL:
        reader->zones[ORIGINAL] = *entry;
        break;
    case TAG_ZONE_DIGITIZED:
        reader->zones[DIGITIZED] = *entry;
        break;
    case TAG_ZONE_CHANGED:
        reader->zones[CHANGED] = *entry;
        break;
    default:
        break;
    }
}

/* A tag of the first directory or of EXIF's: some writers put them into the wrong one. */
static void read_tag(struct reader *reader, const cs_tiff_entry *entry)
{
    cs_metadata *metadata = reader->metadata;
    if (!entry->values)
        return;
    switch (entry->tag) {
    case TAG_DESCRIPTION:
        put_text(reader, entry, CS_META_CAPTION, CS_RANK_TEXT_EXIF);
        break;
    case TAG_MAKE:
        put_text(reader, entry, CS_META_MAKE, CS_RANK_EXIF);
        break;
    case TAG_MODEL:
        put_text(reader, entry, CS_META_MODEL, CS_RANK_EXIF);
        break;
    case TAG_LENS:
        put_text(reader, entry, CS_META_LENS, CS_RANK_EXIF);
        break;
    case TAG_WINDOWS_TITLE:
        cs_metadata_put_utf16(metadata, CS_META_TITLE, CS_RANK_TEXT_WINDOWS, entry->values, entry->size);
        break;
    case TAG_WINDOWS_COMMENT:
        cs_metadata_put_utf16(metadata, CS_META_CAPTION, CS_RANK_TEXT_WINDOWS, entry->values, entry->size);
        break;
    case TAG_WINDOWS_KEYWORDS:
        add_windows_keywords(metadata, entry);
        break;
    case TAG_EXIF:
        set_offset(reader, entry, &reader->exif);
        break;
    case TAG_GPS:
        set_offset(reader, entry, &reader->gps);
        break;
    case TAG_XMP:
        cs_xmp_read(metadata, entry->values, entry->size);
        break;
    case TAG_IPTC:
        cs_iptc_read(metadata, entry->values, entry->size);
        break;
    case TAG_PHOTOSHOP:
        cs_photoshop_read(metadata, entry->values, entry->size);
        break;
    default:
        read_number_tag(reader, entry);
        read_time_tag(reader, entry);
        break;
    }
}

static void read_directory(struct reader *reader, size_t at)
{
    cs_tiff_walk walk = cs_tiff_begin(&reader->tiff, at);
    for (cs_tiff_entry entry; cs_tiff_next(&reader->tiff, &walk, &entry);)
        read_tag(reader, &entry);
}

static void put_times(const struct reader *reader)
{
    static const unsigned ranks[TIMES] = {CS_RANK_EXIF, CS_RANK_EXIF_DIGITIZED, CS_RANK_EXIF_CHANGED};
    for (int i = 0; i < TIMES; i++) {
        const cs_tiff_entry *fraction = &reader->fractions[i], *zone = &reader->zones[i];
        cs_metadata_time time;
        if (!reader->times[i].values ||
            !cs_metadata_read_time((const char *)reader->times[i].values, reader->times[i].size, &time))
            continue;
        size_t digits = 0;
        for (; fraction->values && digits < fraction->size && digits < sizeof time.fraction - 1 &&
               fraction->values[digits] >= '0' && fraction->values[digits] <= '9';
             digits++)
            time.fraction[digits] = (char)fraction->values[digits];
        if (digits) /* else what stands in the time itself counts, if anything does */
            time.fraction[digits] = '\0';
        if (zone->values)
            cs_metadata_read_zone((const char *)zone->values, zone->size, &time);
        cs_metadata_put_time(reader->metadata, CS_META_TAKEN, ranks[i], &time);
    }
}

/* Degrees, minutes and seconds. Without the letter of the hemisphere the place is not known. */
static void put_coordinate(const struct reader *reader, const cs_tiff_entry *angle, const cs_tiff_entry *letter,
                           const char *letters, cs_metadata_field field, double most)
{
    double degrees, minutes = 0, seconds = 0;
    if (!letter->values || letter->size == 0 || !angle->values || !cs_tiff_number(&reader->tiff, angle, 0, &degrees) ||
        (angle->count > 1 && !cs_tiff_number(&reader->tiff, angle, 1, &minutes)) ||
        (angle->count > 2 && !cs_tiff_number(&reader->tiff, angle, 2, &seconds)) || degrees < 0 || minutes < 0 ||
        seconds < 0)
        return;
    cs_metadata_put_angle(reader->metadata, field, CS_RANK_EXIF, degrees + minutes / 60 + seconds / 3600,
                          (char)letter->values[0], letters, most);
}

static void read_gps(const struct reader *reader)
{
    cs_tiff_entry tags[GPS_TAGS] = {0};
    cs_tiff_walk walk = cs_tiff_begin(&reader->tiff, reader->gps);
    for (cs_tiff_entry entry; cs_tiff_next(&reader->tiff, &walk, &entry);)
        if (entry.tag < GPS_TAGS && entry.values)
            tags[entry.tag] = entry;
    put_coordinate(reader, &tags[GPS_LATITUDE], &tags[GPS_LATITUDE_REF], "NS", CS_META_LATITUDE, 90);
    put_coordinate(reader, &tags[GPS_LONGITUDE], &tags[GPS_LONGITUDE_REF], "EW", CS_META_LONGITUDE, 180);
    double altitude, below = 0;
    if (!cs_tiff_number(&reader->tiff, &tags[GPS_ALTITUDE], 0, &altitude))
        return;
    cs_tiff_number(&reader->tiff, &tags[GPS_ALTITUDE_REF], 0, &below);
    cs_metadata_put_altitude(reader->metadata, CS_RANK_EXIF, cs_metadata_is_below(below) ? -altitude : altitude);
}

void cs_exif_read(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    struct reader reader = {.metadata = metadata};
    if (!cs_tiff_open(data, size, &reader.tiff))
        return;
    read_directory(&reader, reader.tiff.first);
    if (reader.exif)
        read_directory(&reader, reader.exif);
    if (reader.gps)
        read_gps(&reader);
    /* a camera writes 65535 where 16 bits do not suffice, and the value into another tag */
    const double iso = reader.iso > 0 && reader.iso < 65535 ? reader.iso
                       : reader.iso_speed                   ? reader.iso_speed
                                                            : reader.iso;
    cs_metadata_put_number(metadata, CS_META_ISO, CS_RANK_EXIF, iso, 1, 1e9);
    put_times(&reader);
}
