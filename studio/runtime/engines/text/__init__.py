"""The text engine: language models from GGUF files and model folders. Runs no code of theirs.

From file to text, in the order of a first reading:

- ``loader`` is what the runtime asks; ``engine`` is what it gets; ``generation`` writes texts,
  ``batching`` reads for several of them at once, ``lookup`` guesses what repeats itself, and
  ``prefixes`` knows beginnings that need not be read again: each is a ``prefix``, on disk in
  ``parked``; ``caches`` says where, and whose. ``graph`` replays steps on devices that can.
- ``model_files`` opens a path: ``gguf`` for a file, ``gguf_parts`` for several; ``model_folder``,
  ``safetensors_file`` and ``strict_json`` for a folder; all through ``mapped_file``, with the words
  of ``refusals``.
- ``config`` has the sizes and what architectures vary, read by ``config_gguf`` and ``config_json``;
  ``llama`` is the decoder, of ``blocks``, ``layers`` and ``attention``, with positions by
  ``rotary``; ``weights`` fills it by ``tensor_names`` from a ``tensor_source`` through ``dequant``.
- On a processor ``packed_layers`` computes the same with packed weights and a ``span_cache``, by
  ``kernels`` that are compiled for it: the bits of a text are the same in any company.
  ``packed_cache`` keeps the weights for the next load, ``stored_rows`` holds the embedding.
- ``foreign`` and ``transformers_decoder`` run folders of other architectures; ``llamacpp``, with
  its ``llamacpp_states``, runs files where it is faster: ``choice`` finds out.
- ``tokenizer`` is built by ``tokenizer_gguf`` or ``tokenizer_folder``, and kept for the next load;
  ``regex_probe`` tries a stranger's patterns first.
- ``measured`` and ``timing`` are what ``studio bench text`` asks, each in its own process.
- ``template`` renders conversations in ``template_child``; ``sampler`` and ``stops`` shape text.
"""
