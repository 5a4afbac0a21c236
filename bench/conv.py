# SPDX-License-Identifier: MIT
"""Milliseconds that an image takes in convolutions, compared with ONNX Runtime and OpenVINO in one run on one machine:

    conv.py BENCH_CONV [WHAT...] [--rounds N] [--threads 1,2] [--batches 1,8] [--int8] [--openvino]

BENCH_CONV is the program built from bench/bench_conv.c; WHAT are networks (resnet34, resnet50, vgg16, mobilenetv2; the
default is these four; efficientnet-lite0, the built-in model's, of timm) or layers as in,out,kernel,stride,pad,groups,size. All engines compute the same shapes up to the
pooled feature, on random weights, batch normalisation folded. --int8: also ours in 8 bits, and ONNX Runtime's after its
quantize_static (QDQ, 8-bit activations calibrated on a few images, a scale for each output channel of the weights). They
take turns, pass by pass. Printed are the best pass of each (other programs can only make a pass slower) in wall-clock and
processor time, and the ratio of ours in f32, or int8, to the peer's. Peers' threads do not spin while they wait, or they
would take the processors from the other engines. A single layer is not quite fair to ONNX Runtime: it turns its input and
output into another layout, which a network does once.
"""
import argparse
import os
import subprocess
import tempfile
import time

import numpy
import onnxruntime
import torch
import torchvision


class Features(torch.nn.Module):
    def __init__(self, model, largest):
        super().__init__()
        self.model, self.largest = model, largest

    def forward(self, x):
        x = self.model(x)
        return x.amax((2, 3)) if self.largest else x.mean((2, 3))


def build(what):
    """The module, and the shape of one image."""
    models = torchvision.models
    if what in ("resnet34", "resnet50"):
        return Features(torch.nn.Sequential(*list(getattr(models, what)().children())[:-2]), False), (3, 224, 224)
    if what == "vgg16":
        return Features(models.vgg16().features, True), (3, 224, 224)
    if what == "mobilenetv2":
        return Features(models.mobilenet_v2().features, False), (3, 224, 224)
    if what == "efficientnet-lite0":
        import timm
        return Features(timm.create_model("efficientnet_lite0", num_classes=0, global_pool=""), False), (3, 224, 224)
    channels, out, kernel, stride, pad, groups, size = map(int, what.split(","))
    conv = torch.nn.Conv2d(channels, out, kernel, stride, pad, groups=groups)
    return torch.nn.Sequential(conv, torch.nn.ReLU()), (channels, size, size)


def quantize(path, shape):
    """The same network in QDQ form."""
    from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quant_pre_process,
                                          quantize_static)

    class Images(CalibrationDataReader):
        def __init__(self):
            rng = numpy.random.default_rng(2)
            self.images = iter([{"x": rng.standard_normal((1, *shape), numpy.float32)} for _ in range(4)])

        def get_next(self):
            return next(self.images, None)

    prepared, quantized = path[:-5] + "-prepared.onnx", path[:-5] + "-int8.onnx"
    quant_pre_process(path, prepared)
    quantize_static(prepared, quantized, Images(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    return quantized


class Ours:
    def __init__(self, program, what, threads, batch, *form):
        self.process = subprocess.Popen([program, what, str(threads), str(batch), *form], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.process.stdout.readline() == "ready\n"

    def measure(self):
        self.process.stdin.write("\n")
        return tuple(map(float, self.process.stdout.readline().split()))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    def __init__(self, run):
        self.run = run
        run()

    def measure(self):
        start, cpu = time.perf_counter(), time.process_time()
        self.run()
        cpu = (time.process_time() - cpu) * 1e3
        return (time.perf_counter() - start) * 1e3, cpu

    def close(self):
        pass


def open_onnx(path, threads, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return Peer(lambda: session.run(None, {"x": x}))


def open_openvino(path, threads, x):
    import openvino
    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                        "INFERENCE_PRECISION_HINT": "f32"})
    return Peer(lambda: model([x]))


def compare(args, what, path, quantized, shape, threads, batch):
    x = numpy.random.default_rng(1).standard_normal((batch, *shape), numpy.float32)
    engines = {"clipsearch f32": Ours(args.bench_conv, what, threads, batch),
               "ONNX Runtime f32": open_onnx(path, threads, x)}
    if args.openvino:
        engines["OpenVINO f32"] = open_openvino(path, threads, x)
    if quantized:
        engines["clipsearch int8"] = Ours(args.bench_conv, what, threads, batch, "int8")
        engines["ONNX Runtime int8"] = open_onnx(quantized, threads, x)
    best = dict.fromkeys(engines, (float("inf"),) * 2)
    for _ in range(args.rounds):
        for name, engine in engines.items():
            best[name] = tuple(map(min, best[name], engine.measure()))
    print(f"{what}, threads {threads}, batch {batch}:")
    for name, (wall, cpu) in best.items():
        engines[name].close()
        ours = [best.get(f"clipsearch {form}") for form in ("f32", "int8")]
        ratios = "".join(f", of ours in {form} {own[0] / wall:5.2f} (cpu {own[1] / cpu:5.2f})"
                         for form, own in zip(("f32", "int8"), ours) if own)
        print(f"    {name:<18} {wall / batch:8.3f} ms (cpu {cpu / batch:8.3f}){ratios}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench_conv")
    parser.add_argument("what", nargs="*", default=["resnet34", "resnet50", "vgg16", "mobilenetv2"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--openvino", action="store_true")
    args = parser.parse_args()
    print(f"ONNX Runtime {onnxruntime.__version__}, CLIPSEARCH_CPU={os.environ.get('CLIPSEARCH_CPU', 'best')}")
    with tempfile.TemporaryDirectory() as directory:
        for what in args.what or parser.get_default("what"):
            model, shape = build(what)
            path = os.path.join(directory, "model.onnx")
            with torch.no_grad():
                torch.onnx.export(model.eval(), (torch.randn(2, *shape),), path, input_names=["x"], output_names=["y"],
                                  dynamic_axes={"x": {0: "batch"}}, dynamo=False)
            quantized = quantize(path, shape) if args.int8 else None
            for threads in map(int, args.threads.split(",")):
                for batch in map(int, args.batches.split(",")):
                    compare(args, what, path, quantized, shape, threads, batch)


if __name__ == "__main__":
    main()
