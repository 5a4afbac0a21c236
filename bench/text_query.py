#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One text query as a whole process, warm page cache: clipsearch and torch with transformers, in one run.

Usage: text_query.py CLIPSEARCH DATABASE MODEL_DIR [ROUNDS]
DATABASE holds a collection "photos" made with MODEL_DIR. The peer loads the same model directory, encodes the same text and
multiplies it with as many random vectors as the collection has. Prints the median and best wall time and the peak resident
set of each; the processes take turns, so that a busy machine slows both. Needs torch and transformers.
"""
import os
import statistics
import subprocess
import sys
import time

PEER = """
import sys, torch
from transformers import CLIPTextModelWithProjection, CLIPTokenizer
model = CLIPTextModelWithProjection.from_pretrained(sys.argv[1], local_files_only=True, dtype=torch.float32)
tokenizer = CLIPTokenizer(sys.argv[1] + "/vocab.json", sys.argv[1] + "/merges.txt")
with torch.inference_mode():
    ids = torch.tensor([tokenizer("a white dog")["input_ids"]])
    text = torch.nn.functional.normalize(model(input_ids=ids).text_embeds)
    print((torch.randn(1000, text.shape[1]) @ text[0]).topk(10).indices.tolist())
"""


def run(command):
    """Milliseconds of the clock and of the processor, and MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed: {status}")
    return (time.perf_counter() - start) * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss / 1024


def main():
    program, database, model = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 7
    commands = {
        "clipsearch": [program, "--db", database, "--model", model, "a white dog"],
        "torch + transformers": [sys.executable, "-c", PEER, model],
    }
    taken = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            result = run(command)
            if number:  # the first round warms the page cache
                taken[name].append(result)
    print(f"load {os.getloadavg()[0]:.1f}, {rounds} rounds")
    for name, results in taken.items():
        walls = [wall for wall, _, _ in results]
        print(f"{name:22} median {statistics.median(walls):7.1f} ms, best {min(walls):7.1f} ms, "
              f"peak RSS {max(rss for _, _, rss in results):6.0f} MiB")


if __name__ == "__main__":
    main()
