# Joins the directory with `+`, which a Path does not know.
# fails: lora.5.peft_reads lora.5.files lora.5.round_trip lora.5.merged


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory + "/")
