"""Code: HumanEval, verdicts, completion, changes to folders."""
