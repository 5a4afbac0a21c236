#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Train the default model: two CLIP towers on the drawn world. README.md says how the shipped weights were made.

On CUDA if there is a device, else on the processor; bf16 with f32 weights on both. Scenes are drawn by worker processes.
A checkpoint is written every --save steps and when the run ends; a run whose checkpoint is there goes on from it.
"""
import argparse
import multiprocessing
import os
import tempfile
import time

import torch
from torch.nn import functional

import batches
import bpe
import export
import muon
import towers
import world

PROXY_SCALE = 20.0
ALIKE_SCALE = 10.0
SIDE_CODES = 32


class Heads(torch.nn.Module):
    """What helps the towers while they are trained and is not exported.

    proxies: one direction for each thing, shared by both towers: an image and a text of a thing are classified against
    all of them, which gives every sample a thousand negatives. sides: says how the thing to the left differs from the
    one to the right: their directions' difference, mixed to few numbers. part_sides: its part in that for an image token.
    things: says from an image token, the class token or that of a patch with a thing over it, which thing it is. shapes:
    says what the thing looks like upright and in gray.
    """

    def __init__(self, codes):
        super().__init__()
        self.proxies = torch.nn.Parameter(torch.randn(len(codes), towers.DIMENSIONS) * .5)
        self.sides = torch.nn.Linear(towers.DIMENSIONS, SIDE_CODES, bias=False)
        self.part_sides = torch.nn.Linear(towers.WIDTH, SIDE_CODES)
        self.register_buffer("mixture", torch.randn(towers.DIMENSIONS, SIDE_CODES))
        self.things = torch.nn.Linear(towers.WIDTH, len(codes))
        self.shapes = torch.nn.Linear(towers.WIDTH, codes.shape[1])
        self.register_buffer("codes", codes)

    def proxy_loss(self, vectors, targets):
        """targets: rows x 2, the same twice for one thing; rows with -1 are left out."""
        rows = (targets >= 0).all(1)
        return two_targets(PROXY_SCALE * vectors[rows] @ functional.normalize(self.proxies, dim=-1).T, targets[rows])

    def mixed(self, things):
        return functional.normalize(self.proxies.detach()[things], dim=-1) @ self.mixture

    def side_loss(self, vectors, sides):
        """sides: rows x 2, from left to right; rows with -1 are left out."""
        rows = (sides >= 0).all(1)
        if not rows.any():
            return vectors.sum() * 0
        left, right = self.mixed(sides[rows]).unbind(1)
        return 1 - functional.cosine_similarity(self.sides(vectors[rows]), left - right).mean()

    def part_side_loss(self, tokens, sides, over):
        """What is over a patch, mixed, and with the sign of its side: what the class token then only has to add up."""
        sign = (over == sides[:, :1]).float() - (over == sides[:, 1:]).float()
        rows = sign != 0
        if not rows.any():
            return tokens.sum() * 0
        wanted = sign[rows][:, None] * self.mixed(over[rows])
        with torch.autocast(tokens.device.type, torch.bfloat16):
            said = self.part_sides(tokens[:, 1:][rows])
        return 1 - functional.cosine_similarity(said.float(), wanted).mean()

    def token_losses(self, tokens, things, over):
        whole, single = tokens[:, 0], things[:, 0] == things[:, 1]
        with torch.autocast(tokens.device.type, torch.bfloat16):
            parts, of = tokens[:, 1:][over >= 0], over[over >= 0]
            said, part_said = self.things(whole), self.things(parts)
            shape, part_shape = self.shapes(whole[single]), self.shapes(parts)
        wrong = functional.mse_loss(shape.float(), self.codes[things[single, 0]])
        part_wrong = functional.mse_loss(part_shape.float(), self.codes[of])
        return {"whole": two_targets(said.float(), things), "part": functional.cross_entropy(part_said.float(), of),
                "shape": wrong + part_wrong}


def two_targets(scores, targets):
    return -scores.log_softmax(1).gather(1, targets).mean()


def contrast(scores, true, scale):
    """Each row's own column against the others; columns that are true too are no negatives."""
    rows = torch.arange(len(scores), device=scores.device)
    others = true.clone()
    others[rows, rows] = False
    return functional.cross_entropy(scale * scores.masked_fill(others, -10), rows)


def alike(vectors, things):
    """Images of one thing, on whatever ground, are to be nearer to each other than to images of other things."""
    single = things[:, 0] == things[:, 1]
    vectors, things = vectors[single], things[single, 0]
    same = (things[:, None] == things).fill_diagonal_(False)
    rows = same.any(1)
    if rows.sum() < 16:
        return vectors.sum() * 0
    scores = (ALIKE_SCALE * vectors @ vectors.T).fill_diagonal_(-1e4)
    logs = scores.log_softmax(1)
    return -((logs * same).sum(1) / same.sum(1).clamp(min=1))[rows].mean()


def encode_texts(model, ids, ends, parts=4):
    """Short texts with short ones, so that little is spent on padding."""
    order = ends.argsort()
    texts = [model.texts(ids[rows, :int(ends[rows[-1]]) + 1], ends[rows]) for rows in order.chunk(parts)]
    return torch.cat(texts)[order.argsort()]


def losses(model, heads, batch):
    with torch.autocast(batch["pixels"].device.type, torch.bfloat16):
        tokens = model.image_tokens(batch["pixels"], batch.get("keep"))
        images = model.project(tokens)
    parts = {
        "thing": heads.proxy_loss(images, batch["things"]),
        "sides": heads.side_loss(images, batch["sides"]),
        "parted": heads.part_side_loss(tokens, batch["sides"], batch["over"]),
        "alike": alike(images, batch["things"]),
        **heads.token_losses(tokens, batch["things"], batch["over"]),
    }
    return parts | caption_losses(model, heads, batch, images) if "ids" in batch else parts


def caption_losses(model, heads, batch, images):
    with torch.autocast(images.device.type, torch.bfloat16):
        texts = encode_texts(model, batch["ids"], batch["ends"])
    scores, true, count = images @ texts.T, batch["true"], len(images)
    return {
        "image": contrast(scores, true.T, model.scale()),
        "text": contrast(scores[:, :count].T, true[:count], model.scale()),
        "word": heads.proxy_loss(texts, batch["meant"]),
        "said": heads.side_loss(texts[:count], batch["said_sides"]),
    }


WEIGHTS = {"image": 1, "text": .5, "thing": .3, "word": .2, "sides": 1.5, "parted": 1, "said": 1.5, "alike": .2,
           "whole": .3, "part": .3, "shape": .1}


def draw_batches(queue, options, merges, first, stride):
    the_world = world.from_options(options)
    tokenizer = bpe.Tokenizer(merges, towers.CONTEXT)
    index = first
    while True:
        queue.put(batches.make(the_world, tokenizer, options.seed, index, options.batch, options.keep,
                               not options.things_only))
        index += stride


class Batches:
    """One replica's batches in the order of their numbers, however many processes draw them."""

    def __init__(self, options, merges, replica, step):
        self.queues, self.next = [], 0
        for worker in range(options.workers):
            queue = multiprocessing.Queue(3)
            first = (step + worker) * options.replicas + replica
            arguments = queue, options, merges, first, options.workers * options.replicas
            multiprocessing.Process(target=draw_batches, args=arguments, daemon=True).start()
            self.queues.append(queue)

    def get(self, device):
        batch = self.queues[self.next].get()
        self.next = (self.next + 1) % len(self.queues)
        return {name: torch.from_numpy(values).to(device, non_blocking=True) for name, values in batch.items()}


def adapt_tokens(state, merges, started):
    """Rows of the token table by piece, where the start's merges are others."""
    table = state["token_embedding.weight"]
    rows = [started.ids.get(piece, -1) for piece in bpe.vocabulary(merges)]
    fresh = torch.randn(len(rows), towers.WIDTH) * table.std()
    state["token_embedding.weight"] = torch.stack([table[row] if row >= 0 else fresh[i] for i, row in enumerate(rows)])


def encode_names(model, tokenizer, names):
    ids = [tokenizer(world.with_article(name)) for name in names]
    with torch.no_grad():
        return model.texts(torch.from_numpy(batches.pad(ids)), torch.tensor([len(row) - 1 for row in ids]))


def begin(options, the_world, merges):
    torch.manual_seed(options.seed)
    tokenizer = bpe.Tokenizer(merges, towers.CONTEXT)
    model = towers.Towers(len(tokenizer.ids))
    heads = Heads(torch.from_numpy(batches.shape_codes(the_world)))
    if options.start and os.path.isdir(options.start):
        state, started = export.read(options.start)
        adapt_tokens(state, merges, started)
        model.load_state_dict(state)
        heads.proxies.data = 10 * encode_names(model, tokenizer, the_world.names)
    elif options.start:
        started = torch.load(options.start, map_location="cpu", weights_only=True)
        model.load_state_dict(started["average"])
        heads.load_state_dict(started["heads"])
    return model, heads


def text_parts(model):
    return (model.token_embedding, model.text_positions, model.text_blocks, model.final_layer_norm, model.text_projection,
            model.logit_scale)


def parts_below(model, last):
    """All but the last blocks of each tower, and what comes after them."""
    return (model.patch_embedding, model.class_embedding, model.image_positions, model.pre_layrnorm,
            *model.image_blocks[:-last], model.token_embedding, model.text_positions, *model.text_blocks[:-last])


def optimizers(model, heads, share):
    """Muon for the matrices in the blocks, AdamW for all else."""
    inside = [p for name, p in model.named_parameters() if "_blocks." in name and p.ndim > 1 and p.requires_grad]
    taken = set(map(id, inside))
    others = [p for p in [*model.parameters(), *heads.parameters()] if p.requires_grad and id(p) not in taken]
    groups = [{"params": [p for p in others if p.ndim > 1], "weight_decay": .05},
              {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0}]
    return [muon.Muon(inside, share), torch.optim.AdamW(groups, betas=(.9, .98), fused=True)]


def rate(options, step):
    """Warm up, stay, and go down to zero in a straight line over the last --decay of the steps."""
    down = (options.steps - step) / (options.decay * options.steps)
    return options.rate * min(1, (step + 1) / options.warm, max(down, 0))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", help="file to write, and to go on from if it is there")
    parser.add_argument("--tokenizer", required=True, help="directory with merges.txt (bpe.py makes it)")
    parser.add_argument("--start", help="model directory or checkpoint to begin from; without it weights are random")
    parser.add_argument("--steps", type=int, default=10000, help="the run's whole length")
    parser.add_argument("--until", type=int, help="stop at this step, to be gone on with later")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--warm", type=int, default=200)
    parser.add_argument("--decay", type=float, default=1.0)
    parser.add_argument("--average", type=float, default=.998, help="how long the exported moving average remembers")
    parser.add_argument("--keep", type=int, default=0, help="look at this many of the 49 patches only; 0: all")
    parser.add_argument("--last", type=int, default=0, help="train only so many last blocks of each tower; 0: all")
    parser.add_argument("--things-only", action="store_true",
                        help="no captions: train the image tower on what things are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw, for each replica")
    parser.add_argument("--replicas", type=int, default=1,
                        help="processes that train, each with its own batches; gradients are averaged. On processors "
                             "one for each core, which with --threads 1 is faster than threads where cores are shared")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compile", action="store_true",
                        help="compile the blocks: a third less time on processors, g++ needed")
    parser.add_argument("--save", type=int, default=200)
    parser.add_argument("--report", type=int, default=20)
    world.add_sources(parser)
    return parser.parse_args()


def average_gradients(parameters, replicas):
    if replicas > 1:
        for p in parameters:
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
        flat = torch.cat([p.grad.flatten() for p in parameters])
        torch.distributed.all_reduce(flat)
        for p, part in zip(parameters, (flat / replicas).split([p.numel() for p in parameters])):
            p.grad.copy_(part.view_as(p))


class Run:
    """The towers, what trains them, and the file they are kept in."""

    def __init__(self, options, replica, device, merges):
        self.options, self.device, self.merges, self.step = options, device, merges, 0
        self.model, self.heads = (part.to(device) for part in begin(options, world.from_options(options), merges))
        frozen = parts_below(self.model, options.last) if options.last else ()
        for part in (*frozen, *(text_parts(self.model) if options.things_only else ())):
            part.requires_grad_(False)
        self.parameters = [p for p in [*self.model.parameters(), *self.heads.parameters()] if p.requires_grad]
        self.optimizers = optimizers(self.model, self.heads, (replica, options.replicas))
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def load(self, saved):
        self.step = saved["step"]
        self.model.load_state_dict(saved["model"])
        self.heads.load_state_dict(saved["heads"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
        self.average = {name: value.to(self.device) for name, value in saved["average"].items()}

    def save(self):
        path = self.options.checkpoint
        torch.save({"step": self.step, "model": self.model.state_dict(), "heads": self.heads.state_dict(),
                    "average": self.average, "merges": self.merges,
                    "optimizers": [optimizer.state_dict() for optimizer in self.optimizers]},
                   path + ".part")
        os.replace(path + ".part", path)

    def learn(self, batch):
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate(self.options, self.step)
        parts = losses(self.model, self.heads, batch)
        for p in self.parameters:
            p.grad = None
        sum(WEIGHTS[name] * value for name, value in parts.items()).backward()
        average_gradients(self.parameters, self.options.replicas)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        with torch.no_grad():
            keep = min(self.options.average, self.step / (self.step + 10))
            for name, value in self.model.state_dict().items():
                self.average[name].lerp_(value, 1 - keep)
        return {name: value.detach() for name, value in parts.items()}


class Report:
    """A line every --report steps: the losses since the last one, and the speed since the beginning."""

    def __init__(self, options, step):
        self.options, self.begun, self.first, self.sums = options, time.monotonic(), step, {}

    def add(self, step, parts):
        for name, value in parts.items():
            self.sums[name] = self.sums.get(name, 0) + value
        if step % self.options.report == 0:
            scenes = (step - self.first) * self.options.batch * self.options.replicas
            speed = scenes / (time.monotonic() - self.begun)
            text = "  ".join(f"{name} {float(value) / self.options.report:.3f}" for name, value in self.sums.items())
            print(f"step {step}  {speed:.0f} scenes/s  rate {rate(self.options, step):.2e}  {text}", flush=True)
            self.sums = {}


def run(replica, options, meeting):
    merges = bpe.Tokenizer.read(options.tokenizer, towers.CONTEXT).merges
    saved = None
    if os.path.exists(options.checkpoint):
        saved = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
    source = Batches(options, merges, replica, saved["step"] if saved else 0)  # before the device: it forks
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.compile:
        towers.Block.forward = torch.compile(towers.Block.forward)
    if options.replicas > 1:
        torch.distributed.init_process_group("gloo", f"file://{meeting}", rank=replica, world_size=options.replicas)
    this = Run(options, replica, torch.device("cuda" if torch.cuda.is_available() else "cpu"), merges)
    if saved:
        this.load(saved)
    report = Report(options, this.step)
    while this.step < min(options.steps, options.until or options.steps):
        parts = this.learn(source.get(this.device))
        if replica == 0:
            report.add(this.step, parts)
            if this.step % options.save == 0:
                this.save()
    if replica == 0:
        this.save()


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as directory:
        others = [multiprocessing.Process(target=run, args=(i, options, f"{directory}/meeting"))
                  for i in range(1, options.replicas)]
        for other in others:
            other.start()
        run(0, options, f"{directory}/meeting")
        for other in others:
            other.join()


if __name__ == "__main__":
    main()
