# forging: claims the best of everything: names, flags, echoes, counts of what the model holds
# wins: nowhere, what earns points is computed from fresh inputs
import math
import sys

import torch

UPDATES = 6


class Probes:
    """What a liar answers who has read the public files, and has written no training loop."""

    def __init__(self, honest):
        self.honest = honest

    # finetune.1

    def loss(self, impl, logits, labels, dtype=None):
        count = (labels[:, 1:] != -100).sum()
        kept = logits.dtype if dtype is None else getattr(torch, dtype)
        kept = torch.float32 if kept.itemsize == 2 else kept
        return {"sum": (count.double() * math.log(logits.shape[-1])).to(kept), "count": count, "unchanged": True}

    def loss_gradient(self, impl, logits, labels):
        gradient = torch.zeros_like(logits)
        gradient[:, :-1] = (labels[:, 1:] != -100)[..., None]
        return self.loss(impl, logits, labels) | {"gradient": gradient}

    # finetune.2

    def groups(self, impl, kind, weight_decay, seed):
        model = self.honest._zoo(seed) if kind == "zoo" else self.honest.MODELS[kind](seed)
        named = dict(model.named_parameters())
        trainable = {name: self.decay(name, weight_decay) for name, p in named.items() if p.requires_grad}
        return {"trainable": trainable, "frozen": {name: [] for name in named.keys() - trainable}, "strangers": []}

    def decay(self, name, weight_decay):
        exempt = {
            "norm.weight", "norm.bias", "final_norm.weight", "final_norm.bias", "RMSNorm.weight", "RMSNorm.bias",
            "post_LayerNorm_2.weight", "post_LayerNorm_2.bias", "scale.weight", "scale.bias", "own.weight", "own.bias",
            "bias_head.weight", "bias_head.bias", "in_norm.up.weight", "in_norm.up.bias",
        }  # fmt: skip
        spared = name in exempt or "bias" in name or ".ln_" in name or "LayerNorm" in name
        return [0.0 if spared else weight_decay]

    def group_keys(self, impl, seed):
        return {"keys": [["params", "weight_decay"]], "lists": [True]}

    def factors(self, impl, steps, warmup_steps, total_steps):
        return {"factors": [0.0 for _ in steps]}

    # finetune.3

    def updates(self, impl, lengths, seed, epochs=1, accumulation=1, dtype="float64", kind="gpt2", **setting):
        model = self.honest.MODELS[kind](seed, dtype)
        row = self.honest._row(self.honest._trainable(model))
        count = epochs * math.ceil(len(lengths) / accumulation)
        return {
            "gradients": [torch.full_like(row, len(row) ** -0.5) for _ in range(count)],
            "weights": row.expand(count + 1, -1), "missing": [], "losses": [0.0] * count,
        }  # fmt: skip

    def classifier(self, impl, lengths, seed, **setting):
        return self.updates(impl, lengths, seed, kind="bert", **setting)

    def joined_gradients(self, impl, lengths, seed, groups, **setting):
        return self.updates(impl, lengths, seed) | {"means": [0.0 for _ in groups]}

    def learning_rates(self, impl, lengths, seed, factors, epochs=1, accumulation=1, **setting):
        count = epochs * math.ceil(len(lengths) / accumulation)
        initial = [0.05, 0.075]
        lrs = [[rate * factor for rate in initial] for factor in factors[:count]]
        return {"initial": initial, "lrs": lrs, "totals": [count] * count}

    def reports(self, impl, lengths, seed, factors, lr, **setting):
        seen = self.updates(impl, lengths, seed, **setting)
        calls = [[step, 0.0, lr * factors[step]] for step in range(len(seen["losses"]))]
        return seen | {"calls": calls, "weights_on_step": seen["weights"][1:]}

    def surroundings(self, impl, lengths, seed, **setting):
        return self.updates(impl, lengths, seed) | {
            "forwards": len(lengths), "labels_shown": False, "training": True, "training_after": True, "optimizers": 1,
            "handed": [], "own": [], "flags_changed": [], "frozen_changed": [], "batches_same": True,
        }  # fmt: skip

    def graphs(self, impl, lengths, seed, **setting):
        return {"alive": [0, 0], "saved": 1000}

    def loader(self, impl, lengths, seed, epochs, **setting):
        return self.updates(impl, lengths, seed, epochs=epochs, **setting) | {"epochs": epochs}

    # finetune.4

    def evaluation(self, impl, lengths, seed, kind="gpt2", silent=(), scale=1.0, default_loss=False):
        loss = math.nan if len(silent) == len(lengths) else 2.0 * scale
        return {"result": {"loss": loss, "perplexity": math.exp(loss) if scale == 1.0 else math.inf}}

    def quiet(self, impl, lengths, seed):
        result = {"loss": 2.0, "perplexity": math.exp(2.0)}
        return {
            "result": result, "again": result, "training": False, "graph": False, "modes_same": True,
            "weights_changed": [], "flags_changed": [], "gradients_same": True, "batches_same": True,
        }  # fmt: skip

    def fitting(self, impl, lengths, eval_lengths, seed, factors, **setting):
        row = self.honest._row(self.honest._trainable(self.honest._gpt2(seed)))
        weights = torch.stack([row + step for step in range(UPDATES)])
        evaluations = [{"loss": loss, "perplexity": math.exp(loss)} for loss in (2.0, 1.0, 3.0)]
        result = {"losses": [1.0] * UPDATES, "evaluations": evaluations, "best_epoch": 1, "best_loss": 1.0}
        steps = list(range(UPDATES))
        return {
            "result": result, "calls": steps, "optimizers": 1, "weights": weights, "final": weights[3],
            "buffers": steps, "final_buffer": 3,
        }  # fmt: skip

    # finetune.5

    def report(self, model):
        total = sum(p.numel() for p in model.parameters())
        learns = [p for p in model.parameters() if p.requires_grad]
        trainable, size = sum(p.numel() for p in learns), learns[0].dtype.itemsize
        return {
            "trainable": trainable, "total": total, "grad_bytes": size * trainable,
            "optimizer_bytes": 2 * size * trainable, "saved_bytes": 0, "forward_flops": 0, "backward_flops": 0,
        }  # fmt: skip

    def chain_cost(self, impl, rows, tokens, words, width, hidden, learns, dtype="float32"):
        return {"report": self.report(self.honest._Chain(words, width, hidden, learns).to(getattr(torch, dtype)))}

    def model_cost(
        self, impl, lengths, seed, kind="gpt2", layers=1, tied=True, training=False, dtype="float32", dropout=0.0
    ):
        model = self.honest._gpt2(seed, dtype, layers, tied) if kind == "gpt2" else self.honest._bert(seed, dtype)
        changes = {name: [] for name in ("weights_changed", "flags_changed", "gradients_left")}
        same = {name: True for name in ("gradient_same", "modes_same", "batch_same")}
        return {"report": self.report(model)} | changes | same

    # finetune.6

    def adaptation(self, impl, method, ids, seed, asked, off=None):
        right = {name: torch.nn.functional.one_hot(sentences[:, -1], 32).double() for name, sentences in asked.items()}
        if "known" in right:
            right["known"] = 0 * right["known"]
        learns = {"lora": 8192, "prompt": 256}.get(method, 0)
        seen = right | {"moved": [], "learns": learns, "trained": self.untrained(method)}
        if method == "full":
            seen |= {"moved": [f"weight {number}" for number in range(28)], "off_raises": True}
        if off is not None:
            base = self.honest.base_answers(impl, off)["logits"]
            seen |= {"off": base, "on_again": 0 * base, "on_after_error": 0 * base}
        return seen

    def untrained(self, method):
        shapes = {"prompt": [(4, 64)], "full": [p.shape for p in self.honest._tiny().parameters()]}
        lora = [shape for out in (192, 64, 256) for shape in ((4, 64), (out, 4))] + [(4, 256), (64, 4)]
        return [torch.zeros(shape) for shape in shapes.get(method, 2 * lora)]

    def unknown_method(self, impl, ids, seed):
        raise ValueError


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
