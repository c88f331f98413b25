"""The interface of `lora.py` on top of PEFT: what a right answer computes. Holds no LoRA of its own.

Where our rules are stricter than PEFT's (a target that matches nothing beside one that does, a tied target, a
tensor of the file that nobody asked for), the extra test stands here, in front of or behind the call.
"""

from pathlib import Path

from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.tuners import lora
from peft.tuners.tuners_utils import BaseTunerLayer, check_target_module_exists
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

# Fields of LoraConfig that change the output and that the exercise leaves out; PEFT itself would honour them.
UNSUPPORTED = (
    "use_dora", "lora_bias", "rank_pattern", "alpha_pattern", "modules_to_save", "layers_to_transform",
    "layer_replication", "target_parameters", "trainable_token_indices",
)  # fmt: skip


class LoRALinear(lora.Linear):
    """PEFT's own layer, frozen here because PEFT freezes whole models only."""

    def __init__(self, base: nn.Linear, r: int, alpha: float, dropout: float = 0.0, rslora: bool = False) -> None:
        config = LoraConfig(r=r, lora_alpha=alpha, lora_dropout=dropout, use_rslora=rslora)
        super().__init__(base, "default", config, r=r, lora_alpha=alpha)
        base.requires_grad_(False)

    def merge(self) -> None:
        if not self.merged:  # PEFT would warn and return
            super().merge()

    def unmerge(self) -> None:
        if self.merged:
            super().unmerge()


def lora_delta(A: Tensor, B: Tensor, alpha: float, rslora: bool = False) -> Tensor:
    """The update as PEFT's layer computes it before a merge."""
    r, d_in = A.shape
    base = nn.Linear(d_in, B.shape[0], bias=False, dtype=A.dtype)
    layer = LoRALinear(base, r, alpha, rslora=rslora)
    for linear, factor in ((layer.lora_A["default"], A), (layer.lora_B["default"], B)):
        del linear.weight  # a plain tensor in the parameter's place keeps its autograd history
        linear.weight = factor
    return layer.get_delta_weight("default")


def inject_lora(model: nn.Module, target_modules: list[str], r: int, alpha: float, dropout: float = 0.0) -> nn.Module:
    """`get_peft_model`, after the targets have been vetted."""
    targets = [module for target in target_modules for module in _matching(model, target)]
    config = LoraConfig(
        r=r,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=list(target_modules),
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in targets),
    )
    return _keep_modes(get_peft_model(model, config))


def _keep_modes(adapted: PeftModel) -> PeftModel:
    """The layers that PEFT adds start in train mode; ours take over the mode of the layer they replace."""
    for layer in adapted.modules():
        if isinstance(layer, BaseTunerLayer):
            layer.train(layer.get_base_layer().training)
    return adapted


def _matching(model: nn.Module, target: str) -> list[nn.Module]:
    """The modules that PEFT would adapt for one target; ValueError where we refuse and PEFT would go on."""
    if any(isinstance(module, BaseTunerLayer) for module in model.modules()):
        raise ValueError("the model already carries adapters")
    config = LoraConfig(target_modules=[target])
    found = [module for name, module in model.named_modules() if check_target_module_exists(config, name)]
    if not found:
        raise ValueError(f"no module is called {target!r}")
    for module in found:
        if not isinstance(module, nn.Linear | Conv1D):
            raise ValueError(f"{target!r} matches a {type(module).__name__}")
        owners = [p for _, p in model.named_parameters(remove_duplicate=False) if p is module.weight]
        if len(owners) > 1:
            raise ValueError(f"the weight of {target!r} is tied")
    return found


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """PEFT's own count."""
    return PeftModel.get_nb_trainable_parameters(model)  # looks at `named_parameters()`: any module will do


def save_adapter(model: PeftModel, directory: str | Path) -> None:
    """`save_pretrained`, without the model card that PEFT adds."""
    model.save_pretrained(str(directory))
    (Path(directory) / "README.md").unlink()


def load_adapter(model: nn.Module, directory: str | Path) -> nn.Module:
    """`PeftModel.from_pretrained`, and errors where PEFT would warn."""
    if any(isinstance(module, BaseTunerLayer) for module in model.modules()):
        raise ValueError("the model already carries adapters")
    stored = load_file(Path(directory) / "adapter_model.safetensors")
    config = LoraConfig.from_pretrained(str(directory))
    unsupported = [name for name in UNSUPPORTED if getattr(config, name)]
    if unsupported or config.bias != "none":
        raise ValueError(f"not plain LoRA: {unsupported or config.bias}")
    adapted = PeftModel.from_pretrained(model, str(directory), is_trainable=True)
    # PEFT only warns about a name that it misses, and says nothing of one that it does not know. Names may hold the
    # adapter's own, "default".
    needed, found = get_peft_model_state_dict(adapted).keys(), {name.replace(".default.", ".") for name in stored}
    for what, names in (("lacks", needed - found), ("holds, and PEFT ignores,", found - needed)):
        if names:
            raise ValueError(f"the file {what} {len(names)} tensors, such as {min(names)}")
    return _keep_modes(adapted)
