"""The bench ``text``: how fast a model writes, against transformers with the same file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from studio.cli.follow import Follower
from studio.cli.session import Session
from studio.core.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError

TOKENS = 64
PROMPT = "Tell me a long story about a lighthouse."

# In a child: the command line itself never imports torch.
_TRANSFORMERS = """
import json, sys, time
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, name, prompt, tokens, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
ids = tokenizer(prompt, return_tensors="pt")
def write(count):
    before = time.perf_counter()
    with torch.inference_mode():
        model.generate(**ids, max_new_tokens=count, min_new_tokens=count, do_sample=False)
    return time.perf_counter() - before
write(8)
first, all_of_them = write(1), write(int(tokens))
print(json.dumps({"tokens_per_second": (int(tokens) - 1) / (all_of_them - first)}))
"""


def measure(session: Session) -> dict[str, Any]:
    """Write the same number of tokens with both, greedily."""
    weights = session.weights.default_for("text")
    rate, threads = _ours(session, weights)
    figures = {"tokens_per_second": rate, "threads": threads, "weights": weights.id}
    reference, complaint = _reference(weights, threads)
    if not reference:
        return {"ratio": "not measured", **figures, "transformers": complaint}
    return {"ratio": rate / reference, **figures, "transformers_tokens_per_second": reference}


def _ours(session: Session, weights: Weights) -> tuple[float, int]:
    params = {"prompt": PROMPT, "temperature": 0, "weights": weights.id, "seed": 1}
    with session.studio() as studio:
        follower = Follower(studio, show_progress=False, show_text=False)
        for count in (8, TOKENS):  # the first loads and warms up
            job = studio.submit("chat.reply", {**params, "max_tokens": count}, keep=False)
            follower.follow(job)
            if job.error:
                raise job.error
        status = studio.runtime.status
        rate = float(job.result.get("tokens_per_second", 0.0))
        return rate, status.threads if status else 1


def _reference(weights: Weights, threads: int) -> tuple[float, str]:
    """Return the tokens a second of transformers, or 0 and why it could not be asked."""
    words = [weights.path.parent, weights.path.name, PROMPT, TOKENS, threads]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRANSFORMERS, *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StudioError(ErrorCode.INTERNAL, "transformers took more than 10 minutes.") from error
    if done.returncode:
        return 0.0, (done.stderr.splitlines() or ["it ended without a word"])[-1]
    return float(json.loads(done.stdout.splitlines()[-1])["tokens_per_second"]), ""
