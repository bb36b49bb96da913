"""Audio models of the libraries with tiny networks that have learned nothing, as folders."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers

_T5 = {
    "vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2,
    "decoder_start_token_id": 0,
}  # fmt: skip
_CLAP_TEXT = {
    "vocab_size": 40, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1,
    "num_attention_heads": 2, "max_position_embeddings": 24, "pad_token_id": 1,
    "projection_dim": 8,
}  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def t5_tokenizer():
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    words += [(letter, -3.0) for letter in _LETTERS]
    return transformers.T5TokenizerFast(vocab=words, extra_ids=0, model_max_length=8)


def musicgen(folder: Path, *, melody: bool = False, channels: int = 1) -> Path:
    """A quarter as many frames a second as the published ones have."""
    torch.manual_seed(0)
    kind = "MusicgenMelody" if melody else "Musicgen"
    decoder = getattr(transformers, f"{kind}DecoderConfig")(
        vocab_size=32, hidden_size=16, num_hidden_layers=2, ffn_dim=32, num_attention_heads=2,
        num_codebooks=2 * channels, audio_channels=channels, pad_token_id=32, bos_token_id=32,
        max_position_embeddings=64, initializer_factor=0.5,
    )  # fmt: skip
    codec = transformers.EncodecConfig(
        sampling_rate=1600, audio_channels=1, num_filters=2, upsampling_ratios=[8, 4],
        codebook_size=32, codebook_dim=8, hidden_size=8, target_bandwidths=[0.5],
        num_lstm_layers=1, normalize=False, chunk_length_s=None, kernel_size=3,
        last_kernel_size=3, residual_kernel_size=3,
    )  # fmt: skip
    config = getattr(transformers, f"{kind}Config")(
        text_encoder=transformers.T5Config(**_T5).to_dict(),
        audio_encoder=codec.to_dict(),
        decoder=decoder.to_dict(),
    )
    if melody:
        config.chroma_length = 8
    network = getattr(transformers, f"{kind}ForConditionalGeneration")(config)
    for name, parameter in network.named_parameters():
        if "embed" in name or "lm_heads" in name or "proj" in name:
            torch.nn.init.normal_(parameter, std=0.6)
    for name, buffer in network.named_buffers():
        if name.endswith("codebook.embed"):
            torch.nn.init.normal_(buffer)
    network.save_pretrained(folder)
    t5_tokenizer().save_pretrained(folder)
    ids = dict.fromkeys(("pad_token_id", "bos_token_id", "decoder_start_token_id"), 32)
    (folder / "generation_config.json").write_text(json.dumps({**ids, "do_sample": True}))
    if melody:
        sizes = {"n_fft": 256, "hop_length": 64, "num_chroma": 12, "chunk_length": 30}
        (folder / "preprocessor_config.json").write_text(json.dumps(sizes))
    return folder


def stable_audio(folder: Path) -> Path:
    """Of 64 frames of 32 samples each, at 1024 samples a second: two seconds."""
    import diffusers

    torch.manual_seed(0)
    pipe = diffusers.StableAudioPipeline(
        transformer=diffusers.StableAudioDiTModel(
            sample_size=64, in_channels=3, out_channels=3, num_layers=1, attention_head_dim=4,
            num_attention_heads=2, num_key_value_attention_heads=2, time_proj_dim=8,
            cross_attention_input_dim=4, cross_attention_dim=4, global_states_input_dim=8,
        ),
        vae=diffusers.AutoencoderOobleck(
            encoder_hidden_size=6, downsampling_ratios=[4, 8], decoder_channels=3,
            decoder_input_channels=3, audio_channels=2, channel_multiples=[2, 4],
            sampling_rate=1024,
        ),
        text_encoder=transformers.T5EncoderModel(transformers.T5Config(**_T5)),
        projection_model=diffusers.StableAudioProjectionModel(
            text_encoder_dim=16, conditioning_dim=4, min_value=0, max_value=32
        ),
        tokenizer=t5_tokenizer(),
        scheduler=diffusers.CosineDPMSolverMultistepScheduler(
            solver_order=2, prediction_type="v_prediction", sigma_data=1.0,
            sigma_schedule="exponential",
        ),
    )  # fmt: skip
    return _saved(pipe, folder, "vae")


def audioldm(folder: Path) -> Path:
    """Mono, 1000 samples a second."""
    import diffusers

    torch.manual_seed(0)
    text = transformers.ClapTextConfig(**_CLAP_TEXT, projection_hidden_act="relu")
    pipe = diffusers.AudioLDMPipeline(
        vae=_vae(),
        text_encoder=transformers.ClapTextModelWithProjection(text),
        tokenizer=_roberta(),
        unet=diffusers.UNet2DConditionModel(
            block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, sample_size=16,
            in_channels=4, out_channels=4, cross_attention_dim=(8, 16), attention_head_dim=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            class_embed_type="simple_projection", projection_class_embeddings_input_dim=8,
            class_embeddings_concat=True,
        ),
        scheduler=_ddim(),
        vocoder=_vocoder(),
    )  # fmt: skip
    return _saved(pipe, folder, "vocoder")


def audioldm2(folder: Path) -> Path:
    """Mono, 1000 samples a second."""
    import diffusers

    torch.manual_seed(0)
    clap = transformers.ClapConfig(
        text_config=_CLAP_TEXT,
        audio_config={
            "spec_size": 8, "window_size": 4, "num_mel_bins": 8, "patch_size": 2, "patch_stride": 2,
            "patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [1, 1],
            "hidden_size": 16, "projection_dim": 8,
        },
        projection_dim=8,
    )  # fmt: skip
    pipe = diffusers.AudioLDM2Pipeline(
        vae=_vae(),
        text_encoder=transformers.ClapModel(clap),
        text_encoder_2=transformers.T5EncoderModel(transformers.T5Config(**_T5)),
        projection_model=diffusers.AudioLDM2ProjectionModel(
            text_encoder_dim=8, text_encoder_1_dim=16, langauge_model_dim=8
        ),
        language_model=transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                n_embd=8, n_layer=1, n_head=2, vocab_size=40, n_positions=64, n_ctx=64,
                max_new_tokens=8,
            )
        ),
        tokenizer=_roberta(),
        tokenizer_2=t5_tokenizer(),
        feature_extractor=transformers.ClapFeatureExtractor(),
        unet=diffusers.AudioLDM2UNet2DConditionModel(
            block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, sample_size=16,
            in_channels=4, out_channels=4, cross_attention_dim=((None, 8, 16),) * 2,
            attention_head_dim=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        scheduler=_ddim(),
        vocoder=_vocoder(),
    )  # fmt: skip
    return _saved(pipe, folder, "vocoder")


def _roberta():
    letters = {letter: 5 + at for at, letter in enumerate(_LETTERS)}
    special = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4}
    return transformers.RobertaTokenizerFast(
        vocab={**special, **letters}, merges=[], model_max_length=16
    )


def _vae():
    import diffusers

    return diffusers.AutoencoderKL(
        block_out_channels=(8, 16), in_channels=1, out_channels=1, latent_channels=4,
        norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip


def _ddim():
    import diffusers

    return diffusers.DDIMScheduler(
        beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False,
    )  # fmt: skip


def _vocoder():
    config = transformers.SpeechT5HifiGanConfig(
        model_in_dim=8, sampling_rate=1000, upsample_initial_channel=16,
        upsample_rates=[2, 2], upsample_kernel_sizes=[4, 4], resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]], normalize_before=False,
    )  # fmt: skip
    return transformers.SpeechT5HifiGan(config)


def _saved(pipe, folder: Path, last: str) -> Path:
    """Save a pipeline whose ``last`` network is loud enough to be heard."""
    for parameter in getattr(pipe, last).parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    pipe.save_pretrained(folder)
    return folder
