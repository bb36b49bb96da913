"""Model folders: nothing outside is read, nothing inside is run, no number is trusted."""

from __future__ import annotations

import json
import shutil
import struct
import sys
from pathlib import Path

import pytest

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder import weights_loader
from studio.runtime.engines.text.decoder.model_files import measure, open_model, prefix_bytes
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.loader import TextLoader
from tests.runtime.engines import tiny_models

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    return tiny_models.save_folder(tiny_models.reference(), tmp_path_factory.mktemp("sound"))


@pytest.fixture
def folder(sound, tmp_path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "model"))


def refusal(path: Path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        TextEngine.load(path)
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    return caught.value


def change(folder: Path, **values) -> None:
    path = folder / CONFIG
    config = json.loads(path.read_text()) | values
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not ...}))


def header_of(path: Path) -> tuple[dict, bytes]:
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def write_header(path: Path, header: dict | bytes, data: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_control_the_sound_folder_loads(folder) -> None:
    assert TextEngine.load(folder).info.architecture == "llama"


NUMBERS = {
    "hidden_size": [1 << 31, 0, -1, 1e308, "64", None, True, [64], 64.0, 65],
    "num_hidden_layers": [10**6, 0, -3, "3", ..., 4, 2],
    "num_attention_heads": [0, 1 << 20, "4", 3, 8],
    "num_key_value_heads": [0, 3, -1, 1 << 40, "2"],
    "intermediate_size": [1 << 40, 0, 97, ...],
    "vocab_size": [1 << 31, 0, 299, 301, "300", ...],
    "max_position_embeddings": [0, -1, 1 << 40, "256", ...],
    "rms_norm_eps": [0, -1e-5, "1e-5", 5.0],
    "head_dim": [0, 15, 1 << 20, 32],
}


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in NUMBERS.items() for value in values]
)
def test_absurd_numbers_are_refused_before_allocating(folder, key, value, monkeypatch) -> None:
    from studio.runtime.engines.text.decoder.llama import Llama

    def allocate(*_) -> None:
        raise AssertionError("memory was reserved")

    monkeypatch.setattr(Llama, "allocate", allocate)
    change(folder, **{key: value})
    if key != "head_dim":
        change(folder, head_dim=...)
    assert refusal(folder).code in (ErrorCode.BAD_WEIGHTS, ErrorCode.UNSUPPORTED)


RULES = [
    {"architectures": ["MambaForCausalLM"]},
    {"architectures": ["os.system"]},
    {"architectures": []},
    {"architectures": [["LlamaForCausalLM"]]},
    {"architectures": ...},
    {"hidden_act": "os.system"},
    {"attention_bias": True},
    {"mlp_bias": True},
    {"quantization_config": {"quant_method": "gptq"}},
    {"rope_parameters": {"rope_type": "alien", "rope_theta": 1e4, "factor": 4.0}},
    {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1.0, "factor": 4.0}},
    {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 0}},
    {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": "4"}},
    {"rope_parameters": {"rope_type": "default", "rope_theta": -1}},
    {"rope_parameters": "linear"},
    {
        "rope_parameters": {
            "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 4.0,
            "high_freq_factor": 1.0, "original_max_position_embeddings": 64,
        }
    },
    {"partial_rotary_factor": 1.5},
]  # fmt: skip


@pytest.mark.parametrize("values", RULES, ids=str)
def test_other_rules_are_refused(folder, values) -> None:
    change(folder, **values)
    assert refusal(folder).code in (ErrorCode.BAD_WEIGHTS, ErrorCode.UNSUPPORTED)


def test_an_unknown_architecture_is_named(folder) -> None:
    change(folder, architectures=["MambaForCausalLM"])
    error = refusal(folder)
    assert error.code is ErrorCode.UNSUPPORTED
    assert "“MambaForCausalLM”" in error.message


def test_what_asks_to_run_code_has_no_effect_and_is_listed(folder) -> None:
    canary = folder / "canary"
    (folder / "modeling_evil.py").write_text(f"open({str(canary)!r}, 'w')")
    change(folder, _attn_implementation_internal="evil/repo")
    settings = folder / "tokenizer_config.json"
    asks = {"auto_map": {"AutoTokenizer": ["modeling_evil.Evil", None]}}
    settings.write_text(json.dumps(json.loads(settings.read_text("utf-8")) | asks), "utf-8")
    assert TextEngine.load(folder).info.blocked == ("_attn_implementation_internal", "auto_map")
    assert not canary.exists()
    assert not [name for name in sys.modules if "evil" in name]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "{'a': 1}", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000, "\xff"]
)
def test_broken_json_is_refused(folder, text) -> None:
    (folder / CONFIG).write_bytes(text.encode("latin-1"))
    assert refusal(folder).code is ErrorCode.BAD_WEIGHTS


def test_endless_json_is_refused(folder) -> None:
    (folder / CONFIG).write_bytes(b" " * (2 << 20))
    assert "the limit is 1048576" in refusal(folder).message


def test_missing_parts_are_named(folder) -> None:
    for name in ("tokenizer.json", WEIGHTS, CONFIG):
        (folder / name).rename(folder / "away")
        assert name in refusal(folder).message
        (folder / "away").rename(folder / name)


def test_pickled_weights_are_refused_with_the_reason(folder) -> None:
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    assert "pickle file" in refusal(folder).message


OUTSIDE = [
    "../other.safetensors",
    "/etc/passwd",
    "sub/model.safetensors",
    "https://example.org/model.safetensors",
    "C:\\model.safetensors",
    "..\\other.safetensors",
    "..",
    ".",
    "",
    "a\0b",
    "file:model.safetensors",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_shards_elsewhere_are_refused(folder, name) -> None:
    shutil.copy(folder / WEIGHTS, folder.parent / "other.safetensors")
    tensors = header_of(folder / WEIGHTS)[0]
    places = {key: name for key in tensors if key != "__metadata__"}
    (folder / INDEX).write_text(json.dumps({"weight_map": places}))
    assert refusal(folder).code is ErrorCode.BAD_WEIGHTS


def test_a_missing_shard_is_named(folder) -> None:
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "model-2.safetensors"}}))
    assert "“model-2.safetensors” is missing" in refusal(folder).message


def test_a_tensor_in_two_shards_is_refused(folder) -> None:
    shutil.copy(folder / WEIGHTS, folder / "second.safetensors")
    (folder / INDEX).write_text(
        json.dumps({"weight_map": {"a": WEIGHTS, "b": "second.safetensors"}})
    )
    assert "is also in another file" in refusal(folder).message


@needs_links
def test_links_out_of_the_folder_are_refused(folder) -> None:
    (folder / WEIGHTS).rename(folder.parent / "outside.safetensors")
    (folder / WEIGHTS).symlink_to(folder.parent / "outside.safetensors")
    assert "is outside" in refusal(folder).message


@needs_links
def test_a_link_to_itself_is_refused(folder) -> None:
    (folder / CONFIG).unlink()
    (folder / CONFIG).symlink_to(folder / CONFIG)
    assert refusal(folder).code is ErrorCode.BAD_WEIGHTS


@needs_links
def test_the_layout_of_a_hub_cache_loads(sound, tmp_path) -> None:
    model = tmp_path / "models--someone--tiny"
    snapshot, blobs = model / "snapshots" / "abc123", model / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(sound.iterdir()):
        shutil.copy(file, blobs / str(number))
        (snapshot / file.name).symlink_to(Path("../../blobs") / str(number))
    assert TextEngine.load(snapshot).info.architecture == "llama"
    (snapshot / WEIGHTS).unlink()
    shutil.copy(sound / WEIGHTS, tmp_path / "outside")
    (snapshot / WEIGHTS).symlink_to(tmp_path / "outside")
    assert "is outside" in refusal(snapshot).message


def _drop(header: dict, data: bytes):
    header.pop("model.norm.weight")
    return header, data


def _reshape(header: dict, data: bytes):
    entry = header["model.embed_tokens.weight"]
    entry["shape"] = entry["shape"][::-1]
    return header, data


def _span(begin: int, end: int):
    def edit(header: dict, data: bytes):
        first, last = header["model.norm.weight"]["data_offsets"]
        header["model.norm.weight"]["data_offsets"] = [first + begin, last + end]
        return header, data

    return edit


def _entry(**values):
    def edit(header: dict, data: bytes):
        header["model.norm.weight"] |= values
        return header, data

    return edit


def _rename(name: str):
    def edit(header: dict, data: bytes):
        header[name] = header.pop("model.norm.weight")
        return header, data

    return edit


DAMAGE = {
    "a tensor less": _drop,
    "a different shape": _reshape,
    "an overlap": _span(-256, -256),
    "longer than its shape": _span(0, 4),
    "before the file": _entry(data_offsets=[-256, 0]),
    "beyond the file": _entry(data_offsets=[1 << 40, (1 << 40) + 256]),
    "offsets that are no numbers": _entry(data_offsets=["0", "256"]),
    "offsets as one": _entry(data_offsets=[0]),
    "shape below 0": _entry(shape=[-64]),
    "shape as text": _entry(shape="64"),
    "shape of 2^60": _entry(shape=[1 << 60]),
    "shape of nine": _entry(shape=[1] * 9),
    "true as a size": _entry(shape=[True]),
    "another type": _entry(dtype="C128"),
    "no type": _entry(dtype=None),
    "a path as name": _rename("../../etc/x"),
    "NUL in a name": _rename("a\0b"),
    "a name of 10 kB": _rename("n" * 10_000),
    "an empty name": _rename(""),
    "bytes at the end": lambda header, data: (header, data + b"\0"),
    "bytes missing": lambda header, data: (header, data[:-1]),
    "an entry that is none": lambda header, data: (header | {"x": 5}, data),
    "a list": lambda header, data: (b"[]", data),
    "no JSON": lambda header, data: (b"\xff" * 64, data),
    "a key twice": lambda header, data: (
        json.dumps(header).replace("{", '{"__metadata__": {}, ', 1).encode(),
        data,
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_safetensors_are_refused(folder, case) -> None:
    header, data = header_of(folder / WEIGHTS)
    header.setdefault("__metadata__", {})
    write_header(folder / WEIGHTS, *DAMAGE[case](header, data))
    assert refusal(folder).code in (ErrorCode.BAD_WEIGHTS, ErrorCode.UNSUPPORTED)


def test_control_rewriting_a_header_is_harmless(folder) -> None:
    write_header(folder / WEIGHTS, *header_of(folder / WEIGHTS))
    assert TextEngine.load(folder).info.architecture == "llama"


@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1, 17 << 20, 0])
def test_a_header_length_that_lies(folder, length) -> None:
    raw = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", length) + raw[8:])
    assert refusal(folder).code is ErrorCode.BAD_WEIGHTS


def test_a_million_empty_tensors(folder) -> None:
    entry = '"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    text = "{" + ",".join(entry % i for i in range(200_000)) + "}"
    write_header(folder / WEIGHTS, text.encode(), b"")
    assert "the limit is" in refusal(folder).message


@pytest.mark.parametrize("tenth", range(10))
def test_cut_at_every_tenth(folder, tenth) -> None:
    raw = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(raw[: len(raw) * tenth // 10])
    assert refusal(folder).code is ErrorCode.BAD_WEIGHTS


# --- recognising and measuring ------------------------------------------------------------------


def test_recognised_and_measured_without_loading(folder, starter, monkeypatch) -> None:
    monkeypatch.setattr("studio.runtime.engines.text.formats.tensor_source.dequantise", None)
    loader = TextLoader()
    facts = loader.recognise(folder)
    assert facts is not None
    assert facts.capabilities == ("text",)
    assert facts.facts["parameters"] == measure(folder, "cuda").weights_bytes // 2
    facts = loader.recognise(starter)
    assert facts is not None
    assert facts.facts["quantisation"] == "Q4_1"
    assert facts.facts["context_length"] == 8192
    assert facts.facts["parameters"] == 134_515_008
    needs = loader.measure(starter)
    with open_model(starter) as files:
        kept = prefix_bytes(files.config)
    assert needs.weights_bytes - kept < 2.3 * 134_515_008
    assert 90 << 20 < needs.working_bytes < 500 << 20
    monkeypatch.setattr(weights_loader, "can_multiply", lambda device: False)
    assert loader.measure(starter, "cuda").weights_bytes == 2 * 134_515_008
    monkeypatch.setattr(weights_loader, "can_multiply", lambda device: True)
    assert loader.measure(starter, "cuda").weights_bytes == 123_048_576, "with products of 4 bits"


def test_what_is_no_language_model_is_left_to_others(tmp_path) -> None:
    loader = TextLoader()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    assert loader.recognise(tmp_path / "picture.png") is None
    assert loader.recognise(tmp_path) is None
    assert loader.recognise(tmp_path / "missing") is None
    (tmp_path / CONFIG).write_text('{"architectures": ["BertModel"]}')
    assert loader.recognise(tmp_path) is None


@needs_links
def test_the_format_is_told_by_content_and_not_by_name(starter, tmp_path) -> None:
    (tmp_path / "model.safetensors").symlink_to(starter)
    assert TextLoader().recognise(tmp_path / "model.safetensors") is not None


def test_a_language_model_of_another_kind_is_refused(folder) -> None:
    change(folder, architectures=["FalconForCausalLM"])
    with pytest.raises(StudioError, match="FalconForCausalLM"):
        TextLoader().recognise(folder)


def test_closed_files_are_let_go(folder) -> None:
    with open_model(folder):
        pass
    shutil.rmtree(folder)
