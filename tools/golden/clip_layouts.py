# SPDX-License-Identifier: MIT
# Writes one tiny random CLIP in three layouts - transformers, open_clip, open_clip's CustomTextCLIP - and spots.txt,
# single weights by their place in the model, for tests/model/test_model_dir.c. See the README.md beside them.
import json
import os
import sys

import numpy as np
import open_clip
import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

from open_clip_names import with_open_clip_names

directory = sys.argv[1]
torch.manual_seed(11)
DIM, IMAGE, PATCH, CONTEXT, VOCABULARY = 12, 14, 4, 6, 20
VISION = dict(width=16, heads=2, layers=2, mlp=32)
TEXT = dict(width=8, heads=4, layers=3, mlp=24)


def tower(t):
    return dict(hidden_size=t["width"], intermediate_size=t["mlp"], num_hidden_layers=t["layers"],
                num_attention_heads=t["heads"], hidden_act="gelu")


hf = CLIPModel(CLIPConfig(
    vision_config=dict(image_size=IMAGE, patch_size=PATCH, **tower(VISION)),
    text_config=dict(vocab_size=VOCABULARY, max_position_embeddings=CONTEXT, bos_token_id=VOCABULARY - 2,
                     eos_token_id=VOCABULARY - 1, pad_token_id=VOCABULARY - 1, **tower(TEXT)),
    projection_dim=DIM)).eval()
with torch.no_grad():
    for p in hf.parameters():  # exact in f16, so that every layout holds the same values whatever it stores them in
        p.copy_((torch.randn_like(p) * 0.3).to(torch.float16).to(torch.float32))
    hf.logit_scale.fill_(3.5)

vision_cfg = dict(image_size=IMAGE, layers=VISION["layers"], width=VISION["width"], patch_size=PATCH,
                  head_width=VISION["width"] // VISION["heads"], mlp_ratio=VISION["mlp"] / VISION["width"])
text_cfg = dict(context_length=CONTEXT, vocab_size=VOCABULARY, width=TEXT["width"], heads=TEXT["heads"],
                layers=TEXT["layers"], mlp_ratio=TEXT["mlp"] / TEXT["width"])


plain = open_clip.model.CLIP(DIM, vision_cfg, text_cfg, quick_gelu=False).eval()
plain.load_state_dict(with_open_clip_names(hf.state_dict(), VISION["layers"], TEXT["layers"]))
custom = open_clip.model.CustomTextCLIP(DIM, vision_cfg, text_cfg, quick_gelu=False).eval()
custom.load_state_dict({k if k.startswith("visual.") or k == "logit_scale" else "text." + k: v
                        for k, v in plain.state_dict().items()})

# the three are one model: equal features prove the renaming
pixels = torch.randn(3, 3, IMAGE, IMAGE)
ids = torch.tensor([[18, 1, 2, 3, 4, 19], [18, 5, 19, 0, 0, 0], [18, 19, 0, 0, 0, 0]])
with torch.no_grad():
    images = hf.visual_projection(hf.vision_model(pixel_values=pixels).pooler_output)
    texts = hf.text_projection(hf.text_model(input_ids=ids).pooler_output)
    for model in (plain, custom):
        assert (model.encode_image(pixels) - images).abs().max() < 1e-5
        assert (model.encode_text(ids) - texts).abs().max() < 1e-5

hf.save_pretrained(directory + "/tiny-hf")
CLIPImageProcessor(size={"shortest_edge": IMAGE + 2}, crop_size=IMAGE).save_pretrained(directory + "/tiny-hf")
for name, model, dtype in (("tiny-open-clip", plain, torch.float16), ("tiny-custom-text", custom, torch.bfloat16)):
    os.makedirs(directory + "/" + name, exist_ok=True)
    save_file({k: v.to(dtype).contiguous() for k, v in model.state_dict().items()},
              directory + "/" + name + "/open_clip_model.safetensors")
    with open(directory + "/" + name + "/open_clip_config.json", "w") as out:
        config = {"model_cfg": {"embed_dim": DIM, "vision_cfg": vision_cfg, "text_cfg": text_cfg},
                  "preprocess_cfg": {"mean": [0.5, 0.25, 0.125], "std": [0.5, 0.25, 0.75], "interpolation": "bilinear",
                                     "resize_mode": "shortest", "size": 224}}
        if name == "tiny-custom-text":
            config["model_cfg"]["custom_text"] = True
            del config["preprocess_cfg"]
        json.dump(config, out, indent=1)

# tower, layer (- for none), place, rows, columns, then row, column, value three times; from the modules, not the files
def modules():
    v, t = hf.vision_model, hf.text_model
    yield "vision", "-", "patch_weight", v.embeddings.patch_embedding.weight.flatten(1)
    yield "vision", "-", "class_embedding", v.embeddings.class_embedding[None]
    yield "vision", "-", "positions", v.embeddings.position_embedding.weight
    yield "vision", "-", "pre_ln_weight", v.pre_layrnorm.weight[None]
    yield "vision", "-", "pre_ln_bias", v.pre_layrnorm.bias[None]
    yield "vision", "-", "post_ln_weight", v.post_layernorm.weight[None]
    yield "vision", "-", "post_ln_bias", v.post_layernorm.bias[None]
    yield "vision", "-", "projection", hf.visual_projection.weight
    yield "text", "-", "tokens", t.embeddings.token_embedding.weight
    yield "text", "-", "positions", t.embeddings.position_embedding.weight
    yield "text", "-", "final_ln_weight", t.final_layer_norm.weight[None]
    yield "text", "-", "final_ln_bias", t.final_layer_norm.bias[None]
    yield "text", "-", "projection", hf.text_projection.weight
    for name, layers in (("vision", v.encoder.layers), ("text", t.encoder.layers)):
        for n, layer in enumerate(layers):
            a = layer.self_attn
            for place, module in (("ln1", layer.layer_norm1), ("q", a.q_proj), ("k", a.k_proj), ("v", a.v_proj),
                                  ("out", a.out_proj), ("ln2", layer.layer_norm2), ("fc1", layer.mlp.fc1),
                                  ("fc2", layer.mlp.fc2)):
                yield name, n, place + "_weight", module.weight if module.weight.dim() == 2 else module.weight[None]
                yield name, n, place + "_bias", module.bias[None]


rng = np.random.default_rng(5)
with open(directory + "/spots.txt", "w") as out:
    for name, layer, place, matrix in modules():
        rows, columns = matrix.shape
        fields = [name, str(layer), place, str(rows), str(columns)]
        for r, c in ((0, 0), (rows - 1, columns - 1), (int(rng.integers(rows)), int(rng.integers(columns)))):
            # bf16 keeps fewer digits: the test allows each layout its own rounding
            fields += [str(r), str(c), "%.9g" % matrix[r, c].item()]
        out.write(" ".join(fields) + "\n")
