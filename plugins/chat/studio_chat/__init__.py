"""Chat: talk and write with language models.

Holds no code: both halves are imported on their own.

Where things are:

* Whether documents answer a question: ``tasks/answerability.py`` asks the model, ``answers/``
  compares with the passages.
* How a chat uses tools: ``tools/plan.py`` finds those that are likely, by words and by meaning,
  ``choice.py`` beside it is what the model is asked, ``examples.toml`` has requests that show the
  way, ``pages/tools/run.py`` does one step after the other; ``make bench tools`` measures it.
* Projects, saved prompts, conversations of other programs: ``pages/projects``, ``prompts`` beside
  it; ``imports`` reads; ``pages/instructions.py`` says what a model is told beside a
  conversation.
* How a text is summarised, proofread, rewritten: ``tasks/instructions.py`` has all prompts,
  ``subject.py`` beside it cuts texts, ``word_diff.py`` says what a correction changes.
* How a scan becomes text; documents in a conversation: ``reading`` finds and reads lines,
  ``documents`` beside it reads files in a bounded child in the sandbox (``pdf.py``) and ranks
  passages, by stems of words and by meaning, the likely ones by their sentences, too
  (``ranking.py``); a folder is a collection with an index on disk (``collection.py``).
"""
