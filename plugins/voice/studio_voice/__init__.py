"""Voice: what is said in recordings, written down with times.

Where things are:

* How a recording becomes text with times: ``whisper``: network, tokens, rules of times;
  ``speech`` cuts it where nobody speaks; when each word was said: ``whisper/alignment.py``; the
  sound of a video: ``speech/video_sound.py``.
* How a book is read aloud: ``books`` finds chapters and marks them in the file.
* A conversation by voice: ``pages/talk`` has its course; when somebody speaks, and whose voice it
  is: ``speech/turn_detector.py``, ``echo_guard.py`` beside it; what is spoken while it is
  written: ``pages/narrator.py``.
"""
