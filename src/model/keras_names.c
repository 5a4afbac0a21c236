/* SPDX-License-Identifier: MIT
 * keras_names.c - the names that versions of Keras gave to the same weights. */
#include "model/keras_names.h"

#include <string.h>

enum { MAX_PARTS = 32 };

struct part {
    const char *text;
    size_t n;
};

/* In every locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is(struct part part, const char *text)
{
    return strlen(text) == part.n && memcmp(text, part.text, part.n) == 0;
}

static size_t split(const char *path, struct part parts[MAX_PARTS])
{
    size_t count = 0;
    while (count < MAX_PARTS) {
        const char *slash = strchr(path, '/');
        size_t n = slash ? (size_t)(slash - path) : strlen(path);
        if (n)
            parts[count++] = (struct part){path, n};
        if (!slash)
            return count;
        path = slash + 1;
    }
    return 0;
}

static bool all_digits(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_digit(text[i]))
            return false;
    return n > 0;
}

/* `part` without "_<digits>" at its end. */
static struct part without_number(struct part part)
{
    size_t n = part.n;
    while (n && is_digit(part.text[n - 1]))
        n--;
    if (n > 1 && n < part.n && part.text[n - 1] == '_')
        part.n = n - 1;
    return part;
}

/* Whether the inner group repeats the layer's name, as in Keras 2: unchanged, or with a number at its end. */
static bool repeats(struct part layer, struct part inner)
{
    return inner.n >= layer.n && memcmp(inner.text, layer.text, layer.n) == 0 &&
           (inner.n == layer.n ||
            (inner.text[layer.n] == '_' && all_digits(inner.text + layer.n + 1, inner.n - layer.n - 1)));
}

/* Keras 1 put the layer's name in front of its own short names. */
static struct part modern(struct part layer, struct part last)
{
    static const struct {
        const char *old, *name;
    } names[] = {{"W", "kernel"},
                 {"b", "bias"},
                 {"gamma", "gamma"},
                 {"beta", "beta"},
                 {"running_mean", "moving_mean"},
                 {"running_std", "moving_variance"}}; /* a variance in spite of its name */
    if (last.n <= layer.n + 1 || memcmp(last.text, layer.text, layer.n) != 0 || last.text[layer.n] != '_')
        return last;
    struct part rest = without_number((struct part){last.text + layer.n + 1, last.n - layer.n - 1});
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(rest, names[i].old))
            return (struct part){names[i].name, strlen(names[i].name)};
    return last;
}

bool cs_keras_name(const char *path, char *out, size_t size)
{
    struct part parts[MAX_PARTS];
    size_t count = split(path, parts), first = 0, at = 0;
    if (!count || is(parts[0], "optimizer") || is(parts[0], "optimizer_weights"))
        return false;
    if (count > 1 && is(parts[0], "model_weights"))
        first = 1;
    struct part *last = &parts[count - 1];
    if (last->n > 2 && memcmp(last->text + last->n - 2, ":0", 2) == 0) /* TensorFlow: the first output */
        last->n -= 2;
    if (count - first >= 2)
        *last = modern(parts[count - 2], *last);
    for (size_t i = first; i < count; i++) {
        bool keras3 = i + 1 < count && (is(parts[i], "layers") || is(parts[i], "vars") ||
                                        is(parts[i], "_layer_checkpoint_dependencies"));
        if (keras3 || (i == first + 1 && i + 1 < count && repeats(parts[first], parts[i])))
            continue;
        if (parts[i].n + 2 > size - at)
            return false;
        if (at)
            out[at++] = '/';
        memcpy(out + at, parts[i].text, parts[i].n);
        at += parts[i].n;
    }
    out[at] = '\0';
    return at > 0;
}

const char *cs_keras_variable(size_t index, size_t count, int first_rank, int rank)
{
    static const char *const normalisation[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    if (first_rank >= 2 && count <= 2)
        return index == 0 ? "kernel" : rank == 1 ? "bias" : NULL;
    return first_rank == 1 && rank == 1 && count == 4 && index < 4 ? normalisation[index] : NULL;
}
