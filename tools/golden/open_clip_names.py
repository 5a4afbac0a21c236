# SPDX-License-Identifier: MIT
"""From the tensor names of transformers' CLIP to those of open_clip and OpenAI."""
import torch


def with_open_clip_names(state, vision_layers, text_layers):
    """The state_dict `state` of transformers' CLIPModel as open_clip's CLIP loads it."""
    out = {"logit_scale": state["logit_scale"],
           "visual.class_embedding": state["vision_model.embeddings.class_embedding"],
           "visual.conv1.weight": state["vision_model.embeddings.patch_embedding.weight"],
           "visual.positional_embedding": state["vision_model.embeddings.position_embedding.weight"],
           "visual.proj": state["visual_projection.weight"].T,
           "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
           "positional_embedding": state["text_model.embeddings.position_embedding.weight"],
           "text_projection": state["text_projection.weight"].T}
    for ours, theirs in (("visual.ln_pre", "vision_model.pre_layrnorm"), ("visual.ln_post", "vision_model.post_layernorm"),
                         ("ln_final", "text_model.final_layer_norm")):
        for part in ("weight", "bias"):
            out[f"{ours}.{part}"] = state[f"{theirs}.{part}"]
    for tower, prefix, layers in (("vision_model", "visual.", vision_layers), ("text_model", "", text_layers)):
        for layer in range(layers):
            ours, theirs = f"{prefix}transformer.resblocks.{layer}", f"{tower}.encoder.layers.{layer}"
            for part in ("weight", "bias"):
                out[f"{ours}.attn.in_proj_{part}"] = torch.cat([state[f"{theirs}.self_attn.{x}_proj.{part}"] for x in "qkv"])
                for a, b in (("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
                             ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
                    out[f"{ours}.{a}.{part}"] = state[f"{theirs}.{b}.{part}"]
    return out
