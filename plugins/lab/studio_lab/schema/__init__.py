"""Parameters of the tasks of the lab: one declaration for form, flags and record. Plain data."""

from studio_lab.schema.augment import Augment
from studio_lab.schema.compare import Compare
from studio_lab.schema.describe import Describe
from studio_lab.schema.inspect import Inspect
from studio_lab.schema.names import ArchitectureName, ExampleName, SizeName
from studio_lab.schema.report import Report
from studio_lab.schema.sample import Sample
from studio_lab.schema.scale import Scale
from studio_lab.schema.simulate import Simulate
from studio_lab.schema.train import Train

__all__ = [
    "ArchitectureName",
    "Augment",
    "Compare",
    "Describe",
    "ExampleName",
    "Inspect",
    "Report",
    "Sample",
    "Scale",
    "Simulate",
    "SizeName",
    "Train",
]
