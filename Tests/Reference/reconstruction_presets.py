"""What presets say of learning and of the loss, as docs/presets.md has it; names are those of a plan or shorter."""

ROUNDINGS = dict(
    rounding="adaround", block_weight=1, global_weight=0, local_weight=0, global_target="features", global_share=1,
    input_drop=0, activation_drop=0, block_distance="mse", fusion="grad_norm", activation="gelu")
DROPS = dict(ROUNDINGS, input_drop=0.5, activation_drop=0.5)
WEIGHTS = dict(ROUNDINGS, rounding="ste", block_weight=2, global_weight=0.25, local_weight=0.1, global_share=0.25)
PRESETS = {
    "brecq": dict(ROUNDINGS, block_distance="brecq"),
    "qdrop": DROPS,
    "pd-quant": dict(DROPS, fusion="fixed", block_weight=197, global_weight=10, global_target="logits"),
    "aphq": dict(DROPS, block_distance="aphq", activation="relu"),
    "fima": dict(DROPS, block_distance="fima"),
    "glf": dict(WEIGHTS, global_weight=1, local_weight=0, activation="relu"),
    "mgrq": WEIGHTS,
}
RATES = dict(weight_rate=0.03, scale_rate=5e-3, warm_up=0.1, regularizer=0.01, temperature=4.0)
