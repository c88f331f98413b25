# Refuses DoRA and lets rank and alpha patterns through.
# fails: lora.5.refuses
UNSUPPORTED = {"use_dora": [False], "bias": ["none"], "modules_to_save": [[], None]}
