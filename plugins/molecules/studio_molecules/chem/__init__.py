"""Chemistry by RDKit, for the worker half alone: Qt and RDKit do not share a process."""
