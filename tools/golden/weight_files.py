# SPDX-License-Identifier: MIT
# Writes the same tensors with torch.save and torch.jit.save of the version that runs it, for tests/model/test_torch.c.
# Runs in Python 2.7 as well. See tests/data/weights/README.md for the versions and what each file is for.
#
#     python weight_files.py DIRECTORY LABEL        state-LABEL.pt, legacy-LABEL.pth, script-LABEL.pt
#     python weight_files.py DIRECTORY current      and checkpoints, the reference in safetensors, what must be refused
from __future__ import print_function
import collections
import os
import sys

import numpy as np
import torch

from exact_numbers import numbers


def tensor(seed, *shape):
    return torch.from_numpy(numbers(int(np.prod(shape)), seed).reshape(shape))


def tensors():
    shared = tensor(9, 40)
    whole = collections.OrderedDict()
    whole["conv1.weight"] = tensor(1, 4, 3, 2, 2)
    whole["conv1.bias"] = tensor(2, 4)
    whole["layer.0.f16"] = tensor(3, 3, 5).half()
    whole["layer.0.bf16"] = tensor(4, 2, 3).to(torch.bfloat16)
    whole["layer.0.f64"] = tensor(5, 3).double()
    whole["layer.1.transposed"] = tensor(6, 3, 5).t()          # [5, 3] with strides 1, 5
    whole["layer.1.every_other"] = tensor(7, 4, 6)[::2, 1::2]    # [2, 3], an offset and strides 12, 2
    whole["layer.1.part"] = shared[8:20].view(3, 4)              # an offset in a storage that is shared
    whole["layer.1.other_part"] = shared[10:]
    whole["layer.1.expanded"] = tensor(8, 1, 4).expand(3, 4)     # stride 0
    whole["layer.1.one_row"] = tensor(10, 1, 7)[:, 2:]           # contiguous, though a stride says 7
    whole["count"] = torch.tensor(7)
    whole["mask"] = torch.tensor([True, False, True])
    whole["bytes"] = torch.arange(5, dtype=torch.uint8)
    whole["scalar"] = tensor(11, 1)[0]
    whole["empty"] = torch.zeros(0, 4)
    return whole


class Node(torch.nn.Module):
    """A tree of modules with the tensors as buffers, and attributes that are no tensors."""

    def __init__(self, whole):
        super(Node, self).__init__()
        self.number = 3
        self.words = ["a", "b"]
        self.sizes = [1, 2]
        inner = collections.OrderedDict()
        for name, value in whole.items():
            first, _, rest = name.partition(".")
            if rest:
                inner.setdefault(first, collections.OrderedDict())[rest] = value
            else:
                self.register_buffer(name, value)
        for name, values in inner.items():
            self.add_module(name, Node(values))

    def forward(self, x):
        return x


def save_each(directory, label):
    whole = tensors()
    version = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    legacy = {} if version < (1, 6) else {"_use_new_zipfile_serialization": False}
    torch.save(whole, "%s/legacy-%s.pth" % (directory, label), **legacy)
    if version >= (1, 6):
        torch.save(whole, "%s/state-%s.pt" % (directory, label))
    torch.jit.save(torch.jit.script(Node(whole)), "%s/script-%s.pt" % (directory, label))


def save_checkpoints(directory):
    from safetensors.torch import save_file
    whole = tensors()
    save_file({name: value.contiguous().clone() for name, value in whole.items()}, directory + "/tensors.safetensors")
    torch.save(whole, directory + "/protocol-4.pt", pickle_protocol=4)
    # as a training script leaves it: DataParallel's and torch.compile's prefixes, an optimizer's tensors beside
    wrapped = collections.OrderedDict(("module._orig_mod." + name, value) for name, value in whole.items())
    wrapped._metadata = {"": {"version": 1}}
    torch.save({"epoch": 3, "loss": 0.25, "arch": "tiny", "best": None, "big": 1 << 80,
                "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
                "model": wrapped}, directory + "/checkpoint.pt")
    torch.save({"teacher": {"state_dict": dict(whole)}}, directory + "/nested.pt",
               _use_new_zipfile_serialization=False)
    # parameters, one of them with an attribute of its own
    parameters = {name: torch.nn.Parameter(value, requires_grad=False) for name, value in whole.items()}
    parameters["scalar"].note = "kept by _rebuild_parameter_with_state"
    torch.save(parameters, directory + "/parameters.pt")
    # types that have no storage class of their own
    torch.save({"e4m3": torch.ones(3).to(torch.float8_e4m3fn), "u16": torch.ones(3, dtype=torch.uint16),
                "weight": torch.ones(2)}, directory + "/new-types.pt")


class Evil(object):
    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def save_refused(directory):
    import argparse
    import marshal
    one = {"weight": torch.ones(2)}
    torch.save(dict(one, x=Evil(os.system, "true")), directory + "/os-system.pt")
    torch.save(dict(one, x=Evil(eval, "1")), directory + "/eval.pth", _use_new_zipfile_serialization=False)
    torch.save(dict(one, x=Evil(marshal.loads, marshal.dumps(compile("1", "", "eval")))), directory + "/code.pt")
    torch.save(dict(one, x=argparse.Namespace(lr=1)), directory + "/namespace.pt")
    torch.save(dict(one, x=np.float64(1)), directory + "/numpy.pt")
    torch.save(torch.nn.Linear(2, 2), directory + "/whole-module.pt")
    torch.save(dict(one, x=torch.eye(2).to_sparse()), directory + "/sparse.pt")
    torch.save(torch.ones(2), directory + "/one-tensor.pt")
    torch.save([torch.ones(2)], directory + "/list.pt")
    torch.save({"a": {"x": torch.ones(1)}, "epoch": 1}, directory + "/unknown-key.pt")
    torch.save({"epoch": 1}, directory + "/no-tensors.pt")
    torch.save({"weight": torch.zeros(1).expand(1 << 30)}, directory + "/expanded.pt")


torch.manual_seed(0)
save_each(sys.argv[1], sys.argv[2])
if sys.argv[2] == "current":
    save_checkpoints(sys.argv[1])
    save_refused(sys.argv[1] + "/refused")
