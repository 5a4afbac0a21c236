# SPDX-License-Identifier: MIT
"""What Milvus's own Python client reads of a collection of ours, and writes into it. Prints one object of JSON.

Usage: pymilvus_client.py COLLECTION PATH   (a collection with the image PATH; the server is the one at localhost)
"""
import hashlib
import json
import sys

from pymilvus import MilvusClient

client = MilvusClient(uri="http://127.0.0.1:19530")
name, path = sys.argv[1:]
described = client.describe_collection(name)
key = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big") & (1 << 63) - 1
(row,) = client.query(name, filter=f"id == {key}", output_fields=["*"])
hits = client.search(name, data=[row["vector"]], limit=1, output_fields=["path", "size"])[0]
other = dict(row, path="/from/pymilvus.jpg", name="pymilvus.jpg", note="written by pymilvus", hash="")
other["id"] = int.from_bytes(hashlib.sha256(other["path"].encode()).digest()[:8], "big") & (1 << 63) - 1
client.upsert(name, [other])
client.query(name, filter="", output_fields=["count(*)"], consistency_level="Strong")
print(json.dumps({"path": row["path"], "size": row["size"], "nearest": hits[0]["entity"]["path"], "score": hits[0]["distance"],
                  "fields": [field["name"] for field in described["fields"]], "description": json.loads(described["description"])}))
