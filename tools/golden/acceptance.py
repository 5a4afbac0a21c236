#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Acceptance values for the small CLIP under tests/data, by transformers, as tests/cli/data/acceptance.yaml holds them.

Prints the logits and the probabilities of an image and three texts, computed in float64 by CLIPModel from what
transformers' own processor and tokenizer make of them.

Usage: acceptance.py SOURCE_ROOT
"""
import os
import sys

import torch
import transformers
from PIL import Image
from transformers import CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

root = sys.argv[1]
model_dir = os.path.join(root, "tests/data/clip-tiny/hf")
texts = ["a white dog", "a red car", "two cats in the snow"]
image = Image.open(os.path.join(root, "examples/pictures/white-dog-blue.png"))

model = CLIPModel.from_pretrained(model_dir, dtype=torch.float64).eval()
tokenizer = CLIPTokenizer.from_pretrained(model_dir)
processor = CLIPImageProcessorPil.from_pretrained(model_dir)
tokens = tokenizer(texts, padding=True, truncation=True, max_length=16, return_tensors="pt")
pixels = processor(image, return_tensors="pt")["pixel_values"].to(torch.float64)
with torch.no_grad():
    logits = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"],
                   pixel_values=pixels).logits_per_image[0]
print(f"# torch {torch.__version__}, transformers {transformers.__version__}")
print("ids:", tokens["input_ids"].tolist())
print("logits:", [f"{value:.4f}" for value in logits.tolist()])
print("probabilities:", [f"{value:.4f}" for value in logits.softmax(0).tolist()])
