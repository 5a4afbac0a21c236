/* SPDX-License-Identifier: MIT
 * path_advice.c - slips in paths, in the order in which they are tried. */
#include "config/path_advice.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* scheme "://": letters, digits, '+', '-' and '.' (RFC 3986, 3.1) */
static bool is_url(const char *path)
{
    size_t n = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return n > 1 && strncmp(path + n, "://", 3) == 0;
}

/* $NAME, ${NAME} or %NAME%. */
static bool has_variable(const char *path)
{
    const char *dollar = strchr(path, '$');
    if (dollar && (dollar[1] == '{' || dollar[1] == '_' || (dollar[1] >= 'A' && dollar[1] <= 'Z')))
        return true;
    return path[0] == '%' && path[1] && strchr(path + 1, '%');
}

bool cs_path_is_slip(const char *path)
{
    return is_url(path) || (has_variable(path) && (path[0] == '$' || path[0] == '%'));
}

const char *cs_path_advice(const char *path, bool in_yaml)
{
    const size_t length = strlen(path);
    if (strncasecmp(path, "file://", 7) == 0)
        return "write the path without file://";
    if (is_url(path))
        return "this is a URL; only directories and files of this machine can be read, so download or mount it first";
    if (has_variable(path))
        return in_yaml ? "variables are not replaced here; write the path out, or ~/ for the home directory"
                       : "the variable was not replaced; single quotes keep the shell from doing it";
    if (path[0] == '~' && !in_yaml)
        return "~ was not replaced; quotes keep the shell from doing it";
    if (path[0] == '~' && path[1] && path[1] != '/')
        return "only ~/ is replaced, by your own home directory; write the path out";
    if (strpbrk(path, "*?") || (strchr(path, '[') && strchr(path, ']')))
        return in_yaml ? "this is a pattern; give the directory as path, and the pattern as include"
                       : "no file matches this pattern; give the directory, and the pattern with --include";
    if (path[0] && path[1] == ':' && (path[2] == '\\' || path[2] == '/'))
        return "this is a path of Windows; write it as this system names it";
    if (strchr(path, '\\'))
        return "a \\ is part of the name here; directories are divided by /";
    if (in_yaml && strncmp(path, "path:", 5) == 0)
        return "a space must follow the colon";
    if (length && (path[0] == ' ' || path[length - 1] == ' '))
        return "a space is part of this name";
    return NULL;
}
