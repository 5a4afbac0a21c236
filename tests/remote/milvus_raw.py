# SPDX-License-Identifier: MIT
"""A second client of a Milvus server, for tests: messages packed here and sent by curl. It makes collections as other programs
make them. Field numbers are those of milvus.proto and schema.proto.
"""
import json
import struct
import subprocess
import time

INT64, DOUBLE, VARCHAR, FLOAT_VECTOR = 5, 11, 21, 101
SEALED = 3  # a state of segments, by common.proto


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    """Whole numbers, texts, bytes (also messages); a list is a repeated field."""
    if isinstance(value, list):
        return b"".join(field(number, one) for one in value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(**fields):
    """message(f3="name", f7=10): field 3 and field 7."""
    return b"".join(field(int(name[1:]), value) for name, value in fields.items() if value is not None)


def pair(key, value):
    return message(f1=key, f2=value)


def read(data):
    """{number: [values]} of a message."""
    found, at = {}, 0

    def number():
        nonlocal at
        shift = value = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            value = number()
        else:
            size = number() if tag & 7 == 2 else 8 if tag & 7 == 1 else 4
            value, at = data[at:at + size], at + size
        found.setdefault(tag >> 3, []).append(value)
    return found


class Raw:
    def __init__(self, port=19530):
        self.url = f"http://127.0.0.1:{port}/milvus.proto.milvus.MilvusService/"

    def call(self, method, request):
        done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "--noproxy", "*", "-X", "POST", "-H", "content-type: application/grpc",
                               "-H", "te: trailers", "--data-binary", "@-", "-o", "-", self.url + method],
                              input=b"\0" + struct.pack(">I", len(request)) + request, stdout=subprocess.PIPE, check=True)
        answer = read(done.stdout[5:])
        status = read(answer[1][0]) if isinstance(answer.get(1, [0])[0], bytes) else answer
        if any(code for code in status.get(1, []) + status.get(3, [])):
            raise RuntimeError(f"{method}: {status.get(2)}")
        return answer

    def create(self, name, fields, metric, index, **parameters):
        """`fields`: (name, type, dim or max_length or None), the first an automatic key. With an index, and loaded."""
        schema = message(f1=name, f4=[message(f2=column, f3=int(i == 0), f5=kind, f8=int(i == 0), f6=None if size is None else pair(
            "dim" if kind == FLOAT_VECTOR else "max_length", str(size))) for i, (column, kind, size) in enumerate(fields)])
        self.call("CreateCollection", message(f3=name, f4=schema))
        vector = next(column for column, kind, _ in fields if kind == FLOAT_VECTOR)
        self.call("CreateIndex", message(f3=name, f4=vector, f5=[pair("index_type", index), pair("metric_type", metric), pair(
            "params", json.dumps(parameters))]))
        self.call("LoadCollection", message(f3=name, f4=1))

    def insert(self, name, columns, rows):
        """`columns`: name -> (type, values)."""
        packed = []
        for column, (kind, values) in columns.items():
            if kind == FLOAT_VECTOR:
                flat = [number for vector in values for number in vector]
                body = message(f4=message(f1=len(values[0]), f2=message(f1=struct.pack(f"<{len(flat)}f", *flat))))
            elif kind == VARCHAR:
                body = message(f3=message(f6=message(f1=list(values))))
            elif kind == DOUBLE:
                body = message(f3=message(f5=message(f1=struct.pack(f"<{len(values)}d", *values))))
            else:
                body = message(f3=message(f3=message(f1=b"".join(varint(value) for value in values))))
            packed.append(message(f1=kind, f2=column) + body)
        self.call("Insert", message(f3=name, f5=packed, f7=rows))

    def search(self, name, vector_field, dim, k=1):
        """One search, for the vector (1, 0, 0, ...). The answer's fields."""
        one = struct.pack(f"<{dim}f", 1, *[0] * (dim - 1))
        placeholder = message(f1=message(f1="$0", f2=FLOAT_VECTOR, f3=one))
        parameters = [pair("anns_field", vector_field), pair("topk", str(k)), pair("params", '{"ef":64}'), pair("round_decimal", "-1")]
        return self.call("Search", message(f3=name, f5="", f6=placeholder, f7=1, f9=parameters, f12=1, f11=0, f14=0))

    def segments(self, name):
        """(rows, whether it is sealed and searched by its index) of each segment that the server searches."""
        infos = [read(info) for info in self.call("GetQuerySegmentInfo", message(f3=name)).get(2, [])]
        return [(info.get(5, [0])[0], info.get(9, [0])[0] == SEALED and info.get(7, [0])[0] != 0) for info in infos]

    def seal(self, name, seconds=180):
        """Seal what is growing, and wait until the server searches nothing but sealed segments with their index. Says which."""
        self.call("Flush", message(f3=name))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            segments = self.segments(name)
            if segments and all(indexed for _, indexed in segments):
                return f"sealed: {' + '.join(str(rows) for rows, _ in segments)} rows with an index"
            time.sleep(0.5)
        raise RuntimeError(f"after {seconds} s not all is sealed and indexed: {self.segments(name)}")

    def count(self, name):
        """Strongly, so that what was inserted is seen by everybody from now on."""
        answer = self.call("Query", message(f3=name, f4="", f5="count(*)", f11=0))
        (numbers,) = read(read(read(answer[2][0])[3][0])[3][0])[1]  # packed, or one
        return numbers if isinstance(numbers, int) else read(b"\x08" + numbers)[1][0]
