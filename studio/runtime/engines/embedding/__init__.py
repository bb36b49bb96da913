"""Sentence encoders: texts become vectors that lie close where the texts mean the same.

``encoder`` computes, ``wordpiece`` cuts text into tokens, ``model_file`` reads and writes the one
file that holds both, ``engine`` is what tasks lease, ``loader`` what the pool knows.
"""
