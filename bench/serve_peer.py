# SPDX-License-Identifier: MIT
"""What many would write instead of `clipsearch serve`: FastAPI, open_clip and hnswlib, one process. bench/serve.py starts it.

Usage: serve_peer.py PORT VECTORS.npy FOLDER: the vectors [count, 512]; the images of the small ones are the folder's *.jpg"""
import io
import os
import sys

import hnswlib
import numpy
import open_clip
import torch
import uvicorn
from fastapi import FastAPI, File, Form, Response, UploadFile
from PIL import Image, ImageOps

port, vectors_path, folder = sys.argv[1:4]
torch.manual_seed(0)
model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32-quickgelu", pretrained=None)
model.eval()
tokenizer = open_clip.get_tokenizer("ViT-B-32-quickgelu")
vectors = numpy.load(vectors_path)
index = hnswlib.Index("cosine", vectors.shape[1])
index.init_index(len(vectors), M=16, ef_construction=200)
index.add_items(vectors)
index.set_ef(64)
paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".jpg")]
app = FastAPI()


def hits(vector, k):
    labels, distances = index.knn_query(vector, k)
    return {"hits": [{"id": int(label), "path": paths[label % len(paths)], "score": float(1 - distance)}
                     for label, distance in zip(labels[0], distances[0])]}


@app.get("/search")
def search(q: str, k: int = 10):
    with torch.inference_mode():
        vector = model.encode_text(tokenizer([q]), normalize=True).numpy()
    return hits(vector, k)


@app.post("/upload")
def upload(image: UploadFile = File(), k: int = Form(10)):
    picture = ImageOps.exif_transpose(Image.open(image.file)).convert("RGB")
    with torch.inference_mode():
        vector = model.encode_image(preprocess(picture)[None], normalize=True).numpy()
    return hits(vector, k)


@app.get("/thumbnail/{number}")
def thumbnail(number: int, size: int = 256):
    picture = ImageOps.exif_transpose(Image.open(paths[number % len(paths)])).convert("RGB")
    picture.thumbnail((size, size))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return Response(out.getvalue(), media_type="image/jpeg")


uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")
