# SPDX-License-Identifier: MIT
"""Milliseconds that an image takes in convolutions, compared with ONNX Runtime in one run on one machine:

    conv.py BENCH_CONV [WHAT...] [--rounds N] [--threads 1,2] [--batches 1,8]

BENCH_CONV is the program built from bench/bench_conv.c; WHAT are networks (resnet34, resnet50, vgg16, mobilenetv2; the
default is all four) or layers as in,out,kernel,stride,pad,groups,size. Both engines compute the same shapes up to the
pooled feature, on random weights, batch normalisation folded. They take turns, pass by pass. Printed are the best pass
of each (other programs can only make a pass slower) in wall-clock and processor time, and the ratios. ONNX Runtime's threads do not spin while they wait, or they would take the processors from the other engine.
A single layer is not quite fair to ONNX Runtime: it turns its input and output into another layout, which a network
does once.
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
    channels, out, kernel, stride, pad, groups, size = map(int, what.split(","))
    conv = torch.nn.Conv2d(channels, out, kernel, stride, pad, groups=groups)
    return torch.nn.Sequential(conv, torch.nn.ReLU()), (channels, size, size)


def compare(program, what, path, shape, threads, batch, rounds):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    x = {"x": numpy.random.default_rng(1).standard_normal((batch, *shape), numpy.float32)}
    session.run(None, x)
    ours = subprocess.Popen([program, what, str(threads), str(batch)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True, bufsize=1)
    assert ours.stdout.readline() == "ready\n"
    best = [float("inf")] * 4
    for _ in range(rounds):
        ours.stdin.write("\n")
        wall, cpu = map(float, ours.stdout.readline().split())
        start, cpu_start = time.perf_counter(), time.process_time()
        session.run(None, x)
        peer_cpu = (time.process_time() - cpu_start) * 1e3
        peer_wall = (time.perf_counter() - start) * 1e3
        best = [min(pair) for pair in zip(best, (wall, cpu, peer_wall, peer_cpu))]
    ours.stdin.close()
    ours.wait()
    wall, cpu, peer_wall, peer_cpu = (ms / batch for ms in best)
    print(f"{what:<26} threads {threads} batch {batch}: clipsearch {wall:8.3f} ms (cpu {cpu:8.3f}), ONNX Runtime "
          f"{peer_wall:8.3f} (cpu {peer_cpu:8.3f}), ratio {wall / peer_wall:5.2f} (cpu {cpu / peer_cpu:5.2f})",
          flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench_conv")
    parser.add_argument("what", nargs="*", default=["resnet34", "resnet50", "vgg16", "mobilenetv2"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default="1,8")
    args = parser.parse_args()
    print(f"ONNX Runtime {onnxruntime.__version__}, CLIPSEARCH_CPU={os.environ.get('CLIPSEARCH_CPU', 'best')}")
    with tempfile.TemporaryDirectory() as directory:
        for what in args.what or parser.get_default("what"):
            model, shape = build(what)
            path = os.path.join(directory, "model.onnx")
            with torch.no_grad():
                torch.onnx.export(model.eval(), (torch.randn(2, *shape),), path, input_names=["x"], output_names=["y"],
                                  dynamic_axes={"x": {0: "batch"}}, dynamo=False)
            for threads in map(int, args.threads.split(",")):
                for batch in map(int, args.batches.split(",")):
                    compare(args.bench_conv, what, path, shape, threads, batch, args.rounds)


if __name__ == "__main__":
    main()
