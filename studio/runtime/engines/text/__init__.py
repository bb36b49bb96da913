"""The text engine: language models from GGUF files and model folders. Runs no code of theirs.

From file to text, in the order of a first reading:

- ``loader`` is what the runtime asks, ``engine`` is what it gets. ``engine_selection`` decides what
  computes: our decoder, llama.cpp, or transformers.
- ``formats`` opens files and folders with limits on every number, and gives tensors by name.
- ``tokenization`` builds tokenizers and renders chat templates, in children that can be killed.
- ``decoder`` is the network: in floats, or packed on a processor, where ``kernels`` compiles what
  it computes; the bits of a text are the same in any company. On a card steps are replayed.
- ``generation`` writes texts: several at once, sampled, held to a grammar, ended by stop strings.
- ``caches`` keeps prefixes of texts, packed weights and measurements, in memory and on disk.
- ``llamacpp`` is the optional engine; ``bench`` is what ``studio bench text`` runs in children.
"""
