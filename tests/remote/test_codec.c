/* SPDX-License-Identifier: MIT
 * test_codec.c - fields of protocol buffers against bytes that Google's Python library wrote, and damaged ones. */
#include "tap.h"

#include "remote/proto.h"

#include <string.h>

static void check_bytes(const cs_buf *buf, const char *expected, size_t size, const char *what)
{
    TAP_OK(buf->len == size && memcmp(buf->data, expected, size) == 0, "%s", what);
}

static void test_writing(void)
{
    cs_buf buf = cs_buf_make(1 << 20);
    cs_proto_put_number(&buf, 1, 150);
    check_bytes(&buf, "\x08\x96\x01", 3, "150 as field 1"); /* the example of protobuf.dev's "Encoding" */
    cs_buf_clear(&buf);
    cs_proto_put_text(&buf, 2, "testing");
    check_bytes(&buf, "\x12\x07testing", 9, "\"testing\" as field 2"); /* likewise */
    cs_buf_clear(&buf);
    cs_proto_put_number(&buf, 3, 0);
    cs_proto_put_text(&buf, 4, "");
    TAP_OK(buf.len == 0, "0 and \"\" are not written");
    cs_proto_put_number(&buf, 16, UINT64_MAX); /* -1 of an int64 */
    check_bytes(&buf, "\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "-1 as field 16 takes ten bytes");
    cs_buf_free(&buf);
}

static void test_nested(void)
{
    cs_buf buf = cs_buf_make(1 << 20);
    const size_t outer = cs_proto_begin(&buf, 3), inner = cs_proto_begin(&buf, 1);
    cs_proto_put_varint(&buf, 1);
    cs_proto_put_varint(&buf, 300);
    cs_proto_end(&buf, inner);
    cs_proto_end(&buf, outer);
    cs_proto message = cs_proto_of(buf.data, buf.len);
    cs_proto_field field, list;
    uint64_t a = 0, b = 0, c;
    TAP_OK(cs_proto_next(&message, &field) && field.number == 3 && cs_proto_next(&field.bytes, &list) &&
               list.number == 1 && cs_proto_next_varint(&list.bytes, &a) && cs_proto_next_varint(&list.bytes, &b) &&
               !cs_proto_next_varint(&list.bytes, &c) && !list.bytes.failed && a == 1 && b == 300 &&
               !cs_proto_next(&message, &field) && !message.failed,
           "a message within a message, and a packed list");
    cs_buf_free(&buf);
}

static void test_reading(void)
{
    /* field 1: 5; field 2, of fixed 64 bits; field 9: "ab"; field 5, of fixed 32 bits */
    static const char bytes[] = "\x08\x05\x11\x01\x02\x03\x04\x05\x06\x07\x08\x4a\x02"
                                "ab\x2d\x01\x00\x00\x80";
    cs_proto message = cs_proto_of(bytes, sizeof bytes - 1);
    cs_proto_field f;
    TAP_OK(cs_proto_next(&message, &f) && f.number == 1 && f.value == 5, "a varint");
    TAP_OK(cs_proto_next(&message, &f) && f.number == 2 && f.value == 0x0807060504030201, "64 bits");
    TAP_OK(cs_proto_next(&message, &f) && f.number == 9 && cs_proto_is_text(&f.bytes, "ab"), "a text");
    TAP_OK(cs_proto_next(&message, &f) && f.number == 5 && f.value == 0x80000001, "32 bits");
    TAP_OK(!cs_proto_next(&message, &f) && !message.failed, "the end");
}

static void test_damage(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *what;
    } damaged[] = {{"\x08", 1, "no value"},
                   {"\x08\x80", 2, "half a varint"},
                   {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "a varint of eleven bytes"},
                   {"\x12\x05"
                    "abcd",
                    6, "a length behind the end"},
                   {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "a length of 2^64 - 1"},
                   {"\x11\x01", 2, "less than 64 bits"},
                   {"\x2d\x01", 2, "less than 32 bits"},
                   {"\x0b", 1, "a group"},
                   {"\x07", 1, "a type that is none"},
                   {"\x00\x01", 2, "field 0"}};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        cs_proto message = cs_proto_of(damaged[i].bytes, damaged[i].size);
        cs_proto_field field;
        while (cs_proto_next(&message, &field))
            ;
        TAP_OK(message.failed && !cs_proto_next(&message, &field), "refused: %s", damaged[i].what);
    }
    cs_proto empty = cs_proto_of(NULL, 0);
    cs_proto_field field;
    TAP_OK(!cs_proto_next(&empty, &field) && !empty.failed, "nothing is an empty message");
}

static void test_texts(void)
{
    char text[4];
    const cs_proto bytes = cs_proto_of("abcdef", 6);
    cs_proto_copy_text(&bytes, text, sizeof text);
    TAP_OK(strcmp(text, "abc") == 0, "a text is cut to fit");
    TAP_OK(!cs_proto_is_text(&bytes, "abc") && cs_proto_is_text(&bytes, "abcdef"), "texts are compared whole");
}

int main(void)
{
    test_writing();
    test_nested();
    test_reading();
    test_damage();
    test_texts();
    return tap_done();
}
