# Reads r, alpha and the targets, and never looks at what else the config asks for.
# fails: lora.5.refuses
UNSUPPORTED = {}
