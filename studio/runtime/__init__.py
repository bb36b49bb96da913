"""The runtime: owns the device, runs tasks, lends models. Knows no Qt and no window.

Where things are:

* A task that calls one of another plugin: ``jobs/calls.py`` asks and waits, ``jobs/board.py``
  makes the job; places in the lane: ``Job.takes_place``.
* Who computes when; who holds memory: ``scheduling/``, ``pool/``.
* What happens when memory runs out, or the card is gone: ``pool/oom_fallback.py``,
  ``jobs/runner.py``.
* Who used the device, and its last hour: ``jobs/usage.py``, ``runtimes/device/timeline.py``,
  ``desktop/pages/device/``.
* What work cost in joules: ``devices/energy.py`` reads counters, ``jobs/usage.py`` shares out;
  ``base/energy/`` estimates what no counter saw, and sums.
* A plugin in a process of its own: ``hosts/`` drives it, ``plugin_process/`` starts it in the
  sandbox (``process_sandbox.py``) and has the messages.
* Language models: ``engines/text/``.
* Weights that see: pictures in a prompt: ``engines/text/vision/``: ``seeing_decoder.py``
  prepares them with the library's processor and reads them.
* What a language model computes on a processor: ``engines/text/decoder/packed_layers.py`` calls
  ``engines/text/kernels/``, compiled by numba for the processor it runs on;
  ``activation_precision.py`` there decides whether activations have one byte or two.
* Completion of code at the cursor: ``engines/text/tokenization/fill_in_middle.py`` knows a
  model's marks of a gap, ``plugins/code/studio_code/pages/completion`` asks and shows.
"""
