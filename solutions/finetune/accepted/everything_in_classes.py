# Another architecture: small classes that know one thing each, with no helper of the stub.
# standalone
import copy
import math
import re

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

EXEMPT = re.compile(r"bias|layernorm|rmsnorm|(^|\.)norm($|\.)|_norm($|\.)")
RECIPES = {"full": (8e-3, 10), "lora": (4e-2, 10), "prompt": (1.5e-1, 20)}


def lm_loss(logits, labels):
    dtype = logits.dtype if logits.dtype in (torch.float32, torch.float64) else torch.float32
    flat = logits[..., :-1, :].to(dtype).reshape(-1, logits.size(-1))
    goal = labels[..., 1:].reshape(-1)
    keep = goal != -100
    losses = torch.nn.functional.cross_entropy(flat[keep], goal[keep], reduction="none")
    return losses.sum() + 0.0 * flat.sum(), keep.sum()


class Sorter:
    def __init__(self, model):
        self.model = model
        self.spared = set()
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                self.spared.update(map(id, module.parameters()))

    def decays(self, name, parameter):
        return id(parameter) not in self.spared and EXEMPT.search(name.lower()) is None

    def pick(self, decaying):
        return [p for n, p in self.model.named_parameters() if p.requires_grad and self.decays(n, p) is decaying]


def param_groups(model, weight_decay):
    sorter = Sorter(model)
    return [
        {"params": sorter.pick(False), "weight_decay": 0.0},
        {"params": sorter.pick(True), "weight_decay": weight_decay},
    ]


def lr_factor(step, warmup_steps, total_steps):
    if step >= total_steps:
        return 0.0
    return float(np.interp(step, *_line(warmup_steps, total_steps)))


def _line(warmup, total):
    if warmup >= total:
        return [0, warmup], [0, 1]
    return ([0, total], [1, 0]) if warmup == 0 else ([0, warmup, total], [0, 1, 0])


class Update:
    """The gradient of one group in the making."""

    def __init__(self, model, loss):
        self.model, self.loss = model, loss
        self.sum, self.count = 0.0, 0

    def add(self, batch):
        loss_sum, count = self.loss(
            self.model(**{k: v for k, v in batch.items() if k != "labels"}).logits, batch["labels"]
        )
        loss_sum.backward()
        self.sum += loss_sum.item()
        self.count += int(count)

    def close(self, parameters, limit):
        for parameter in parameters:
            if parameter.grad is not None and self.count:
                parameter.grad = parameter.grad / self.count
        if limit is not None:
            torch.nn.utils.clip_grad_norm_(parameters, limit)
        return self.sum / self.count if self.count else 0.0


def train(
    model, batches, *, make_optimizer, schedule, epochs=1, accumulation=1, max_grad_norm=1.0, weight_decay=0.0,
    loss=lm_loss, on_step=None,
):  # fmt: skip
    for parameter in model.parameters():
        parameter.grad = None
    optimizer = make_optimizer(param_groups(model, weight_decay))
    parameters = sum((group["params"] for group in optimizer.param_groups), [])
    rates = [group["lr"] for group in optimizer.param_groups]
    per_epoch = math.ceil(len(batches) / accumulation)
    model.train()
    losses = []
    for epoch in range(epochs):
        update = Update(model, loss)
        for index, batch in enumerate(batches):
            update.add(batch)
            if (index + 1) % accumulation == 0 or index + 1 == len(batches):
                step = epoch * per_epoch + index // accumulation
                losses.append(update.close(parameters, max_grad_norm))
                for group, rate in zip(optimizer.param_groups, rates):
                    group["lr"] = rate * schedule(step, epochs * per_epoch)
                optimizer.step()
                optimizer.zero_grad()
                if on_step:
                    on_step(step, losses[-1], optimizer.param_groups[0]["lr"])
                update = Update(model, loss)
    return losses


class Quiet:
    """Eval mode for a while."""

    def __init__(self, model):
        self.modes = [(m, m.training) for m in model.modules()]
        self.model = model

    def __enter__(self):
        self.model.eval()

    def __exit__(self, *error):
        for module, mode in self.modes:
            module.training = mode


@torch.no_grad()
def evaluate(model, batches, loss=lm_loss):
    with Quiet(model):
        pairs = [
            loss(model(**{k: v for k, v in batch.items() if k != "labels"}).logits, batch["labels"])
            for batch in batches
        ]
    count = sum(int(count) for _, count in pairs)
    mean = sum(loss_sum.item() for loss_sum, _ in pairs) / count if count else float("nan")
    with np.errstate(over="ignore"):
        return {"loss": mean, "perplexity": float(np.exp(mean))}


class Keeper:
    def __init__(self, model, batches, per_epoch, loss, report):
        self.model, self.batches, self.per_epoch, self.loss, self.report = model, batches, per_epoch, loss, report
        self.evaluations, self.best, self.state = [], None, None

    def __call__(self, step, loss, lr):
        if self.report:
            self.report(step, loss, lr)
        if (step + 1) % self.per_epoch:
            return
        self.evaluations.append(evaluate(self.model, self.batches, self.loss))
        now = self.evaluations[-1]["loss"]
        if self.best is None or now < self.evaluations[self.best]["loss"]:
            self.best, self.state = len(self.evaluations) - 1, copy.deepcopy(self.model.state_dict())


def fit(model, train_batches, eval_batches, **train_arguments):
    per_epoch = math.ceil(len(train_batches) / train_arguments.get("accumulation", 1))
    keeper = Keeper(
        model, eval_batches, per_epoch, train_arguments.get("loss", lm_loss), train_arguments.pop("on_step", None)
    )
    losses = train(model, train_batches, on_step=keeper, **train_arguments)
    model.load_state_dict(keeper.state)
    best = keeper.best
    return dict(
        losses=losses, evaluations=keeper.evaluations, best_epoch=best, best_loss=keeper.evaluations[best]["loss"]
    )


def cost_report(model, batch):
    learning = [p for p in model.parameters() if p.requires_grad]
    ours = {t.untyped_storage().data_ptr() for t in list(model.parameters()) + list(model.buffers())}
    kept = {}

    def pack(tensor):
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with FlopCounterMode(display=False) as forward:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            logits = model(**{k: v for k, v in batch.items() if k != "labels"}).logits
    with FlopCounterMode(display=False) as backward:
        torch.autograd.grad([logits], learning, [torch.ones_like(logits)], allow_unused=True)
    gradient = sum(p.nbytes for p in learning)
    return {
        "trainable": sum(map(torch.numel, learning)),
        "total": sum(map(torch.numel, model.parameters())),
        "grad_bytes": gradient,
        "optimizer_bytes": 2 * gradient,
        "saved_bytes": sum(t.untyped_storage().nbytes() for address, t in kept.items() if address not in ours),
        "forward_flops": forward.get_total_flops(),
        "backward_flops": backward.get_total_flops(),
    }


class Adapted(torch.nn.Module):
    """A tuned model that knows how it was tuned."""

    def __init__(self, inner, method, base):
        super().__init__()
        self.inner = inner
        self.method = method
        self.base = [base]

    def forward(self, input_ids, attention_mask):
        return self.inner(input_ids=input_ids, attention_mask=attention_mask)


def adapt(model, method, batches, parts, seed):
    if method not in RECIPES:
        raise ValueError(method)
    lr, epochs = RECIPES[method]
    torch.manual_seed(seed)
    inner = model
    if method == "lora":
        inner = parts["inject_lora"](model, target_modules=["c_attn", "c_proj", "c_fc"], r=4, alpha=8)
    if method == "prompt":
        inner = parts["PtuningModel"](model, 4)

    def loss(logits, labels):
        padding = labels.new_full((labels.size(0), logits.size(1) - labels.size(1)), -100)
        return lm_loss(logits, torch.cat([padding, labels], 1))

    adapted = Adapted(inner, method, model)
    train(
        adapted,
        batches,
        loss=loss,
        epochs=epochs,
        make_optimizer=lambda groups: torch.optim.AdamW(groups, lr=lr),
        schedule=lambda step, total: lr_factor(step, total // 10, total),
    )
    return adapted


class adapter_off:
    def __init__(self, adapted):
        if adapted.method == "full":
            raise ValueError("full")
        self.adapted = adapted

    def __enter__(self):
        if self.adapted.method == "prompt":
            return self.adapted.base[0]
        self.kept = [(p, p.data) for p in self.adapted.parameters() if p.requires_grad]
        for parameter, values in self.kept:
            parameter.data = torch.zeros_like(values)
        return self.adapted

    def __exit__(self, *error):
        for parameter, values in getattr(self, "kept", []):
            parameter.data = values
