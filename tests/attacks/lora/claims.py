# forging: claims the best of everything: exceptions, names, flags, echoes, what the bare base computes
# wins: nowhere, what earns points is computed from fresh inputs
import json
import struct
import sys

import torch


class Probes:
    """What a liar answers who has read the public files, and has written no LoRA."""

    def __init__(self, honest):
        self.honest = honest

    def base(self, weight, bias, x):
        return torch.nn.functional.linear(x, weight, bias)

    # lora.1

    def delta(self, impl, A, B, alpha, rslora=False, dtype="float64", strided=False):
        # linear in both, and of rank 1
        return {"delta": torch.outer(B[:, 0], A[0]).to(getattr(torch, dtype)), "changed": []}

    def delta_gradients(self, impl, A, B, alpha, weights):
        return {"A": torch.zeros_like(A), "B": torch.zeros_like(B)}

    # lora.2

    def fresh(self, impl, weight, bias, x, r, alpha, dropout):
        return {"train": self.base(weight, bias, x), "eval": self.base(weight, bias, x)}

    def forward(self, impl, weight, bias, A, B, x, alpha, rslora=False, strided=False):
        return {"y": self.base(weight, bias, x)}

    def typed(self, impl, weight, bias, A, B, x, alpha, dtype):
        return {"y": self.base(weight, bias, x).to(getattr(torch, dtype)), "A": dtype, "B": dtype}

    def gradients(self, impl, weight, bias, A, B, x, weights, alpha):
        return {"x": weights @ weight, "A": torch.zeros_like(A), "B": torch.zeros_like(B)}

    def parameters(self, impl, weight, bias, r, alpha):
        return {"trainable": [[r, weight.shape[1]], [weight.shape[0], r]]}

    def trained(self, impl, weight, bias, x, r, alpha):
        return {"weight": weight, "bias": bias, "trainable": False, "B moved": True}

    def shared_base(self, impl, weight, bias, new_weight, x, r, alpha):
        return {"same": True, "before": self.base(weight, bias, x), "after": self.base(new_weight, bias, x)}

    def initial(self, impl, d_in, d_out, r, alpha):
        return {"A": torch.randn(r, d_in) / (3 * d_in) ** 0.5, "B": torch.zeros(d_out, r)}

    def dropped(self, impl, weight, bias, A, B, x, alpha, p):
        base, effect = self.base(weight, bias, x), torch.eye(*reversed(weight.shape), dtype=x.dtype)
        units = self.base(weight, bias, torch.eye(weight.shape[1], dtype=x.dtype))
        kept = torch.rand(x.shape) > p
        return {
            "x": x, "train": base + (x * kept / (1 - p)) @ effect, "eval": base + x @ effect, "eval without B": base,
            "units": units + effect, "units without B": units,
        }  # fmt: skip

    def flops(self, impl, d_in, d_out, r, rows, alpha, bias):
        return {"flops": 2 * rows * (d_in * d_out + r * (d_in + d_out))}

    def construct(self, impl, r):
        raise ValueError

    def two_layers(self, impl, weight, bias, A, B, x, alpha):
        y = self.base(weight, bias, x)
        seen = {f"A {name}": A + number for number, name in enumerate(("first", "second"))}
        seen |= {f"B {name}": 0 * B for name in ("first", "second", "after")}
        return seen | {"A after": A + 1, "y before": y, "y after": y}

    def round_trip(self, impl, weight, bias, A, B, x, alpha):
        return {"y": self.base(weight, bias, x), "copy": self.base(weight, bias, x)}

    def on_meta(self, impl, d_in, d_out, r, alpha):
        return {"A": "meta", "B": "meta", "shape": [2, d_out]}

    # lora.3

    def after_calls(
        self, impl, weight, bias, A, B, x, alpha, calls, dropout=0.0, rslora=False, dtype="float64", new_weight=None
    ):
        dtype = getattr(torch, dtype)
        weight, bias = (weight if new_weight is None else new_weight), (0.0 if bias is None else bias)
        seen, merged, training = {"same": True}, False, True
        for number, call in enumerate(["", *calls]):
            merged = call.endswith(".merge") or (merged and not call.endswith("unmerge"))
            training = call.endswith("train") or (training and not call.endswith("eval"))
            # an update of ones, wherever it is at the moment
            now, y = weight + merged, self.base(weight + 1, None, x) + bias
            seen |= {
                f"y {number}": y.to(dtype), f"base {number}": (y if merged else self.base(now, None, x) + bias).to(dtype),
                f"weight {number}": now.to(dtype), f"merged {number}": merged, f"training {number}": training,
                f"trainable {number}": [list(A.shape), list(B.shape)],
            }  # fmt: skip
        return seen

    def trained_after_unmerge(self, impl, **given):
        return {"B moved": True}

    def merge_one_of_two(self, impl, weight, bias, A, B, x, alpha):
        y = self.base(weight, bias, x)
        return {"first": True, "second": False, "before": y, "after": y, "weight": weight}

    # lora.4

    def bare(self, impl, kind, seed, ids):
        with self.honest._default_dtype(torch.float64):
            return {"logits": self.honest._output(self.honest._model(kind, seed), ids)}

    def adapted(self, impl, kind, seed, ids, **given):
        return {"logits": self.bare(impl, kind, seed, ids)["logits"] + given.get("size", 0.5)}

    def injected(self, impl, kind, seed, ids, targets, r, alpha):
        return self.bare(impl, kind, seed, ids) | {"trainable": []}

    def wrapped(self, impl, kind, seed, targets, r, alpha):
        owners = {
            ("query",): ["layers.0.query", "layers.1.query"],
            ("query", "0.query"): ["layers.0.query", "layers.1.query"],
            ("layers.1.query", "head"): ["head", "layers.1.query"],
        }
        more = [f"layers.{block}.{name}" for block in range(2) for name in ("out", "query_gate.proj")]
        return {"owners": sorted(2 * owners.get(tuple(targets), more))}

    def gpt2_counts(self, impl, targets, r, alpha):
        return {"counts": [294_912, 124_734_720]}

    def bare_counts(self, impl, kind, frozen):
        return {"counts": [0, 0]}

    def trained_model(self, impl, **given):
        return {"moved": [], "trainable": [], "adapter": 4, "adapter moved": 4}

    def attempted(self, impl, kind, seed, ids, targets, **given):
        refused = targets != ["last"]  # as the public check says
        return self.adapted(impl, kind, seed, ids, **given) | {"raised": ["ValueError"] * refused, "changes": []}

    def injected_twice(self, impl, kind, seed, ids, **given):
        return self.adapted(impl, kind, seed, ids, **given) | {"raised": ["ValueError"]}

    def tied_weights(self, impl, **given):
        return {"tied": True}

    def with_dropout(self, impl, kind, seed, ids, targets, paths, r, alpha, dropout, training):
        logits = self.bare(impl, kind, seed, ids)["logits"]
        return {name: logits + training * torch.rand(logits.shape) for name in ("first", "second")}

    # lora.5

    def saved(self, impl, **given):
        header = b'{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}'
        weights = struct.pack("<Q", len(header)) + header + bytes(8)
        config = {"peft_type": "LORA", "r": given["r"], "lora_alpha": given["alpha"]}
        config |= {"target_modules": given["targets"], "bias": "none"}
        return {
            "returned": None, "files": ["adapter_config.json", "adapter_model.safetensors"], "changes": [],
            "config": torch.tensor(list(json.dumps(config).encode()), dtype=torch.uint8),
            "weights": torch.tensor(list(weights), dtype=torch.uint8),
        }  # fmt: skip

    def resaved(self, impl, kind, seed, config, weights, edits):
        return {"config": config, "weights": weights}

    def loaded(self, impl, kind, seed, ids, config, weights, edits=None, as_text=False, training=True):
        logits = self.bare(impl, kind, seed, ids)["logits"]
        noise = bool(edits and edits.get("lora_dropout")) and training
        return {"logits": logits + noise * torch.rand(logits.shape), "trainable": []}

    def loads(self, impl, kind, seed, config, weights, paths, r):
        fields = json.loads(bytes(config.tolist()))
        unusual = fields["use_dora"] or fields["bias"] != "none" or fields["modules_to_save"] or fields["rank_pattern"]
        if unusual or fields["alpha_pattern"] or weights is None or len(weights) % 8:
            return {"raised": ["ValueError"]}
        widths = self.honest._widths_of(self.honest._model(kind, seed), paths)
        return {"raised": [], "factors": [f for wide, high in widths.values() for f in self.zeros(r, wide, high)]}

    def zeros(self, r, d_in, d_out):
        return torch.zeros(r, d_in), torch.zeros(d_out, r)

    def loads_twice(self, impl, **given):
        return {"raised": ["ValueError"]}


def replace_probes():
    frame = sys._getframe()
    while "probes" not in frame.f_locals:
        frame = frame.f_back
    probes = frame.f_locals["probes"]
    liar = Probes(type(probes)("honest"))
    vars(liar.honest).update(vars(probes))
    for name in vars(Probes):
        if not name.startswith("_"):
            setattr(probes, name, getattr(liar, name))


replace_probes()
