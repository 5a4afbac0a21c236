/* SPDX-License-Identifier: MIT
 * xmp.c - tiff:Orientation in an XMP packet: one pass over its tags.
 *
 * Why not an XML library: one digit is wanted, out of a packet that may be hostile. This reader knows no entities, so
 * nothing can expand; it keeps no tree, so nothing can be nested too deep. It does not check that tags match, and a
 * prefix is bound from where it is declared to the end of the packet. */
#include "vision/xmp.h"

#include <string.h>

enum { MAX_PACKET = 1 << 20, MAX_PREFIXES = 8 };

static const char tiff_namespace[] = "http://ns.adobe.com/tiff/1.0/";

struct span {
    const uint8_t *at;
    size_t length;
};

struct scan {
    const uint8_t *at, *end;
    struct span prefixes[MAX_PREFIXES]; /* bound to the TIFF namespace; an empty one is the default namespace */
    size_t count;
    bool tiff_is_other; /* "tiff" is bound to another namespace */
};

static bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_spaces(struct scan *scan)
{
    while (scan->at < scan->end && is_space(*scan->at))
        scan->at++;
}

/* Everything up to one of the characters of `stops`, or to the end. */
static struct span read_until(struct scan *scan, const char *stops)
{
    struct span span = {scan->at, 0};
    while (scan->at < scan->end && (*scan->at == 0 || !strchr(stops, *scan->at)))
        scan->at++;
    span.length = (size_t)(scan->at - span.at);
    return span;
}

static bool starts_with(const struct scan *scan, const char *text)
{
    size_t length = strlen(text);
    return length <= (size_t)(scan->end - scan->at) && memcmp(scan->at, text, length) == 0;
}

/* Go behind the next `text`, or to the end. */
static void skip_past(struct scan *scan, const char *text)
{
    while (scan->at < scan->end && !starts_with(scan, text))
        scan->at++;
    if (scan->at < scan->end)
        scan->at += strlen(text);
}

/* The next attribute of a tag. False: the tag ends here, or is damaged. */
static bool read_attribute(struct scan *scan, struct span *name, struct span *value)
{
    skip_spaces(scan);
    *name = read_until(scan, " \t\r\n=/<>");
    skip_spaces(scan);
    if (name->length == 0 || scan->at == scan->end || *scan->at != '=')
        return false;
    scan->at++;
    skip_spaces(scan);
    if (scan->at == scan->end || (*scan->at != '"' && *scan->at != '\''))
        return false;
    const char quote[2] = {(char)*scan->at++, 0};
    *value = read_until(scan, quote);
    if (scan->at == scan->end)
        return false;
    scan->at++;
    return true;
}

static void bind_prefix(struct scan *scan, struct span name, struct span value)
{
    struct span prefix = {name.at + 5, 0};
    if (name.length > 6 && memcmp(name.at, "xmlns:", 6) == 0)
        prefix = (struct span){name.at + 6, name.length - 6};
    else if (!span_is(name, "xmlns"))
        return;
    bool is_tiff = span_is(value, tiff_namespace);
    if (span_is(prefix, "tiff"))
        scan->tiff_is_other = !is_tiff;
    else if (is_tiff && scan->count < MAX_PREFIXES)
        scan->prefixes[scan->count++] = prefix;
}

static bool is_orientation(const struct scan *scan, struct span name, bool is_element)
{
    static const char local[] = "Orientation";
    const size_t length = sizeof local - 1;
    if (name.length < length || memcmp(name.at + name.length - length, local, length) != 0)
        return false;
    struct span prefix = {name.at, name.length - length};
    if (prefix.length == 0 && !is_element) /* the default namespace is not that of attributes */
        return false;
    if (prefix.length > 0 && prefix.at[--prefix.length] != ':')
        return false;
    if (span_is(prefix, "tiff"))
        return !scan->tiff_is_other;
    for (size_t i = 0; i < scan->count; i++)
        if (scan->prefixes[i].length == prefix.length && memcmp(scan->prefixes[i].at, prefix.at, prefix.length) == 0)
            return true;
    return false;
}

/* One digit, with white space around it or without. */
static bool read_value(struct span value, unsigned *orientation)
{
    while (value.length > 0 && is_space(value.at[0])) {
        value.at++;
        value.length--;
    }
    while (value.length > 0 && is_space(value.at[value.length - 1]))
        value.length--;
    if (value.length != 1 || value.at[0] < '0' || value.at[0] > '9')
        return false;
    unsigned digit = value.at[0] - (unsigned)'0';
    *orientation = digit >= 1 && digit <= 8 ? digit : 1;
    return true;
}

/* A start tag from behind its '<'. True: it states the orientation. */
static bool read_tag(struct scan *scan, unsigned *orientation)
{
    struct span element = read_until(scan, " \t\r\n/<>"), name, value;
    const uint8_t *attributes = scan->at;
    while (read_attribute(scan, &name, &value))
        bind_prefix(scan, name, value);
    scan->at = attributes; /* a prefix may be used before the same tag binds it */
    while (read_attribute(scan, &name, &value))
        if (is_orientation(scan, name, false) && read_value(value, orientation))
            return true;
    if (scan->at == scan->end || *scan->at != '>' || !is_orientation(scan, element, true))
        return false;
    scan->at++;
    return read_value(read_until(scan, "<"), orientation);
}

bool cs_xmp_orientation(const uint8_t *xmp, size_t size, unsigned *orientation)
{
    struct scan scan = {.at = xmp, .end = xmp + (size < MAX_PACKET ? size : MAX_PACKET)};
    for (;;) {
        read_until(&scan, "<");
        if (scan.at == scan.end)
            return false;
        scan.at++;
        if (starts_with(&scan, "!--"))
            skip_past(&scan, "-->");
        else if (starts_with(&scan, "![CDATA["))
            skip_past(&scan, "]]>");
        else if (starts_with(&scan, "?"))
            skip_past(&scan, "?>");
        else if (!starts_with(&scan, "/") && read_tag(&scan, orientation))
            return true;
    }
}
