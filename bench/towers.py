# SPDX-License-Identifier: MIT
"""Milliseconds that an image and a text take, compared with other engines in one run on one machine:

    towers.py BENCH_TOWERS MODEL_DIRECTORY [--rounds N] [--batches 1,8,32] [--threads 1,2] [--no-torch] [--what image]
              [--peers DIRECTORY [--prepare]]

BENCH_TOWERS is the program built from bench/bench_towers.c; MODEL_DIRECTORY is in the Hugging Face layout of CLIP
(tools/golden/clip_towers.py --full makes one), or holds resnet18, -34, -50, vgg16, mobilenet-v2 or clip-rn50 under that
name (tools/golden/cnn_towers.py --full): then the peers run torchvision's or open_clip's network of that name. The
engines take turns, N rounds (default 3), and the median of the rounds is printed: wall-clock time, and processor time,
which says more on a machine that others use too (one thread; with more, engines differ in whether they sleep or spin
while they wait). Peers: PyTorch in float32 and, where the processor has it, bfloat16, ONNX Runtime in float32 on the same model exported by torch.onnx and in int8
after its quantize_dynamic, and OpenVINO in float32, bfloat16 and, with nncf, in int8. A package that is not installed is left out,
with a line that says so. --peers keeps the exported and quantized models, which take minutes, for the next run; --prepare stops when
they are there. The peers' texts are padded to the whole context, because their models need that.
"""
import argparse
import contextlib
import copy
import json
import os
import statistics
import subprocess
import tempfile
import time

import torch


class Vision(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        x = self.model.visual_projection(self.model.vision_model(pixels).pooler_output)
        return x / x.norm(dim=-1, keepdim=True)


class Text(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        x = self.model.text_projection(self.model.text_model(ids).pooler_output)
        return x / x.norm(dim=-1, keepdim=True)


class Features(torch.nn.Module):
    """A classifier without its last layers: one number a channel."""

    def __init__(self, model, greatest):
        super().__init__()
        self.model, self.greatest = model, greatest

    def forward(self, pixels):
        maps = self.model(pixels)
        return maps.amax(dim=(2, 3)) if self.greatest else maps.mean(dim=(2, 3))


def image_network(name):
    """The network a directory is called after, with any weights: its speed does not depend on them. None: no such one."""
    import torchvision
    if name in ("resnet18", "resnet34", "resnet50"):
        model = getattr(torchvision.models, name)()
        model.fc = torch.nn.Identity()
    elif name == "vgg16":
        model = Features(torchvision.models.vgg16().features, True)
    elif name in ("mobilenet-v2", "mobilenetv2"):
        model = Features(torchvision.models.mobilenet_v2().features, False)
    elif name == "clip-rn50":
        import open_clip
        model = open_clip.create_model("RN50").visual
    else:
        return None
    return model.eval()


def clip_towers(path):
    from transformers import CLIPModel
    model = CLIPModel.from_pretrained(path, attn_implementation="sdpa", dtype=torch.float32).eval()
    size, context = model.config.vision_config.image_size, model.config.text_config.max_position_embeddings
    vocabulary = model.config.text_config.vocab_size
    return {"image": (Vision(model).eval(), lambda b: torch.randn(b, 3, size, size)),
            f"text of {context} tokens": (Text(model).eval(), lambda b: torch.randint(0, vocabulary, (b, context)))}


def medians(run, batch, budget=1.5):
    """Milliseconds an item: on the clock, and of the processors."""
    run()
    wall, cpu, begin = [], [], time.perf_counter()
    while len(wall) < 5 or time.perf_counter() - begin < budget and len(wall) < 101:
        start, cpu_start = time.perf_counter(), time.process_time()
        run()
        cpu.append((time.process_time() - cpu_start) * 1e3)
        wall.append((time.perf_counter() - start) * 1e3)
    return statistics.median(wall) / batch, statistics.median(cpu) / batch


def processor():
    """Its name and the instruction sets that matter, as /proc/cpuinfo has them."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    values = {key.strip(): value.strip() for key, value in lines.items()}
    flags = values.get("flags", "").split()
    return f"{values.get('model name', '?')}, family {values.get('cpu family', '?')}: " + " ".join(
        flag for flag in ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if flag in flags)


def open_onnx(path, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})


def open_openvino(path, threads, precision="f32"):
    import openvino
    model = openvino.Core().read_model(path)
    request = openvino.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                            "INFERENCE_PRECISION_HINT": precision}).create_infer_request()
    return lambda x: request.infer([x])


def export(tower, inputs, path):
    if not os.path.exists(path):
        torch.onnx.export(tower, (inputs(2),), path, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}}, dynamo=False)


def quantize_onnx(path):
    from onnxruntime.quantization import QuantType, quantize_dynamic
    quantized = path[:-5] + "-int8.onnx"
    if not os.path.exists(quantized):
        quantize_dynamic(path, quantized, weight_type=QuantType.QInt8)
    return quantized


def quantize_openvino(path, inputs):
    import nncf
    import openvino
    quantized = path[:-5] + "-int8.xml"
    if not os.path.exists(quantized):
        samples = [inputs(1).numpy() for _ in range(8)]
        openvino.save_model(nncf.quantize(openvino.Core().read_model(path), nncf.Dataset(samples), model_type=nncf.ModelType.TRANSFORMER,
                                          subset_size=len(samples)), quantized)
    return quantized


def exported_peers(exported, towers):
    """[(engine, what, function that opens it with so many threads)] of all engines that run the exported models."""
    peers = []
    for what, path in exported.items():
        peers += [("onnxruntime fp32", what, lambda threads, path=path: open_onnx(path, threads)),
                  ("openvino fp32", what, lambda threads, path=path: open_openvino(path, threads)),
                  ("openvino bf16", what, lambda threads, path=path: open_openvino(path, threads, "bf16"))]
        for name, quantize, opened in (("onnxruntime int8", quantize_onnx, open_onnx),
                                       ("openvino int8", lambda path, what=what: quantize_openvino(path, towers[what][1]), open_openvino)):
            try:
                peers.append((name, what, lambda threads, path=quantize(path), opened=opened: opened(path, threads)))
            except ImportError as error:
                print(f"no {name}: {error}")
    return peers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench_towers")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", default="1,8,32")
    parser.add_argument("--no-torch", action="store_true", help="ONNX Runtime is the only peer")
    parser.add_argument("--what", choices=["image", "text"], help="only these")
    parser.add_argument("--peers", metavar="DIRECTORY")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    args = parser.parse_args()
    print(processor())
    bf16 = "avx512_bf16" in processor()
    batches = [int(batch) for batch in args.batches.split(",")]
    only = {"image": ["--images"], "text": ["--texts"]}.get(args.what, [])
    network = image_network(os.path.basename(os.path.normpath(args.model)))
    towers = {"image": (network, lambda b: torch.randn(b, 3, 224, 224))} if network else clip_towers(args.model)
    towers = {what: tower for what, tower in towers.items() if what.startswith(args.what or "")}
    halves = {what: copy.deepcopy(tower).to(torch.bfloat16) for what, (tower, _) in towers.items() if bf16}
    results = {}

    def note(engine, what, threads, batch, ms):
        results.setdefault((what, threads, batch, engine), []).append(ms)

    with contextlib.nullcontext(args.peers) if args.peers else tempfile.TemporaryDirectory() as directory, torch.no_grad():
        os.makedirs(directory, exist_ok=True)
        exported = {}
        try:
            for what, (tower, inputs) in towers.items():
                path = os.path.join(directory, f"{what.replace(' ', '-')}.onnx")
                export(tower, inputs, path)
                exported[what] = path
        except Exception as error:  # the export depends on the versions of three packages; PyTorch alone then
            print(f"no ONNX Runtime: {type(error).__name__}: {error}")
        peers = exported_peers(exported, towers)
        if args.prepare:
            return
        for _ in range(args.rounds):
            for threads in args.threads:
                torch.set_num_threads(threads)
                lines = subprocess.run([args.bench_towers, *only, args.model, str(threads), *map(str, batches)], check=True,
                                       stdout=subprocess.PIPE, text=True).stdout.splitlines()
                for row in map(json.loads, lines):
                    if "cpu_ms" in row and row["what"].startswith(args.what or ""):
                        note(row["engine"], row["what"], threads, row["batch"], (row["ms"], row["cpu_ms"]))
                for what, (tower, inputs) in () if args.no_torch else towers.items():
                    for batch in batches:
                        x = inputs(batch)
                        note("torch fp32", what, threads, batch, medians(lambda: tower(x), batch))
                        with torch.autocast("cpu", torch.bfloat16):
                            note("torch bf16 autocast", what, threads, batch, medians(lambda: tower(x), batch))
                        if what in halves:
                            half = x.to(torch.bfloat16) if x.is_floating_point() else x
                            note("torch bf16", what, threads, batch, medians(lambda: halves[what](half), batch))
                for engine, what, opened in list(peers):
                    try:
                        run = opened(threads)
                    except ImportError as error:
                        print(f"no {engine}: {error}")
                        peers.remove((engine, what, opened))
                        continue
                    for batch in batches:
                        x = towers[what][1](batch).numpy()
                        note(engine, what, threads, batch, medians(lambda: run(x), batch))
    for key in sorted(results):
        print(f"{key[0]:<20} threads {key[1]} batch {key[2]:>2}  {key[3]:<20} "
              f"{statistics.median(wall for wall, _ in results[key]):8.2f} ms "
              f"{statistics.median(cpu for _, cpu in results[key]):8.2f} cpu ms")


if __name__ == "__main__":
    main()
