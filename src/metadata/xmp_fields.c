/* SPDX-License-Identifier: MIT
 * xmp_fields.c - the properties of an XMP packet that are attributes.
 *
 * A property is an attribute or a child of an rdf:Description, which is a child of rdf:RDF. Its value is the
 * attribute's, or the child's text, or the items of a list in it: rdf:RDF 1, Description 2, property 3, Bag, Seq or
 * Alt 4, li 5. Structures inside of properties are not looked into. Sources: XMP specification part 1 (2012), 7; part
 * 2 (2016), 2 and 3; Exif 2.32 metadata for XMP (CIPA DC-010). */
#include "metadata/readers.h"
#include "metadata/xml.h"

#include "base/decimal.h"

#include <string.h>

enum { MAX_VALUE = CS_META_MAX_CAPTION + 1024 };

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
#define EXIF "http://ns.adobe.com/exif/1.0/ "
#define EXIF_EX "http://cipa.jp/exif/1.0/ "
#define AUX "http://ns.adobe.com/exif/1.0/aux/ "
#define TIFF "http://ns.adobe.com/tiff/1.0/ "
#define XMP "http://ns.adobe.com/xap/1.0/ "
#define PHOTOSHOP "http://ns.adobe.com/photoshop/1.0/ "
#define DC "http://purl.org/dc/elements/1.1/ "
#define NOTE "http://ns.adobe.com/xmp/note/ "

typedef enum value_kind { TEXT, LANGUAGES, KEYWORD, NUMBER, TIME, ANGLE, ALTITUDE, BELOW_SEA, EXTENDED } value_kind;

typedef struct property {
    const char *name; /* with its namespace, as xml.h has it */
    value_kind kind;
    cs_metadata_field field;
    unsigned rank;
    double least, most; /* NUMBER; ANGLE: most */
} property;

static const property properties[] = {
    {DC "title", LANGUAGES, CS_META_TITLE, CS_RANK_TEXT_XMP, 0, 0},
    {DC "description", LANGUAGES, CS_META_CAPTION, CS_RANK_TEXT_XMP, 0, 0},
    {DC "subject", KEYWORD, CS_META_KEYWORDS, CS_RANK_TEXT_XMP, 0, 0},
    {XMP "Rating", NUMBER, CS_META_RATING, CS_RANK_TEXT_XMP, -1, 5},
    {XMP "CreateDate", TIME, CS_META_TAKEN, CS_RANK_XMP_OLDER, 0, 0},
    {PHOTOSHOP "DateCreated", TIME, CS_META_TAKEN, CS_RANK_XMP_CREATED, 0, 0},
    {PHOTOSHOP "City", TEXT, CS_META_CITY, CS_RANK_TEXT_XMP, 0, 0},
    {PHOTOSHOP "Country", TEXT, CS_META_COUNTRY, CS_RANK_TEXT_XMP, 0, 0},
    {TIFF "Make", TEXT, CS_META_MAKE, CS_RANK_XMP, 0, 0},
    {TIFF "Model", TEXT, CS_META_MODEL, CS_RANK_XMP, 0, 0},
    {AUX "Lens", TEXT, CS_META_LENS, CS_RANK_XMP_OLDER, 0, 0},
    {EXIF_EX "LensModel", TEXT, CS_META_LENS, CS_RANK_XMP, 0, 0},
    {EXIF_EX "PhotographicSensitivity", NUMBER, CS_META_ISO, CS_RANK_XMP, 1, 1e9},
    {EXIF "ISOSpeedRatings", NUMBER, CS_META_ISO, CS_RANK_XMP_OLDER, 1, 65534},
    {EXIF "DateTimeOriginal", TIME, CS_META_TAKEN, CS_RANK_XMP, 0, 0},
    {EXIF "ExposureTime", NUMBER, CS_META_EXPOSURE_TIME, CS_RANK_XMP, 1e-9, 1e7},
    {EXIF "FNumber", NUMBER, CS_META_F_NUMBER, CS_RANK_XMP, 0.1, 10000},
    {EXIF "FocalLength", NUMBER, CS_META_FOCAL_LENGTH, CS_RANK_XMP, 0.01, 100000},
    {EXIF "FocalLengthIn35mmFilm", NUMBER, CS_META_FOCAL_LENGTH_35MM, CS_RANK_XMP, 1, 65535},
    {EXIF "GPSLatitude", ANGLE, CS_META_LATITUDE, CS_RANK_XMP, 0, 90},
    {EXIF "GPSLongitude", ANGLE, CS_META_LONGITUDE, CS_RANK_XMP, 0, 180},
    {EXIF "GPSAltitude", ALTITUDE, CS_META_ALTITUDE, CS_RANK_XMP, 0, 0},
    {EXIF "GPSAltitudeRef", BELOW_SEA, CS_META_ALTITUDE, CS_RANK_XMP, 0, 0},
    {NOTE "HasExtendedXMP", EXTENDED, CS_META_ALL_FIELDS, 0, 0, 0},
};

struct packet {
    cs_metadata *metadata;
    unsigned depth, rdf, description, property_depth, item; /* depths of the elements that are open; 0: none is */
    const property *property;                               /* that is open; NULL: none that is known */
    bool has_items, is_default;                             /* of the property; of the item: its language */
    bool is_sidecar;                                        /* the packet is a file beside the image */
    char value[MAX_VALUE];
    size_t length;
    double altitude;
    bool has_altitude, below_sea;
};

static const property *find_property(const char *name)
{
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (strcmp(properties[i].name, name) == 0)
            return &properties[i];
    return NULL;
}

/* "28/10" or "2.8". */
static bool read_number(const char *text, size_t size, double *number)
{
    char copy[64];
    while (size && strchr(" \t\r\n", text[0])) {
        text++;
        size--;
    }
    while (size && strchr(" \t\r\n", text[size - 1]))
        size--;
    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    double denominator = 1;
    char *slash = strchr(copy, '/');
    if (slash)
        *slash = '\0';
    if (!cs_read_double(copy, number) || (slash && (!cs_read_double(slash + 1, &denominator) || denominator == 0)))
        return false;
    *number /= denominator;
    return true;
}

/* "47,22.5N" or "47,22,30N". */
static void put_angle(cs_metadata *metadata, const property *p, const char *text, size_t size)
{
    double degrees = 0, unit = 1;
    while (size && strchr(" \t\r\n", text[size - 1]))
        size--;
    if (size < 2)
        return;
    const char letter = text[--size];
    for (int part = 0; part < 3 && size; part++, unit *= 60) {
        const char *comma = memchr(text, ',', size);
        const size_t length = comma ? (size_t)(comma - text) : size;
        double number;
        if (!read_number(text, length, &number) || number < 0)
            return;
        degrees += number / unit;
        text += length + (comma != NULL);
        size -= length + (comma != NULL);
    }
    cs_metadata_put_angle(metadata, p->field, p->rank, degrees, letter, p->field == CS_META_LATITUDE ? "NS" : "EW",
                          p->most);
}

/* What people write: a file beside the image states it before the image does. What the camera wrote is as it was. */
static bool is_of_people(cs_metadata_field field)
{
    return field == CS_META_TITLE || field == CS_META_CAPTION || field == CS_META_KEYWORDS || field == CS_META_RATING ||
           field == CS_META_CITY || field == CS_META_COUNTRY;
}

/* The rank of the open property's value. */
static unsigned rank_of(const struct packet *packet, const property *p)
{
    const bool other = p->kind == LANGUAGES && packet->item && !packet->is_default;
    if (packet->is_sidecar && is_of_people(p->field))
        return other ? CS_RANK_TEXT_SIDECAR_OTHER : CS_RANK_TEXT_SIDECAR;
    return other ? CS_RANK_TEXT_XMP_OTHER : p->rank;
}

static void name_extended(cs_extended_xmp *extended, const char *text, size_t size)
{
    extended->is_named = size == CS_XMP_DIGEST;
    if (extended->is_named)
        memcpy(extended->named, text, size);
}

static void put_value(struct packet *packet, const property *p, const char *text, size_t size)
{
    cs_metadata *metadata = packet->metadata;
    cs_metadata_time time;
    double number;
    const unsigned rank = rank_of(packet, p);
    switch (p->kind) {
    case TEXT:
    case LANGUAGES:
        cs_metadata_put_text(metadata, p->field, rank, text, size);
        break;
    case KEYWORD:
        cs_metadata_add_keyword(metadata, rank, text, size);
        break;
    case NUMBER:
        if (read_number(text, size, &number) && (p->field != CS_META_RATING || number != 0)) /* 0: not rated */
            cs_metadata_put_number(metadata, p->field, rank, number, p->least, p->most);
        break;
    case TIME:
        if (cs_metadata_read_time(text, size, &time))
            cs_metadata_put_time(metadata, p->field, rank, &time);
        break;
    case ANGLE:
        put_angle(metadata, p, text, size);
        break;
    case ALTITUDE:
        packet->has_altitude |= read_number(text, size, &packet->altitude);
        break;
    case BELOW_SEA:
        packet->below_sea = read_number(text, size, &number) && cs_metadata_is_below(number);
        break;
    case EXTENDED:
        name_extended(&metadata->extended, text, size);
        break;
    }
}

static void start_description(struct packet *packet, const char *const *attributes)
{
    packet->description = packet->depth;
    for (; attributes[0]; attributes += 2) {
        const property *p = find_property(attributes[0]);
        if (p)
            put_value(packet, p, attributes[1], strlen(attributes[1]));
    }
}

static void on_start(void *context, const char *name, const char *const *attributes)
{
    struct packet *packet = context;
    const unsigned depth = ++packet->depth;
    if (!packet->rdf && strcmp(name, RDF "RDF") == 0) {
        packet->rdf = depth;
    } else if (packet->rdf && depth == packet->rdf + 1 && strcmp(name, RDF "Description") == 0) {
        start_description(packet, attributes);
    } else if (packet->description && depth == packet->description + 1) {
        packet->property = find_property(name);
        packet->property_depth = depth;
        packet->has_items = false;
        packet->length = 0;
    } else if (packet->property && depth == packet->property_depth + 2 && strcmp(name, RDF "li") == 0) {
        packet->item = depth;
        packet->has_items = true;
        packet->is_default = packet->property->kind != LANGUAGES;
        packet->length = 0;
        for (; attributes[0]; attributes += 2)
            if (strcmp(attributes[0], "http://www.w3.org/XML/1998/namespace lang") == 0)
                packet->is_default |= strcmp(attributes[1], "x-default") == 0;
    }
}

static void on_text(void *context, const char *text, size_t size)
{
    struct packet *packet = context;
    if (!packet->property || packet->depth != (packet->item ? packet->item : packet->property_depth))
        return;
    if (size > sizeof packet->value - packet->length)
        size = sizeof packet->value - packet->length;
    memcpy(packet->value + packet->length, text, size);
    packet->length += size;
}

static void on_end(void *context, const char *name)
{
    struct packet *packet = context;
    const unsigned depth = packet->depth--;
    (void)name;
    if (packet->item && depth == packet->item) {
        put_value(packet, packet->property, packet->value, packet->length);
        packet->item = 0;
    } else if (packet->property_depth && depth == packet->property_depth) {
        if (packet->property && !packet->has_items)
            put_value(packet, packet->property, packet->value, packet->length);
        packet->property = NULL;
        packet->property_depth = 0;
    } else if (packet->description && depth == packet->description) {
        packet->description = 0;
    } else if (packet->rdf && depth == packet->rdf) {
        packet->rdf = 0;
    }
}

static void read_packet(cs_metadata *metadata, const uint8_t *data, size_t size, bool is_sidecar)
{
    struct packet packet = {.metadata = metadata, .is_sidecar = is_sidecar};
    const cs_xml_handler handler = {&packet, on_start, on_text, on_end};
    while (size && data[size - 1] == 0)
        size--;
    if (size > CS_XMP_MAX_PACKET)
        return;
    if (!cs_xml_read((const char *)data, size, &handler))
        metadata->texts.failed = true;
    if (packet.has_altitude)
        cs_metadata_put_altitude(metadata, CS_RANK_XMP, packet.below_sea ? -packet.altitude : packet.altitude);
}

void cs_xmp_read(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    read_packet(metadata, data, size, false);
}

void cs_xmp_read_sidecar(cs_metadata *metadata, const uint8_t *data, size_t size)
{
    read_packet(metadata, data, size, true);
}
