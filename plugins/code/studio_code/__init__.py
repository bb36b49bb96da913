"""Code: written, run in a sandbox, and shown to work. A plugin of Offline Studio.

Knows the studio by ``studio.api`` only.

Where things are:

* How a language is run, tested and checked: ``execution/toolchains.py`` finds its tools,
  ``tool_runner.py`` beside it runs them; ``generation/case_forms.py`` says how its tests look,
  ``syntax.py`` above parses.
* What a verdict on code is worth: ``evidence/`` lists what a request states and compares
  versions, ``tasks/judgement.py`` says what follows; ``make bench code-verdicts`` measures it.
* A change over several files of a folder: ``folder/reader.py`` reads it where nothing can write
  it, ``tasks/plan.py`` and ``edit.py`` beside it plan and write, ``trial.py`` there tries it in
  the sandbox.
* Find in a folder, definitions, problems; git: ``pages/navigation`` and ``git`` beside it.
"""
