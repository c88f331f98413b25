# Writes the config with the many fields that PEFT writes, and short names as targets where they are enough.


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    path = Path(directory) / CONFIG_FILE
    config = json.loads(path.read_text(encoding="utf-8"))
    linear = [n for n, m in model.named_modules() if isinstance(m, LoRALinear | nn.Linear | Conv1D)]
    linear = [n for n in linear if not n.endswith(".base")]
    short = sorted({name.split(".")[-1] for name in config["target_modules"]})
    hit = [name for name in linear if any(matches(name, target) for target in short)]
    if set(hit) == set(config["target_modules"]):
        config["target_modules"] = short
    config |= {
        "auto_mapping": None,
        "base_model_name_or_path": "gpt2",
        "inference_mode": True,
        "init_lora_weights": True,
        "layers_to_transform": None,
        "lora_bias": False,
        "modules_to_save": None,
        "rank_pattern": {},
        "alpha_pattern": {},
        "revision": None,
        "task_type": "CAUSAL_LM",
        "use_dora": False,
    }
    path.write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")
