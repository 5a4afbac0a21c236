#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check every #include under src/ against the table of modules (ARCHITECTURE.md). TAP on stdout.

Usage: check_layers.py SOURCE_ROOT
"""
import os
import re
import sys

# module -> the modules it may include besides itself and clipsearch.h (the public header: status and error types)
ALLOWED = {
    "base": [],
    "kernels": ["base"],
    "model": ["base"],
    "nn": ["base", "kernels", "model"],
    "vision": ["base", "kernels", "model", "nn"],
    "metadata": ["base", "vision"],
    "text": ["base", "kernels", "model", "nn"],
    "index": ["base", "kernels"],
    "filter": ["base"],
    "store": ["base", "filter"],
    "encode": ["base", "kernels", "model", "nn", "vision", "text"],
    "backend": ["base", "filter"],
    "local": ["base", "kernels", "index", "filter", "store", "backend"],
    "remote": ["base", "filter", "backend"],
    "question": ["base", "kernels", "encode", "backend"],
    "duplicates": ["base", "vision", "filter", "encode", "backend"],
    "ingest": ["base", "kernels", "metadata", "encode", "backend"],
    "convert": ["base", "kernels", "model", "text"],
    "config": ["base"],
    "models": ["base", "config"],
    "output": ["base"],
    "exchange": ["base"],
    "server": ["base", "config", "models", "output"],
    "cli": ["base", "config", "models", "output", "exchange", "server"],
    # src/*.c: the entry points
    "": ["base", "kernels", "model", "vision", "metadata", "text", "filter", "store", "encode", "backend", "local", "remote", "question",
         "duplicates", "ingest", "convert"],
}

# third-party header -> the only files that may include it
OWNERS = {
    "immintrin.h": r"kernels/\w+_(avx2|avxvnni|avx512)\w*\.[ch]",
    "arm_neon.h": r"kernels/\w+_neon\.h",
    "cpuid.h": r"kernels/cpu\.c",
    "cblas.h": r"kernels/gemm_blas\.c",
    "dlfcn.h": r"(base/symbol|kernels/gemm_blas|metadata/xml|vision/vips|output/(text_pango|terminal_chafa)|base/model_places)\.c",
    "nghttp2/nghttp2.h": r"remote/http2\.c",
    "openssl/err.h": r"remote/tls\.c",
    "openssl/ssl.h": r"remote/tls\.c",
    "openssl/crypto.h": r"base/digest\.c",
    "openssl/md5.h": r"base/digest\.c",
    "openssl/sha.h": r"base/digest\.c",
    "zlib.h": r"(model/gzip|vision/png_notes)\.c",
    "hdf5.h": r"model/hdf5_file\.c",
    "jpeglib.h": r"(vision/decode_jpeg|output/sheet_jpeg)\.c",
    "jerror.h": r"vision/decode_jpeg\.c",
    "pango/pangocairo.h": r"output/text_pango\.c",
    "chafa.h": r"output/terminal_chafa\.c",
    "png.h": r"(vision/decode_png|output/sheet_png)\.c",
    "utf8proc.h": r"text/unicode\.c",
    "sqlite3.h": r"store/\w+\.[ch]",
    "yaml.h": r"config/yaml_tree\.c",
    "curl/curl.h": r"models/http\.c",
    "microhttpd.h": r"server/http_library\.h",
}

STANDARD = set("""arpa/inet.h assert.h ctype.h dirent.h errno.h fcntl.h float.h fts.h getopt.h inttypes.h libgen.h limits.h locale.h
math.h netdb.h netinet/in.h netinet/tcp.h poll.h pthread.h sched.h semaphore.h setjmp.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h
stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/file.h sys/inotify.h sys/ioctl.h sys/mman.h sys/random.h sys/resource.h sys/socket.h sys/syscall.h
sys/stat.h sys/statvfs.h sys/types.h sys/vfs.h sys/wait.h termios.h time.h
unistd.h""".split())


def violations(source):
    for folder, _, names in sorted(os.walk(source)):
        for name in sorted(names):
            if not name.endswith((".c", ".h")):
                continue
            path = os.path.relpath(os.path.join(folder, name), source)
            module = os.path.dirname(path).split("/")[0]
            with open(os.path.join(source, path), encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
                    if not match:
                        continue
                    problem = judge(path, module, match[1], match[2])
                    if problem:
                        yield f"src/{path}:{number}: {problem}"


def judge(path, module, bracket, header):
    if module not in ALLOWED:
        return f"module {module} is not in the table"
    if bracket == '"':
        if header == "clipsearch.h":
            return None
        if "/" not in header and module:
            return f'"{header}": write "module/{header}"'
        other = header.split("/")[0]
        if other != module and "/" in header and other not in ALLOWED[module]:
            return f"{module or 'src/' + path} may not include {header}"
        return None
    if header in OWNERS:
        return None if re.fullmatch(OWNERS[header], path) else f"<{header}> belongs in {OWNERS[header]}"
    return None if header in STANDARD else f"<{header}> is not in the list of headers that may be used"


def main():
    found = list(violations(os.path.join(sys.argv[1], "src")))
    print(f"{'not ok' if found else 'ok'} 1 - includes follow the table of modules")
    for problem in found:
        print("# " + problem)
    # The check must be able to fail: an include that is not allowed, one that is, a header out of its place.
    self_test = (judge("index/flat.c", "index", '"', "vision/image.h") and judge("text/bpe.c", "text", "<", "sqlite3.h")
                 and judge("cli/main.c", "cli", '"', "encode/encoder.h")
                 and not judge("ingest/pipeline.c", "ingest", '"', "encode/image_reader.h"))
    print(f"{'ok' if self_test else 'not ok'} 2 - the check sees a forbidden include")
    print("1..2")
    return 1 if found or not self_test else 0


if __name__ == "__main__":
    sys.exit(main())
