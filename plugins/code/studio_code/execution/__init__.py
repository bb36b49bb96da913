"""Run generated code: programs, their tests, mutants. Calls no model and trusts no code."""
