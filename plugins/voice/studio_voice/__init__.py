"""Voice: transcribes recordings, with times, and reads texts aloud.

Where things are:

* How a recording becomes text with times: ``whisper``: network, tokens, rules of times;
  ``speech`` cuts it where nobody speaks; times of words: ``whisper/alignment.py``; the
  sound of a video: ``speech/video_sound.py``.
* How a book is read aloud: ``books`` finds chapters and marks them in the file.
* A conversation by voice: ``pages/talk`` has its course; when somebody speaks, and whose voice it
  is: ``speech/turn_detector.py``, ``echo_guard.py`` beside it; text spoken while it is being
  written: ``pages/narrator.py``.
"""
