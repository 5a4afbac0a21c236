# SPDX-License-Identifier: MIT
"""Muon: momentum made orthogonal, for the matrices inside the towers' blocks (K. Jordan and others, 2024).

A step changes a matrix by the momentum's nearest (semi-)orthogonal matrix, so that all its directions learn at one
pace. The length is such that a number changes as much as AdamW would change it at the same rate (J. Liu and others,
"Muon is scalable for LLM training", 2025): 0.2 as the root of the mean square.
"""
import torch

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # of the odd polynomial that drives singular values towards 1
ROUNDS = 5


def orthogonal(matrices):
    """matrices: a stack; each one's nearest orthogonal one, roughly, by Newton and Schulz's iteration."""
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ROUNDS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).float()


class Muon(torch.optim.Optimizer):
    """params: matrices; one of three times as many rows as columns is three in one (q, k and v).

    share: (rank, of how many): all replicas have the same gradients, so each makes some of the steps' matrices, and
    they are added up.
    """

    def __init__(self, params, share=(0, 1), momentum=.95, weight_decay=.05):
        super().__init__(params, {"lr": 0, "momentum": momentum, "weight_decay": weight_decay})
        self.share = share

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            steps = self.steps(group)
            for p, change in zip(group["params"], steps):
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_(change, alpha=-group["lr"])

    def steps(self, group):
        stacks = {}
        for p in group["params"]:
            state = self.state[p]
            if not state:
                state["momentum"] = torch.zeros_like(p)
            state["momentum"].lerp_(p.grad, 1 - group["momentum"])
            ahead = p.grad.lerp(state["momentum"], group["momentum"])
            stacks.setdefault(tuple(p.shape), []).append(ahead)
        rank, ranks = self.share
        made = {shape: torch.zeros(len(stack), *shape, device=stack[0].device) for shape, stack in stacks.items()}
        for shape, stack in stacks.items():
            own = slice(rank, None, ranks)
            if stack[own]:
                parts = torch.stack(stack[own])
                if shape[0] == 3 * shape[1]:  # q, k and v
                    done = orthogonal(parts.view(-1, shape[1], shape[1]))
                    length = .2 * shape[1] ** .5
                else:
                    done, length = orthogonal(parts), .2 * max(shape) ** .5
                made[shape][own] = length * done.view_as(parts)
            if ranks > 1:
                torch.distributed.all_reduce(made[shape])
        order = {shape: iter(stack) for shape, stack in made.items()}
        return [next(order[tuple(p.shape)]) for p in group["params"]]
