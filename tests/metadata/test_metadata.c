/* SPDX-License-Identifier: MIT
 * test_metadata.c - what is read of files that exiftool and Pillow wrote, and of damaged ones. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "metadata/metadata.h"
#include "metadata/readers.h"
#include "metadata/xml.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clipsearch_error err;
static cs_metadata metadata;
static cs_buf out;
static const uint32_t ALL = (1u << CS_META_FIELDS) - 1;

static const char *read_bytes(const void *data, size_t size, uint32_t fields)
{
    cs_json_document *document = NULL;
    if (cs_metadata_read(&metadata, (cs_metadata_file){data, size}, (cs_metadata_file){0}, fields, &out, &err) !=
        CLIPSEARCH_OK)
        return err.message;
    if (cs_json_parse(out.data, out.len, "out", 10000, &document, &err) != CLIPSEARCH_OK)
        return err.message;
    cs_json_close(&document);
    return out.data;
}

static void load(const char *name, cs_buf *file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    *file = cs_buf_make(1 << 24);
    if (cs_file_read(path, file, NULL, &err) != CLIPSEARCH_OK)
        abort();
}

static void expect_of(const char *name, uint32_t fields, const char *expected)
{
    char path[256];
    cs_buf file;
    snprintf(path, sizeof path, "metadata/%s", name);
    load(path, &file);
    const char *got = read_bytes(file.data, file.len, fields);
    TAP_OK(strcmp(got, expected) == 0, "%s: %s", name, got);
    cs_buf_free(&file);
}

static void expect(const char *name, const char *expected)
{
    expect_of(name, ALL, expected);
}

static const char camera[] =
    "{\"altitude\":408.5,\"camera\":\"Canon EOS R5\",\"exposure_time\":0.004,\"f_number\":2.8,\"focal_length\":50,"
    "\"focal_length_35mm\":80,\"iso\":400,\"latitude\":47.3769,\"lens\":\"RF24-105mm F4 L IS "
    "USM\",\"longitude\":8.5417,"
    "\"make\":\"Canon\",\"rating\":4,\"taken\":\"2024-07-01T18:30:05.25+02:00\"}";
static const char pillow[] = "{\"camera\":\"FUJIFILM X-T30\",\"f_number\":4,\"iso\":12800,\"latitude\":-33.8569,"
                             "\"longitude\":151.215,\"make\":\"FUJIFILM\",\"taken\":\"2019-12-31T23:59:59\"}";

static void test_exif(void)
{
    expect("camera.jpg", camera);
    expect("camera.png", camera);
    expect("camera.webp", camera);
    expect("camera.tif", camera);
    expect("camera.heic", camera);
    expect("camera.avif", camera);
    expect("pillow.jpg", pillow);
    expect("pillow.png", pillow);
    expect("pillow.webp", pillow);
    expect("pillow.heic", pillow);
    expect("pillow.avif", pillow);
    expect("wrong-directory.jpg", "{\"caption\":\"a caption\",\"taken\":\"2021-02-28T08:00:00\"}");
    expect("raw-profile.png", pillow);
    expect("south.jpg", "{\"altitude\":-12,\"camera\":\"NIKON D90\",\"latitude\":-54.8,\"longitude\":-68.3,"
                        "\"make\":\"NIKON CORPORATION\"}");
    expect("windows.jpg", "{\"caption\":\"Ein Satz\",\"keywords\":[\"Hund\",\"Katze\",\"\xE7\x8A\xAC\"],"
                          "\"title\":\"Ein Titel\"}");
    expect("digitized.jpg", "{\"taken\":\"2001-09-09T01:46:40\"}");
    expect("changed.jpg", "{\"taken\":\"2010-10-10T10:10:10\"}");
    expect("odd.jpg", "{\"iso\":102400}");
    expect("nothing.jpg", "{}");
}

static void test_iptc(void)
{
    expect("iptc.jpg", "{\"caption\":\"Two lines\\nof text\",\"city\":\"Gen\xC3\xA8ve\",\"country\":\"Suisse\","
                       "\"keywords\":[\"night\",\"caf\xC3\xA9\"],\"taken\":\"2003-04-05T06:07:08-05:00\","
                       "\"title\":\"Caf\xC3\xA9\"}");
    expect("latin.jpg", "{\"keywords\":[\"\xC3\xA9t\xC3\xA9\"],\"taken\":\"1999-12-31\",\"title\":\"Caf\xC3\xA9\"}");
}

static void test_xmp(void)
{
    static const char texts[] =
        "{\"caption\":\"A boat & \\\"sails\\\" <here>\",\"city\":\"Z\xC3\xBCrich\",\"country\":\"Switzerland\","
        "\"keywords\":[\"boat\",\"lake\",\"\xE6\xB9\x96\"],\"rating\":5,\"title\":\"Z\xC3\xBCrich\"}";
    if (!cs_xml_available()) {
        tap_skip("XMP", "this build has no expat");
        return;
    }
    expect("texts.jpg", texts);
    expect("texts.png", texts);
    expect("texts.heic", texts);
    expect("xmp.jpg",
           "{\"altitude\":-3.5,\"camera\":\"SONY ILCE-7M3\",\"exposure_time\":0.016666666666666666,"
           "\"f_number\":1.8,\"focal_length\":50,\"iso\":100,\"latitude\":-33.8569,\"lens\":\"FE 50mm F1.8\","
           "\"longitude\":151.215,\"make\":\"SONY\",\"rating\":-1,\"taken\":\"2020-02-29T12:00:00.5-08:00\"}");
    expect("partial.jpg", "{\"taken\":\"1987-05\"}");
    cs_buf file;
    load("metadata/rated.jpg", &file);
    const char *rated = read_bytes(file.data, file.len, 1u << CS_META_RATING);
    TAP_OK(strcmp(rated, "{\"rating\":2}") == 0, "XMP's rating comes before EXIF's: %s", rated);
    cs_buf_free(&file);
}

static const char *xmp_of(const char *packet)
{
    cs_metadata_clear(&metadata);
    cs_xmp_read(&metadata, (const uint8_t *)packet, strlen(packet));
    static char text[4096];
    size_t at = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < CS_META_ALL_FIELDS; i++)
        if (metadata.fields[i].rank)
            at += (size_t)snprintf(text + at, sizeof text - at, "%u=%.*s;", i, (int)metadata.fields[i].length,
                                   metadata.texts.data + metadata.fields[i].at);
    if (metadata.keyword_count)
        snprintf(text + at, sizeof text - at, "%.*s", (int)metadata.keywords.len, metadata.keywords.data);
    return text;
}

#define RDF "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
#define DC "xmlns:dc='http://purl.org/dc/elements/1.1/'"

static void test_packets(void)
{
    if (!cs_xml_available()) {
        tap_skip("XMP packets", "this build has no expat");
        return;
    }
    const char *got = xmp_of(RDF "<rdf:Description " DC "><dc:title>plain</dc:title></rdf:Description></rdf:RDF>");
    TAP_OK(strstr(got, "=plain;"), "a title that is no list: %s", got);
    got = xmp_of(RDF "<rdf:Description " DC " dc:title='attribute'/></rdf:RDF>");
    TAP_OK(strstr(got, "=attribute;"), "an attribute: %s", got);
    got = xmp_of(RDF "<rdf:Description " DC "><dc:title><rdf:Alt><rdf:li xml:lang='fr'>fr</rdf:li>"
                     "<rdf:li xml:lang='x-default'>any</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>");
    TAP_OK(strstr(got, "=any;"), "the default language wins: %s", got);
    got =
        xmp_of(RDF "<rdf:Description xmlns:m='http://ns.adobe.com/xap/1.0/mm/' " DC
                   "><m:DerivedFrom><rdf:Description><dc:title>of another</dc:title></rdf:Description></m:DerivedFrom>"
                   "</rdf:Description></rdf:RDF>");
    TAP_OK(!*got, "what is inside of a property is not the image's: %s", got);
    got = xmp_of("<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>" RDF "<rdf:Description " DC
                 " dc:title='&b;'/></rdf:RDF>");
    TAP_OK(!*got, "a document type ends it: %s", got);
    got = xmp_of(RDF "<rdf:Description " DC " dc:title='before'/><rdf:Description dc:broken");
    TAP_OK(strstr(got, "=before;"), "what stands before an error counts: %s", got);
    got = xmp_of(RDF "<rdf:Description " DC "><dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b\"</rdf:li>"
                     "<rdf:li>a</rdf:li><rdf:li> </rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF>");
    TAP_OK(strcmp(got, "\"a\",\"b\\\"\"") == 0, "keywords once each: %s", got);
    cs_buf deep = cs_buf_make(1 << 20);
    for (int i = 0; i < 10000; i++)
        cs_buf_puts(&deep, "<a>");
    TAP_OK(!*xmp_of(deep.data), "10,000 elements inside each other");
    cs_buf_clear(&deep);
    cs_buf_puts(&deep, RDF "<rdf:Description " DC "><dc:subject><rdf:Bag>");
    for (int i = 0; i < 2000; i++)
        cs_buf_printf(&deep, "<rdf:li>word %d</rdf:li>", i);
    cs_buf_puts(&deep, "</rdf:Bag></dc:subject></rdf:Description></rdf:RDF>");
    xmp_of(deep.data);
    TAP_OK(metadata.keyword_count == CS_META_MAX_KEYWORDS && !cs_metadata_failed(&metadata), "2,000 keywords: %zu",
           metadata.keyword_count);
    cs_buf_free(&deep);
}

/* A piece of a second packet: [place, end) of `text`. */
typedef struct piece {
    char digest; /* 32 times */
    const char *text;
    size_t place, end;
} piece;

static size_t append(uint8_t *file, size_t at, const void *bytes, size_t size)
{
    memcpy(file + at, bytes, size);
    return at + size;
}

/* The metadata of a JPEG with these pieces, whose first packet names the second packet by the digest aa...a. */
static const char *extended_of(const piece *pieces, size_t count)
{
    static uint8_t file[8192];
    static const char name[] = "http://ns.adobe.com/xmp/extension/";
    static const char packet[] =
        "http://ns.adobe.com/xap/1.0/\0" RDF "<rdf:Description xmlns:n='http://ns.adobe.com/xmp/note/'"
        " n:HasExtendedXMP='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'/></rdf:RDF>";
    const uint8_t first[] = {0xff, 0xd8, 0xff, 0xe1, 0, (uint8_t)(sizeof packet + 1)};
    size_t at = append(file, append(file, 0, first, sizeof first), packet, sizeof packet - 1);
    for (size_t i = 0; i < count; i++) {
        const piece *p = &pieces[i];
        const size_t size = 2 + sizeof name + 32 + 8 + (p->end - p->place), full = strlen(p->text);
        const uint8_t head[] = {0xff, 0xe1, (uint8_t)(size >> 8), (uint8_t)size};
        const uint8_t places[] = {0, 0, (uint8_t)(full >> 8), (uint8_t)full, 0, 0, 0, (uint8_t)p->place};
        at = append(file, append(file, at, head, sizeof head), name, sizeof name);
        memset(file + at, p->digest, 32);
        at = append(file, at + 32, places, sizeof places);
        at = append(file, at, p->text + p->place, p->end - p->place);
    }
    return read_bytes(file, at, ALL);
}

static void test_pieces(void)
{
    static const char text[] = RDF "<rdf:Description " DC " dc:title='far'/></rdf:RDF>";
    const size_t n = sizeof text - 1;
    static const char want[] = "{\"title\":\"far\"}";
    const piece whole[] = {{'a', text, 0, n}}, turned[] = {{'a', text, 50, n}, {'a', text, 0, 50}},
                other[] = {{'b', text, 0, n}}, behind[] = {{'b', text, 0, n}, {'a', text, 0, n}},
                missing[] = {{'a', text, 0, 50}, {'a', text, 51, n}},
                sizes[] = {{'a', text, 0, 50}, {'a', "x", 0, 1}, {'a', text, 50, n}};
    TAP_OK(strcmp(extended_of(whole, 1), want) == 0, "one piece: %s", out.data);
    TAP_OK(strcmp(extended_of(turned, 2), want) == 0, "two, the second first: %s", out.data);
    TAP_OK(strcmp(extended_of(other, 1), "{}") == 0, "of a packet that is not named: %s", out.data);
    TAP_OK(strcmp(extended_of(behind, 2), want) == 0, "behind one of those: %s", out.data);
    TAP_OK(strcmp(extended_of(missing, 2), "{}") == 0, "a byte is missing: %s", out.data);
    TAP_OK(strcmp(extended_of(sizes, 3), want) == 0, "one that states another size is left out: %s", out.data);
    TAP_OK(strcmp(extended_of(NULL, 0), "{}") == 0, "none: %s", out.data);
}

static void test_extended(void)
{
    if (!cs_xml_available()) {
        tap_skip("extended XMP", "this build has no expat");
        return;
    }
    cs_buf file;
    load("metadata/extended.jpg", &file);
    const char *got = read_bytes(file.data, file.len, ALL);
    TAP_OK(strncmp(got, "{\"caption\":\"far far far ", 24) == 0 && strstr(got, "\"keywords\":[\"near\",\"far\"]"),
           "exiftool's: %.60s ... %s", got, strstr(got, "\"keywords\"") ? strstr(got, "\"keywords\"") : "");
    cs_buf_free(&file);
    test_pieces();
}

static const char sidecar[] =
    RDF "<rdf:Description " DC " xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:exif='http://ns.adobe.com/exif/1.0/'"
        " xmp:Rating='2' exif:DateTimeOriginal='1999-01-01T00:00:00' exif:GPSLatitude='10,0N'>"
        "<dc:subject><rdf:Bag><rdf:li>beside</rdf:li></rdf:Bag></dc:subject>"
        "<dc:title><rdf:Alt><rdf:li xml:lang='fr'>\xC3\xA0 c\xC3\xB4t\xC3\xA9</rdf:li></rdf:Alt></dc:title>"
        "</rdf:Description></rdf:RDF>";

static const char *with_sidecar(const char *name, const char *text)
{
    cs_buf file;
    load(name, &file);
    clipsearch_status status = cs_metadata_read(&metadata, (cs_metadata_file){file.data, file.len},
                                                (cs_metadata_file){text, strlen(text)}, ALL, &out, &err);
    cs_buf_free(&file);
    return status == CLIPSEARCH_OK ? out.data : err.message;
}

/* A file beside the image: before the image's own texts, behind what the camera wrote. */
static void test_sidecar(void)
{
    if (!cs_xml_available()) {
        tap_skip("XMP beside an image", "this build has no expat");
        return;
    }
    const char *got = with_sidecar("metadata/nothing.jpg", sidecar);
    TAP_OK(strcmp(got,
                  "{\"keywords\":[\"beside\"],\"latitude\":10,\"rating\":2,\"taken\":\"1999-01-01T00:00:00\",\"title\":"
                  "\"\xC3\xA0 c\xC3\xB4t\xC3\xA9\"}") == 0,
           "alone: %s", got);
    got = with_sidecar("metadata/texts.jpg", sidecar);
    TAP_OK(strstr(got, "\"keywords\":[\"beside\"],\"latitude\":10,\"rating\":2,") && strstr(got, "\"city\":\"Z") &&
               strstr(got, "\"title\":\"\xC3\xA0 c\xC3\xB4t\xC3\xA9\""),
           "its texts come before those of the image, which keeps the others: %s", got);
    got = with_sidecar("metadata/camera.jpg", sidecar);
    TAP_OK(strstr(got, "\"rating\":2,"), "its rating comes before EXIF's: %s", got);
    TAP_OK(strstr(got, "\"taken\":\"2024-07-01T18:30:05.25+02:00\"") && strstr(got, "\"latitude\":47.3769"),
           "what the camera wrote stays: %s", got);
    got = with_sidecar("metadata/camera.jpg", "this is no XML");
    TAP_OK(strcmp(got, camera) == 0, "one that is no XMP: %s", got);
}

static const char *time_of(const char *text)
{
    cs_metadata_time time;
    cs_metadata_clear(&metadata);
    if (!cs_metadata_read_time(text, strlen(text), &time))
        return "none";
    cs_metadata_put_time(&metadata, CS_META_TAKEN, 1, &time);
    return metadata.texts.data;
}

static void test_times(void)
{
    static const char *const times[][2] = {
        {"2024:07:01 18:30:05", "2024-07-01T18:30:05"},
        {"2024-07-01T18:30:05Z", "2024-07-01T18:30:05+00:00"},
        {"2024-07-01T18:30:05.120-0330", "2024-07-01T18:30:05.12-03:30"},
        {"2024-07-01T18:30+14:00", "2024-07-01T18:30:00+14:00"},
        {"2024:07:01   :  :  ", "2024-07-01"},
        {"2024:07:01", "2024-07-01"},
        {"2024-07", "2024-07"},
        {"1839", "1839"},
        {"2024:00:00 00:00:00", "2024"},
        {"2024:07:00 00:00:00", "2024-07"},
        {"2024:07:01 24:00:00", "2024-07-01"},
        {"2024:07:01 23:59:60", "2024-07-01"},
        {"2024-07-01T18:30:05+99:00", "2024-07-01T18:30:05"},
        {"2024:02:29 01:02:03", "2024-02-29T01:02:03"},
        {"2023:02:29 01:02:03", "none"},
        {"2024:13:01 01:02:03", "none"},
        {"2024:06:31 01:02:03", "none"},
        {"0000:00:00 00:00:00", "none"},
        {"    :  :     :  :  ", "none"},
        {"yesterday", "none"},
        {"", "none"},
        {"24:07:01", "none"},
        {"1719850205", "none"}, /* seconds since 1970 */
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const char *got = time_of(times[i][0]);
        TAP_OK(strcmp(got, times[i][1]) == 0, "\"%s\" is %s", times[i][0], got);
    }
}

static const char *text_of(const char *text, size_t size, cs_metadata_field field)
{
    cs_metadata_clear(&metadata);
    cs_metadata_put_text(&metadata, field, 1, text, size);
    return metadata.fields[field].rank ? metadata.texts.data : "(none)";
}

static void test_texts(void)
{
    static const char *const texts[][2] = {
        {"  plain \n", "plain"},
        {"caf\xE9", "caf\xC3\xA9"},
        {"caf\xC3\xA9", "caf\xC3\xA9"},
        {"a\x01\tb\x7f"
         "c",
         "a  b c"},
        {"one\r\ntwo", "one\ntwo"},
        {" \n ", "(none)"},
        {"\x85"
         "b\x85"
         "c",
         "b c"},
        {"\xC0\xAF", "\xC3\x80\xC2\xAF"},
        {"\xED\xA0\x80", "\xC3\xAD\xC2\xA0"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *got = text_of(texts[i][0], strlen(texts[i][0]), CS_META_TITLE);
        TAP_OK(strcmp(got, texts[i][1]) == 0, "text %zu: %s", i, got);
    }
    TAP_OK(strcmp(text_of("cut\0off", 7, CS_META_TITLE), "cut") == 0, "a text ends at the first NUL");
    char *big = cs_alloc_array(100000, 1);
    memset(big, 'x', 100000);
    TAP_OK(strlen(text_of(big, 100000, CS_META_TITLE)) == CS_META_MAX_TEXT, "a title is cut");
    TAP_OK(strlen(text_of(big, 100000, CS_META_CAPTION)) == CS_META_MAX_CAPTION, "a caption is cut");
    for (size_t i = 1; i < 100000; i += 2)
        memcpy(big + i - 1, "\xC3\xA9", 2);
    TAP_OK(strlen(text_of(big, 99999, CS_META_TITLE)) % 2 == 0, "at the end of a character");
    memset(big, 'x', CS_META_MAX_TEXT - 1);
    memcpy(big + CS_META_MAX_TEXT - 1, "\xC3\xA9xx", 4);
    TAP_OK(strlen(text_of(big, CS_META_MAX_TEXT + 3, CS_META_TITLE)) == CS_META_MAX_TEXT - 1,
           "nothing of what follows a character for which there is no room");
    cs_free(big);
    static const uint8_t utf16[2000] = {'a', 0};
    uint8_t comment[sizeof utf16];
    for (size_t i = 0; i < sizeof comment; i++)
        comment[i] = utf16[i % 2];
    cs_metadata_clear(&metadata);
    cs_metadata_put_utf16(&metadata, CS_META_CAPTION, 1, comment, sizeof comment);
    cs_metadata_put_utf16(&metadata, CS_META_TITLE, 1, comment, sizeof comment);
    TAP_OK(metadata.fields[CS_META_CAPTION].length == sizeof comment / 2 &&
               metadata.fields[CS_META_TITLE].length == CS_META_MAX_TEXT,
           "a caption in UTF-16 has the room of a caption: %zu", metadata.fields[CS_META_CAPTION].length);
}

/* IPTC's limits count bytes, so programs cut the last character. */
static void test_cut_character(void)
{
    static const char *const texts[][2] = {
        {"Z\xC3\xBCrich, Caf\xC3", "Z\xC3\xBCrich, Caf"},
        {"\xE7\x8A\xAC\xE7\x8A", "\xE7\x8A\xAC"},
        {"\xE7\x8A\xAC\xF0\x9F\x98", "\xE7\x8A\xAC"},
        {"\xC3\xA9t\xC3\xA9\xFF", "\xC3\x83\xC2\xA9t\xC3\x83\xC2\xA9\xC3\xBF"},
        {"\xC3\xA9\xC3t", "\xC3\x83\xC2\xA9\xC3\x83t"},
        {"caf\xE9", "caf\xC3\xA9"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *got = text_of(texts[i][0], strlen(texts[i][0]), CS_META_TITLE);
        TAP_OK(strcmp(got, texts[i][1]) == 0, "cut text %zu: %s", i, got);
    }
    if (!cs_xml_available()) {
        tap_skip("a long text in XMP", "this build has no expat");
        return;
    }
    cs_buf packet = cs_buf_make(1 << 20);
    cs_buf_puts(&packet, RDF "<rdf:Description " DC "><dc:title>x");
    for (int i = 0; i < 6000; i++)
        cs_buf_puts(&packet, "\xC3\xA9");
    cs_buf_puts(&packet, "</dc:title></rdf:Description></rdf:RDF>");
    xmp_of(packet.data);
    TAP_OK(metadata.fields[CS_META_TITLE].length == CS_META_MAX_TEXT - 1 &&
               memcmp(metadata.texts.data, "x\xC3\xA9\xC3\xA9", 5) == 0,
           "a text in XMP that is longer than what is kept while it is read: %.8s", metadata.texts.data);
    cs_buf_free(&packet);
}

static void test_choice(void)
{
    uint32_t fields;
    TAP_OK(cs_metadata_choose(NULL, &fields, &err) == CLIPSEARCH_OK && fields == ALL, "all");
    TAP_OK(cs_metadata_choose("", &fields, &err) == CLIPSEARCH_OK && fields == 0, "none");
    TAP_OK(cs_metadata_choose("taken, gps,camera", &fields, &err) == CLIPSEARCH_OK, "some");
    expect_of("camera.jpg", fields,
              "{\"altitude\":408.5,\"camera\":\"Canon EOS R5\",\"latitude\":47.3769,\"longitude\":8.5417,"
              "\"taken\":\"2024-07-01T18:30:05.25+02:00\"}");
    TAP_OK(cs_metadata_choose("taken,colour", &fields, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "\"colour\"") && strstr(err.message, "altitude") &&
               strstr(err.message, "title, and gps"),
           "an unknown name: %s", err.message);
    for (unsigned i = 1; i < CS_META_FIELDS; i++)
        TAP_OK(strcmp(cs_metadata_field_name((cs_metadata_field)(i - 1)),
                      cs_metadata_field_name((cs_metadata_field)i)) < 0,
               "%s stands in its place", cs_metadata_field_name((cs_metadata_field)i));
}

/* A block of EXIF, little-endian, with one directory of the entries given. */
static size_t make_exif(uint8_t *to, const uint8_t (*entries)[12], size_t count)
{
    static const uint8_t head[] = {'I', 'I', 42, 0, 8, 0, 0, 0};
    memcpy(to, head, sizeof head);
    to[8] = (uint8_t)count;
    to[9] = 0;
    memcpy(to + 10, entries, count * 12);
    return 10 + count * 12;
}

/* Altitudes by EXIF 2.32 (0 and 1) and by EXIF 3.0, which has 2 and 3 for heights above and below the sea. */
static void test_altitude(void)
{
    static const double expected[] = {7, -7, 7, -7};
    static const uint8_t entries[][12] = {{0x25, 0x88, 4, 0, 1, 0, 0, 0, 22, 0, 0, 0}},
                         gps[][12] = {{5, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0}, {6, 0, 5, 0, 1, 0, 0, 0, 48, 0, 0, 0}};
    static const uint8_t seven[] = {7, 0, 0, 0, 1, 0, 0, 0};
    for (uint8_t ref = 0; ref < 4; ref++) {
        uint8_t exif[64] = {0};
        make_exif(exif, entries, 1);
        exif[22] = 2;
        memcpy(exif + 24, gps, sizeof gps);
        exif[24 + 8] = ref;
        memcpy(exif + 48, seven, sizeof seven);
        cs_metadata_clear(&metadata);
        cs_exif_read(&metadata, exif, sizeof exif);
        TAP_OK(metadata.fields[CS_META_ALTITUDE].rank && atof(metadata.texts.data) == expected[ref],
               "GPSAltitudeRef %d: %s", ref, metadata.texts.data);
    }
}

/* What SubSecTimeOriginal states is the whole fraction, also where the time of day has one. */
static void test_fraction(void)
{
    static const char text[] = "2024:07:01 18:30:05.123456";
    uint8_t exif[128] = {0};
    static const uint8_t entries[][12] = {{0x03, 0x90, 2, 0, sizeof text, 0, 0, 0, 64, 0, 0, 0},
                                          {0x91, 0x92, 2, 0, 3, 0, 0, 0, '2', '5', 0, 0}};
    make_exif(exif, entries, 2);
    memcpy(exif + 64, text, sizeof text);
    cs_metadata_clear(&metadata);
    cs_exif_read(&metadata, exif, sizeof exif);
    TAP_OK(strcmp(metadata.texts.data, "2024-07-01T18:30:05.25") == 0, "two fractions of a second: %s",
           metadata.texts.data);
}

static void test_hostile(void)
{
    uint8_t exif[256];
    static const uint8_t entries[][12] = {
        {0x0f, 0x01, 2, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},  /* Make: 4 GiB long */
        {0x10, 0x01, 2, 0, 20, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff}, /* Model: behind the block */
        {0x0e, 0x01, 5, 0, 0, 0, 0, 0x80, 8, 0, 0, 0},           /* ImageDescription: 2^31 fractions */
        {0x69, 0x87, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0},              /* EXIF's directory is this one */
        {0x25, 0x88, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0},              /* so is GPS's */
        {0x9d, 0x82, 5, 0, 1, 0, 0, 0, 8, 0, 0, 0},              /* FNumber: the bytes of this directory */
        {0x9a, 0x82, 5, 0, 1, 0, 0, 0, 110, 0, 0, 0},            /* ExposureTime: 0/0 */
        {0x27, 0x88, 99, 0, 1, 0, 0, 0, 100, 0, 0, 0},           /* ISO: of no known type */
    };
    size_t size = make_exif(exif, entries, sizeof entries / sizeof *entries);
    memset(exif + size, 0, sizeof exif - size);
    cs_metadata_clear(&metadata);
    cs_exif_read(&metadata, exif, 128);
    bool any = false;
    for (unsigned i = 0; i < CS_META_ALL_FIELDS; i++)
        any |= metadata.fields[i].rank && i != CS_META_F_NUMBER;
    TAP_OK(!any && !cs_metadata_failed(&metadata), "lengths, loops and fractions of nothing give nothing");
    /* IPTC whose length reaches behind the end, and an extended data set */
    static const uint8_t iptc[] = {0x1c, 2, 5, 0, 2, 'o', 'k', 0x1c, 2, 25, 0xff, 0xff, 'x'};
    cs_metadata_clear(&metadata);
    cs_iptc_read(&metadata, iptc, sizeof iptc);
    TAP_OK(metadata.fields[CS_META_TITLE].rank && metadata.keyword_count == 0, "IPTC cut short");
    static const uint8_t resources[] = {'8', 'B', 'I', 'M', 4, 4, 0xff, 'n', 0, 0, 0, 0, 9};
    cs_photoshop_read(&metadata, resources, sizeof resources);
    TAP_OK(!cs_metadata_failed(&metadata), "a resource's name is longer than the block");
}

/* Every file cut short at every byte, and with each byte changed: whatever is read is JSON. */
static void test_damage(void)
{
    static const char *const names[] = {"camera.jpg",  "texts.jpg",       "iptc.jpg",    "camera.png",
                                        "camera.webp", "camera.tif",      "camera.heic", "texts.heic",
                                        "camera.avif", "raw-profile.png", "windows.jpg"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        char path[256];
        cs_buf file;
        snprintf(path, sizeof path, "metadata/%s", names[n]);
        load(path, &file);
        size_t bad = 0;
        for (size_t i = 0; i < file.len; i++) {
            char *copy = cs_alloc_array(i + 1, 1); /* of this size, so that AddressSanitizer sees a read behind it */
            memcpy(copy, file.data, i);
            bad += read_bytes(copy, i, ALL)[0] != '{';
            cs_free(copy);
            const char keep = file.data[i];
            file.data[i] = (char)(keep ^ (1 << i % 8));
            bad += read_bytes(file.data, file.len, ALL)[0] != '{';
            file.data[i] = (char)0xff;
            bad += read_bytes(file.data, file.len, ALL)[0] != '{';
            file.data[i] = keep;
        }
        TAP_OK(bad == 0, "%s damaged in %zu places", names[n], file.len * 3);
        cs_buf_free(&file);
    }
}

/* The n-th allocation fails: an error, or the same result as ever where expat could do without. */
static void test_memory(void)
{
    static const char *const names[] = {"metadata/texts.jpg", "metadata/raw-profile.png", "metadata/windows.jpg",
                                        "metadata/extended.jpg"};
    const cs_metadata_file none = {0};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        cs_buf file;
        load(names[n], &file);
        size_t wrong = 0, failed = 0;
        char *good = cs_strdup(read_bytes(file.data, file.len, ALL));
        uint64_t before = cs_mem_count();
        cs_metadata fresh = {0};
        cs_buf fresh_out = cs_buf_make(1 << 20);
        cs_metadata_read(&fresh, (cs_metadata_file){file.data, file.len}, none, ALL, &fresh_out, &err);
        cs_metadata_free(&fresh);
        cs_buf_free(&fresh_out);
        const uint64_t count = cs_mem_count() - before;
        for (uint64_t i = 1; i <= count; i++) {
            cs_metadata mine = {0};
            cs_buf text = cs_buf_make(1 << 20);
            cs_mem_fail_at(i);
            clipsearch_status status =
                cs_metadata_read(&mine, (cs_metadata_file){file.data, file.len}, none, ALL, &text, &err);
            cs_mem_fail_at(0);
            failed += status == CLIPSEARCH_E_MEMORY;
            wrong += status == CLIPSEARCH_OK ? strcmp(text.data, good) != 0 : status != CLIPSEARCH_E_MEMORY;
            cs_metadata_free(&mine);
            cs_buf_free(&text);
        }
        TAP_OK(wrong == 0 && failed > 0, "%s: %zu of %llu allocations fail in words, %zu wrongly", names[n], failed,
               (unsigned long long)count, wrong);
        cs_free(good);
        cs_buf_free(&file);
    }
}

int main(void)
{
    out = cs_buf_make(1 << 20);
    test_exif();
    test_iptc();
    test_xmp();
    test_packets();
    test_extended();
    test_sidecar();
    test_times();
    test_texts();
    test_cut_character();
    test_choice();
    test_altitude();
    test_fraction();
    test_hostile();
    test_damage();
    test_memory();
    cs_metadata_free(&metadata);
    cs_buf_free(&out);
    return tap_done();
}
