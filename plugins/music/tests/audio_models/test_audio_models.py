"""Audio models of the user: tiny random ones make what the libraries make of them."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from studio.api import BadInput, StudioError, finished
from studio.api.worker.config_files import MAX_BYTES
from studio_image.diffusion.weights import loader as picture_loader
from studio_music.audio.audio_files import read_wav, wav
from studio_music.audio.models import diffusion, musicgen
from studio_music.audio.models.chroma import chroma
from studio_music.audio.models.weights import loader, read_spec

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),  # of the libraries
]

FRAMES = 20
MELODY = torch.nn.functional.one_hot(torch.arange(8) % 12, 12).float()[None]
needs_torchsde = pytest.mark.skipif(find_spec("torchsde") is None, reason="an optional package")


def seeded(number=5):
    return torch.Generator().manual_seed(number)


def heard(artifact):
    return read_wav(artifact.read())


# --- MusicGen ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["musicgen", "stereo", "melody"])
def test_a_window_is_what_the_library_generates(models, folders, name):
    import transformers

    melody = MELODY if name == "melody" else None
    kind = f"Musicgen{'Melody' if name == 'melody' else ''}ForConditionalGeneration"
    library = getattr(transformers, kind).from_pretrained(folders[name]).eval()
    words = transformers.T5TokenizerFast.from_pretrained(folders[name])
    more = {"input_features": melody} if name == "melody" else {}
    how = {"do_sample": True, "guidance_scale": 3.0, "max_new_tokens": FRAMES + 1}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        wanted = library.generate(
            **words("a cat", return_tensors="pt"), **more, **how, top_k=10, temperature=0.9
        )
    wish = musicgen.Wish("a cat", 1, 3.0, 0.9, 10, melody)
    made, codes = musicgen.window(models[name], wish, None, FRAMES, seeded(), lambda step: None)
    assert torch.equal(made, wanted[0])
    other, _ = musicgen.window(models[name], wish, None, FRAMES, seeded(6), lambda step: None)
    assert not torch.equal(other, made)
    assert codes.shape[1] == FRAMES
    if name == "melody":
        # A version of the library paid no attention to the melody (transformers #45647).
        deaf = musicgen.Wish("a cat", 1, 3.0, 0.9, 10)
        other, _ = musicgen.window(models[name], deaf, None, FRAMES, seeded(), lambda step: None)
        assert not torch.equal(other, made)
        return
    given = torch.randn(made.shape[0], 640, generator=seeded()) / 4
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        wanted = library.generate(
            **words("a cat", return_tensors="pt"), input_values=given[None], **how, top_k=10
        )
    codes = musicgen.encoded(models[name], given)
    wish = musicgen.Wish("a cat", 1, 3.0, 1.0, 10)
    frames = FRAMES + codes.shape[1]
    made, told = musicgen.window(models[name], wish, codes, frames, seeded(), lambda step: None)
    assert torch.equal(made, wanted[0])
    assert torch.equal(told[:, : codes.shape[1]], codes)


def test_longer_sounds_go_on_from_the_end_of_a_window(models):
    model = models["musicgen"]
    begun = []
    wish = musicgen.Wish("a cat", 3.0, 3.0, 1.0, 10, window=1.0)
    sound = musicgen.written(model, wish, seeded(), begun.append)
    assert sound.shape == (4800, 1)
    assert begun == sorted(begun)
    assert 2.8 < begun[-1] <= 3.0
    first, codes = musicgen.window(model, wish, None, 50, seeded(), lambda step: None)
    before = 1600 - 400  # there the next window comes in
    assert np.array_equal(sound[:before], first.T.numpy()[:before])
    draws = seeded()
    musicgen.window(model, wish, None, 50, draws, lambda step: None)
    second, _ = musicgen.window(model, wish, codes[:, -20:], 50, draws, lambda step: None)
    assert np.array_equal(sound[1600:2160], second.T.numpy()[640:1200])
    again, step = sound[1599:1601], np.abs(np.diff(sound, axis=0)).max()
    assert np.abs(np.diff(again, axis=0)).max() <= step, "no click at the joint"


def test_notes_of_a_melody_are_found():
    rate, config = 1600, {"n_fft": 512, "hop_length": 128, "num_chroma": 12}
    time = torch.arange(rate) / rate
    found = chroma(torch.sin(2 * torch.pi * 440 * time), config, rate)
    assert found.shape == (1, 13, 12)
    assert set(found[0].argmax(-1).tolist()) == {9}, "an A, counted from C"
    assert chroma(torch.zeros(9), config, rate).shape[2] == 12


# --- pipelines of diffusers -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["audioldm", "audioldm2", pytest.param("stable-audio", marks=needs_torchsde)]
)
def test_a_sound_is_that_of_the_librarys_pipeline(models, folders, name):
    import diffusers

    kinds = {
        "stable-audio": "StableAudioPipeline",
        "audioldm": "AudioLDMPipeline",
        "audioldm2": "AudioLDM2Pipeline",
    }
    kind = getattr(diffusers, kinds[name])
    library = kind.from_pretrained(folders[name])
    for part, network in models[name].networks.items():
        theirs, ours = getattr(library, part).state_dict(), network.state_dict()
        assert theirs.keys() == ours.keys()
        assert all(torch.equal(theirs[key], ours[key]) for key in theirs)
    parts = {**models[name].networks, **models[name].tokenizers}
    extra = {"feature_extractor": None} if name == "audioldm2" else {}
    pipe = kind(**parts, **extra, scheduler=library.scheduler)
    pipe.set_progress_bar_config(disable=True)
    length = "audio_end_in_s" if name == "stable-audio" else "audio_length_in_s"
    for negative in ("", "dog"):
        wanted = pipe(
            "a cat", negative_prompt=negative or None, num_inference_steps=3, guidance_scale=4.0,
            generator=seeded(), **{length: 0.5},
        ).audios[0]  # fmt: skip
        steps = []
        wish = diffusion.Wish("a cat", negative, 0.5, 3, 4.0)
        latents = diffusion.denoised(models[name], wish, seeded(), steps.append)
        sound = diffusion.decoded(models[name], latents, 0.5)
        assert np.array_equal(sound, np.atleast_2d(np.asarray(wanted)).T)
        assert steps == [1, 2, 3]


# --- the task ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["musicgen", "audioldm2", pytest.param("stable-audio", marks=needs_torchsde)]
)
def test_takes_have_seeds_of_their_own_and_each_is_the_same_alone(make, name):
    made = make(name, count=2)
    assert made.result["seeds"] == [3, 4]
    first, second = map(heard, made.artifacts)
    assert len(first[0]) == round(0.5 * first[1]) == round(0.5 * made.result["sample_rate"])
    assert not np.array_equal(first[0], second[0])
    assert np.array_equal(second[0], heard(make(name, seed=4).artifacts[0])[0])
    assert made.artifacts[1].meta["params"]["seed"] == 4
    done = [step.done for step in made.progress]
    assert done == sorted(done)
    assert made.progress[-1].done == made.progress[-1].total == 1.0, "seconds of sound"


@pytest.mark.parametrize("name", ["musicgen", "audioldm2"])
def test_it_stops_within_a_step(make, name):
    made = make(name, stop_after=3)
    assert made.cancelled
    assert not made.artifacts
    assert len(made.progress) == 3


def test_a_given_sound_is_continued_and_stays_as_it_is(make, tmp_path):
    given = np.sin(np.arange(3200) / 5)[:, None].astype(np.float32) / 3
    file = tmp_path / "given.wav"
    file.write_bytes(wav(given, 1600))
    sound, rate = heard(make(use="continue", sound=str(file), prompt="").artifacts[0])
    assert len(sound) == 3200 + rate // 2
    assert np.allclose(sound[:2700], given[:2700], atol=1e-4)
    followed = [
        heard(make("melody", use=use, sound=str(file)).artifacts[0])[0]
        for use in ("none", "melody")
    ]
    assert not np.array_equal(*followed)


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("musicgen", {"negative": "rain"}, "takes no negative prompt"),
        ("musicgen", {"use": "melody", "sound": "a.wav"}, "cannot follow a melody"),
        ("audioldm2", {"use": "continue", "sound": "a.wav"}, "cannot continue a sound"),
        ("stable-audio", {"seconds": 3}, "makes 2 s at most"),
        ("musicgen", {"use": "continue", "sound": "/nowhere/a.wav"}, "cannot be read"),
        ("musicgen", {"prompt": " "}, "There is no prompt"),
        ("musicgen", {"use": "continue"}, "no sound to work on"),
    ],
)
def test_what_a_model_cannot_do_is_a_sentence(make, name, values, sentence):
    with pytest.raises(BadInput, match=sentence):
        make(name, **values)


# --- folders ----------------------------------------------------------------------------------


def test_folders_are_told_by_what_they_say(folders, tmp_path):
    for name, path in folders.items():
        facts = loader().recognise(path)
        assert facts.capabilities == ("text-to-audio",)
        assert loader().measure(path).weights_bytes == 4 * facts.facts["parameters"]
        assert picture_loader().recognise(path) is None, name
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert loader().recognise(tmp_path) is None


def _pickled(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _huge(folder):
    change(folder, decoder={"model_type": "musicgen_decoder", "num_hidden_layers": 10**6})


def _torn(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:99])


def _narrow(folder):
    config = json.loads((folder / "config.json").read_text())
    change(folder, decoder=config["decoder"] | {"hidden_size": 24})


def _deep(folder):
    (folder / "config.json").write_text(
        '{"model_type": "musicgen", "a": ' + '{"a":' * 20 + "1" + "}" * 21
    )


def _wordless(folder):
    (folder / "tokenizer.json").write_text("{}")


def change(folder, **values):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_pickled, "pickle"),
        (_huge, "num_hidden_layers"),
        (_torn, "not a complete safetensors"),
        (_narrow, "do not fit"),
        (_deep, "nested too deeply"),
        (_wordless, "vocabulary cannot be read"),
        (lambda folder: change(folder, text_encoder={"model_type": "evil"}), "not supported"),
        (lambda folder: change(folder, decoder=3), "nothing of its decoder"),
        (
            lambda folder: (folder / "generation_config.json").write_text(" " * MAX_BYTES + "{}"),
            "larger than 1 MiB",
        ),
    ],
)
def test_a_broken_or_hostile_folder_is_a_sentence(folders, tmp_path, harm, sentence):
    folder = shutil.copytree(folders["musicgen"], tmp_path / "model")
    read_spec(folder)
    harm(folder)
    with pytest.raises(StudioError, match=sentence):
        finished(loader().load(folder, "cpu"))


def test_classes_of_a_pipeline_are_ours_and_no_code_comes_along(folders, tmp_path):
    folder = shutil.copytree(folders["audioldm2"], tmp_path / "model")
    index = folder / "model_index.json"
    said = json.loads(index.read_text())
    (folder / "evil.py").write_text("raise SystemExit")
    index.write_text(json.dumps(said | {"vocoder": ["evil", "Evil"]}))
    with pytest.raises(StudioError, match="never run"):
        read_spec(folder)
    index.write_text(json.dumps(said | {"vocoder": None}))
    with pytest.raises(StudioError, match="names no vocoder"):
        read_spec(folder)
