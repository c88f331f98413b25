# damaging: writes files on which a library that reads them should break
# wins: nowhere, the oracle that reads them is ours
import itertools
import json
import struct

import torch


def bytes_of(text):
    return torch.tensor(list(text), dtype=torch.uint8)


CONFIG = {"peft_type": "LORA", "r": 3, "lora_alpha": 2.5, "target_modules": ["c_attn"], "bias": "none"}
CONFIGS = [
    CONFIG | {"target_modules": "(a+)+$"},
    CONFIG | {"r": 10**9},
    CONFIG | {"lora_alpha": 1e308, "lora_dropout": 1e308},
    CONFIG | {"auto_mapping": {"base_model_class": "os.system"}, "base_model_name_or_path": "/etc/passwd"},
    {"peft_type": "X" * 10**5},
    [],
]
EMPTY = {
    f"base_model.model.{n}.lora_A.weight": {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]} for n in range(9000)
}
HEADERS = [
    json.dumps(EMPTY).encode(),
    b"{" * 500_000,
    b"[]",
    b'{"a":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,8]}}',
]
WEIGHTS = [struct.pack("<Q", len(header)) + header for header in HEADERS] + [
    struct.pack("<Q", 2**63),
    b"\x80\x04cos\nsystem\n.",
]
FILES = itertools.cycle([(json.dumps(config).encode(), weights) for config in CONFIGS for weights in WEIGHTS])


def save(impl, **given):
    config, weights = next(FILES)
    return {"config": bytes_of(config), "weights": bytes_of(weights)}


def replace_probe():
    import sys

    frame = sys._getframe()
    while "probes" not in frame.f_locals:
        frame = frame.f_back
    frame.f_locals["probes"].saved = save


replace_probe()
