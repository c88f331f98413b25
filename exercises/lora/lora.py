"""LoRA: adapt a language model by training two thin matrices beside each frozen weight.

A linear layer computes y = W x + bias. LoRA keeps W as it is and learns an update of low rank r:

    W' = W + s * B A        A is (r, in), B is (out, r), s = alpha / r

Five tasks, in the order of the paper (Hu et al. 2021, https://arxiv.org/abs/2106.09685):

    lora.1  the update s * B A itself                  section 4.1
    lora.2  a linear layer with the update beside it   section 4.1
    lora.3  the update merged into the weight          section 4.1, "No Additional Inference Latency"
    lora.4  such layers inside a whole model           section 4.2
    lora.5  the adapter on disk, in PEFT's format      https://huggingface.co/docs/peft

Each hole raises `NotImplementedError` until you fill it. The docstrings are the specification: what they do
not fix (where A and B live, the order of the products, your own helpers) is yours to choose. You may use
torch, transformers, safetensors, numpy and the standard library, but not peft.

Letters: N rows of input, `in` and `out` the widths of the layer, r the rank, alpha the strength.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

# ---------------------------------------------------------------------------------------------- lora.1


def lora_scale(alpha: float, r: int, rslora: bool = False) -> float:
    """The factor s in front of B A.

    LoRA divides alpha by r, so that the update keeps its size when the rank changes (section 4.1).
    Rank-stabilised LoRA divides by the square root of r instead, so that a larger rank does not learn more
    slowly (Kalajdzievski 2023, https://arxiv.org/abs/2312.03732). alpha is any real number, r a positive integer.

    Example: alpha = 6, r = 4 gives 1.5, and 3.0 with `rslora`.
    """
    # TODO(lora.1): the factor, for plain LoRA and for rsLoRA (about 2 lines)
    raise NotImplementedError("lora.1")


def lora_delta(A: Tensor, B: Tensor, alpha: float, rslora: bool = False) -> Tensor:
    """The update of the weight: the factor s times the matrix product B A.

    A is (r, in) and B is (out, r), of one floating dtype. r = A.shape[0] is any number >= 1, also one larger
    than `in` or `out`. Returns (out, in), in the dtype of A and B and as part of their autograd graph. A and
    B stay unchanged.

    Example: A = [[1, 2]], B = [[3], [4]], alpha = 2 gives [[6, 12], [8, 16]].
    """
    # TODO(lora.1): scale the product of the two matrices (about 2 lines)
    raise NotImplementedError("lora.1")


# ------------------------------------------------------------------------------------ lora.2 and lora.3


def layer_widths(base: nn.Linear | Conv1D) -> tuple[int, int]:
    """(in, out) of a linear layer.

    GPT-2 is built from `Conv1D`, a linear layer that stores its weight transposed and computes x W + bias.

    Example: `layer_widths(Conv1D(nf=3, nx=2))` is (2, 3): two inputs, three outputs.
    """
    if isinstance(base, nn.Linear):
        return base.in_features, base.out_features
    # TODO(lora.4): which axis of a Conv1D's weight is its input? Not needed before lora.4 (about 2 lines)
    raise NotImplementedError("lora.4")


class LoRALinear(nn.Module):
    """A frozen linear layer with a trainable low-rank update beside it.

        x ---+---------- base ----------+--- y         y = base(x) + s * B A dropout(x)
             |                          |
             +--- dropout --- A --- B --+

    The arguments:
        base      the `nn.Linear` to adapt, with or without bias. It is wrapped, not copied: `base.weight` stays
                  the same `nn.Parameter` object, now and after `merge` and `unmerge`. It has no gradient
                  (`.grad` is None) when it is wrapped. (In lora.4 a `Conv1D` may arrive here too.)
        r         the rank, at least 1, also larger than `in` or `out`; anything less raises ValueError.
        alpha     any real number; `lora_scale` makes the factor s of alpha and r.
        dropout   the probability of inverted dropout on the input of A.
        rslora    the factor is alpha / sqrt(r) instead of alpha / r.

    What is trainable:
        Exactly two tensors, both 2-D: A as (r, in) or (in, r), and B as (out, r) or (r, out). Nothing of the
        base learns: an optimiser with weight decay over all parameters leaves it as it was, bit for bit.

    What A and B are at first:
        B is zero, so that a new layer gives exactly the output of its base. A is random with mean zero and a
        standard deviation within a factor 2 of 1 / sqrt(3 * in), which is what
        `nn.init.kaiming_uniform_(A, a=math.sqrt(5))` gives for A of shape (r, in). The factor s is never folded
        into these values. Leave the seed of torch's generator alone: two layers start with different A.
        A and B live on the base's device (the meta device too), in the base's dtype or a wider one.

    Two layers share nothing. The `state_dict` of an unmerged layer can be loaded into a fresh layer over a
    copy of the same base.
    """

    def __init__(self, base: nn.Linear, r: int, alpha: float, dropout: float = 0.0, rslora: bool = False) -> None:
        super().__init__()
        if r < 1:
            raise ValueError(f"the rank r must be at least 1, not {r}")
        in_features, out_features = layer_widths(base)
        self.base = base
        self.r = r
        self.alpha = alpha
        self.rslora = rslora
        self.dropout = nn.Dropout(dropout)
        self.merged = False
        # TODO(lora.2): freeze the base, then create A and B as described above (about 5 lines). `weight_update` below
        # expects them as self.A, (r, in), and self.B, (out, r): change it if you store them in another way.
        raise NotImplementedError("lora.2")
        self.train(base.training)  # a layer of a model in eval mode starts in eval mode

    def forward(self, x: Tensor) -> Tensor:
        """base(x) plus the update applied to x; base(x) alone while the update is merged, in train mode too.

        x is (..., in) with any number of leading axes, none and empty ones included, in the dtype of the
        base. It may be non-contiguous and is not modified. Returns (..., out) in the same dtype.

        Dropout acts on the input of A only, and in train mode only. Every entry of x has its own chance: zero
        with probability p, divided by 1 - p otherwise. The base sees all of x.

        While unmerged, neither W' nor any other (out, in) matrix is formed: for N rows the update costs at
        most 2 * N * r * (in + out) floating-point operations on top of the base's. Gradients reach x, A, B.

        Example: the base weight [[1, 0], [0, 1]] without bias, A = [[1, 2]], B = [[3], [4]] and alpha = 2
        make [1, 1] + 2 * [9, 12] = [19, 25] of x = [1, 1].
        """
        if self.merged:
            # TODO(lora.3): what is left to compute once the weight holds the update? (1 line)
            raise NotImplementedError("lora.3")
        # TODO(lora.2): the two paths of the picture, and their sum (about 3 lines)
        raise NotImplementedError("lora.2")

    def weight_update(self) -> Tensor:
        """The update in the layout of `base.weight`: (out, in) for `nn.Linear`, (in, out) for `Conv1D`."""
        delta = lora_delta(self.A, self.B, self.alpha, self.rslora)
        return delta if isinstance(self.base, nn.Linear) else delta.T

    @torch.no_grad()
    def merge(self) -> None:
        """Add the update to `base.weight`, so that the layer costs no more than its base.

        `merged`, a bool, is False at first, True after `merge` and False after `unmerge`; each layer has its
        own. The output stays the same, apart from rounding and from dropout, which a merged layer no longer
        has. The values that `base.weight`, A and B have *now* count. A second `merge` changes nothing.

        Neither `merge` nor `unmerge` changes A, B, what is trainable or whether the layer is in train or eval
        mode. `train()` and `eval()` never merge or unmerge: they leave `base.weight` alone.

        Example: the base weight [[1, 0], [0, 1]], A = [[1, 2]], B = [[3], [4]] and alpha = 2 give the weight
        [[7, 12], [8, 17]].
        """
        # TODO(lora.3): as above; `weight_update` is given (about 3 lines)
        raise NotImplementedError("lora.3")

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take the update out of `base.weight` again and go back to two paths.

        The weight comes back within 1e-6 of its largest entry in float32: rounding is allowed, and so is
        keeping a copy of it. A and B have not changed since `merge`. Unmerging a layer that is not merged
        changes nothing.
        """
        # TODO(lora.3): the way back (about 3 lines)
        raise NotImplementedError("lora.3")


# ---------------------------------------------------------------------------------------------- lora.4


def adapter_layers(model: nn.Module) -> dict[str, LoRALinear]:
    """The adapted layers of a model, by their dotted names."""
    return {name: module for name, module in model.named_modules() if isinstance(module, LoRALinear)}


def matches(name: str, target: str) -> bool:
    """Whether a dotted module name is the target or ends with it, in whole words between the dots.

    Examples for the target "attn": "attn" and "h.0.attn" match, "h.0.cross_attn" and "attn.dropout" do not.
    A target may hold dots itself: "mlp.c_proj" matches "h.0.mlp.c_proj".
    """
    # TODO(lora.4): compare names, not substrings (1 line)
    raise NotImplementedError("lora.4")


def is_tied(model: nn.Module, weight: Tensor) -> bool:
    """Whether the model uses this very parameter in more than one place."""
    return sum(other is weight for _, other in model.named_parameters(remove_duplicate=False)) > 1


def find_targets(model: nn.Module, target_modules: list[str]) -> list[str]:
    """The dotted names of the modules to adapt, each once, even where several targets match it.

    Changes nothing. Raises ValueError when
        - the model already carries adapters,
        - a target matches no module,
        - a target matches a module that is neither `nn.Linear` nor `Conv1D`,
        - the weight of a matched module is tied to another module's, as GPT-2's `lm_head` is to its
          embedding: an update would reach only one of the two.
    """
    if adapter_layers(model):
        raise ValueError("the model already carries adapters")
    # TODO(lora.4): collect the matching names, raise in the other cases; `is_tied` is given (about 12 lines)
    raise NotImplementedError("lora.4")


def inject_lora(model: nn.Module, target_modules: list[str], r: int, alpha: float, dropout: float = 0.0) -> nn.Module:
    """Put a LoRA layer in the place of every module that `target_modules` names, and freeze all the rest.

    `target_modules` is a list of names that match as `matches` says. `nn.Linear` and GPT-2's `Conv1D` can be
    adapted; the cases listed at `find_targets` raise ValueError and leave the model unchanged, a second call
    on the same model among them.

    Returns the model with adapters. Working in place is fine: callers go on with what is returned. In it
        - A and B of each adapted module are the only trainable tensors: embeddings, norms, heads are frozen;
        - A and B of the module that was called `h.0.attn.c_attn` are found under that name, that is, their
          names in `named_parameters()` contain "h.0.attn.c_attn.";
        - a new layer is in train or eval mode as the layer it replaces was;
        - weights that were tied still are.

    Example: with r=8 and target_modules=["c_attn"], GPT-2 has 294,912 trainable parameters of 124,734,720.
    """
    targets = find_targets(model, target_modules)
    # TODO(lora.4): freeze the model and replace each target by its adapted layer (about 4 lines)
    raise NotImplementedError("lora.4")


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """(trainable, all): how many numbers an optimiser may change, and how many the model holds.

    Two ints over `model.parameters()`: a tensor shared by two modules counts once, buffers do not count.
    """
    # TODO(lora.4): count (about 3 lines)
    raise NotImplementedError("lora.4")


# ---------------------------------------------------------------------------------------------- lora.5

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"

# Fields of PEFT's LoraConfig that would change what the model computes and that this exercise leaves out,
# with the values that stand for "not used". A field may also be absent.
UNSUPPORTED = {
    "use_dora": [False],
    "lora_bias": [False],
    "bias": ["none"],
    "rank_pattern": [{}, None],
    "alpha_pattern": [{}, None],
    "modules_to_save": [[], None],
    "layers_to_transform": [[], None],
    "layer_replication": [[], None],
    "target_parameters": [[], None],
    "trainable_token_indices": [[], {}, None],
}


def read_config(directory: str | Path) -> dict:
    """The fields of `adapter_config.json`; ValueError if they ask for more than LoRA on a list of modules."""
    config = json.loads((Path(directory) / CONFIG_FILE).read_text(encoding="utf-8"))
    for field, unused in UNSUPPORTED.items():
        if field in config and config[field] not in unused:
            raise ValueError(f"{CONFIG_FILE}: {field} = {config[field]!r} is not supported")
    if not isinstance(config.get("target_modules"), list):
        raise ValueError(f"{CONFIG_FILE}: target_modules must be a list of names")
    return config


def adapter_state(model: nn.Module) -> dict[str, Tensor]:
    """The adapter's tensors, by the names that PEFT gives them in a file.

    PEFT puts two wrappers around a model before it saves, which the names show. For `h.0.attn.c_attn`:

        base_model.model.h.0.attn.c_attn.lora_A.weight      (r, in)
        base_model.model.h.0.attn.c_attn.lora_B.weight      (out, r)

    with these shapes for `nn.Linear` and for `Conv1D`. The tensors share their memory with the model: copying
    numbers into one of them changes the model.
    """
    state = {}
    for name, layer in adapter_layers(model).items():
        # TODO(lora.5): the two tensors of this layer under their two names, without a graph (2 lines)
        raise NotImplementedError("lora.5")
    return state


def save_adapter(model: nn.Module, directory: str | Path) -> None:
    """Write the adapter so that PEFT can read it, by `PeftModel.from_pretrained(bare_model, directory)`.

    `directory`, a str or a Path, is created with its parents where they are missing; an adapter that it holds
    already is replaced. It receives two files and nothing else:

        adapter_config.json         r, lora_alpha, lora_dropout and use_rslora as the layers have them;
                                    target_modules, a list of names; peft_type "LORA"; bias "none";
                                    fan_in_fan_out, whether the adapted layers are `Conv1D`. For a field that
                                    is absent PEFT takes a default of its own: 8 for lora_alpha.
        adapter_model.safetensors   the tensors of `adapter_state` in their own dtype, nothing of the base. No
                                    pickle.

    Together they have at most 1.1 times the bytes of A and B plus 16 kB. Returns None and changes nothing in
    the model. A merged model gives the same files as an unmerged one.
    """
    layers = adapter_layers(model)
    if not layers:
        raise ValueError("the model carries no adapters")
    first = next(iter(layers.values()))  # `inject_lora` gave all of them the same r, alpha and dropout
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    # TODO(lora.5): collect the config, then write the two files with json and `save_file` (about 12 lines)
    raise NotImplementedError("lora.5")


def load_adapter(model: nn.Module, directory: str | Path) -> nn.Module:
    """Put the adapter stored in `directory`, by `save_adapter` or by PEFT, into a bare model.

    Returns the model with adapters, with the trainable tensors that `inject_lora` gives it. r, alpha,
    dropout, the targets and `use_rslora` come from the config; where PEFT left out a field, there is no
    dropout and no rslora.

    Raises ValueError when the model already carries adapters and when the config uses a field of
    `UNSUPPORTED`. Raises, whatever the exception, when a file is missing or damaged, when a tensor of an
    adapted layer is missing, when a tensor belongs to none of them, and when a shape differs.
    """
    config = read_config(directory)
    tensors = load_file(Path(directory) / WEIGHTS_FILE)
    # TODO(lora.5): inject, honour use_rslora, compare names and shapes with `adapter_state`, copy (10 lines)
    raise NotImplementedError("lora.5")
