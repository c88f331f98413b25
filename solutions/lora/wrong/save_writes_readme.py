# Leaves a model card beside the two files.
# fails: lora.5.files


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    (Path(directory) / "README.md").write_text("# A LoRA adapter\n", encoding="utf-8")
