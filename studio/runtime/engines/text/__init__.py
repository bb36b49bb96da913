"""The text engine: language models from GGUF files and model folders. Runs no code of theirs.

From file to text, in the order of a first reading:

- ``loader`` is what the runtime asks; ``engine`` is what it gets; ``generation`` writes texts,
  ``batching`` reads for several of them at once, ``lookup`` guesses what repeats itself, and
  ``prefixes`` knows beginnings that need not be read again: each is a ``prefix``, on disk in
  ``parked``. ``graph`` replays steps on devices that can.
- ``model_files`` opens a path: ``gguf`` for a file; ``model_folder``, ``safetensors_file`` and
  ``strict_json`` for a folder; both through ``mapped_file``, with the words of ``refusals``.
- ``config`` has the sizes and what architectures vary, read by ``config_gguf`` and ``config_json``;
  ``llama`` is the decoder, of ``blocks`` and ``layers``, with positions by ``rotary``; ``weights``
  fills it by ``tensor_names`` from a ``tensor_source`` through ``dequant``. On a processor
  ``packed_layers`` computes it all by the compiled ``kernels``, with keys and values in a
  ``span_cache``; ``packed_cache`` keeps packed weights for the next load, ``stored_rows`` holds the
  embedding. Elsewhere, ``attention`` is torch's.
- ``foreign`` and ``transformers_decoder`` run folders of other architectures.
- ``tokenizer`` is built by ``tokenizer_gguf`` or ``tokenizer_folder``; ``regex_probe`` tries a
  stranger's patterns first.
- ``measured`` and ``timing`` are what ``studio bench text`` asks, each in its own process.
- ``template`` renders conversations in ``template_child``; ``sampler`` and ``stops`` shape text.
"""
