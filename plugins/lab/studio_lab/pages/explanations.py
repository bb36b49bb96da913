"""Explanations of charts of measures, data and samples, in two sentences each."""

from __future__ import annotations

from studio.api.window.language import tr


def about_figures(title: str) -> str:
    """Return the explanation of a chart or a table of figures; empty if missing."""
    start, _, end = title.partition(": ")
    return _measures().get(title) or _data().get(end) or _data().get(start) or _kid(title)


def _kid(title: str) -> str:
    if not title.startswith("KID"):
        return ""
    return tr(
        "How far the samples as a whole are from real examples, by what a judge network or plain "
        "components see in them; 0 means no difference. A model is only as good as its distance "
        "below the line of the best plain baseline."
    )


def _measures() -> dict[str, str]:
    return {
        "Comparison": tr(
            "Every model, real held-out examples and plain baselines, all by the same measures; "
            "95% confidence intervals in brackets. Precision is the share of samples that look "
            "real, recall the share of real examples that the samples cover."
        ),
        "bound (nats per dimension)": tr(
            "How much held-out examples surprise the model, per pixel or column; lower is better. "
            "It is comparable only between models of the same data, and says nothing of how "
            "samples look."
        ),
        "bits per character": tr(
            "How many bits the model needs for each character of texts that it has not seen; fewer "
            "are better. The plain baseline counts which characters follow each other, and a model "
            "that has learned more than that lies below it."
        ),
        "perplexity": tr(
            "Between how many equally likely tokens the model wavers at each step; 1 would be "
            "certainty. It is measured on pairs that the model has not seen."
        ),
    }


def _data() -> dict[str, str]:
    return {
        "Gain": tr(
            "How much better a classifier or a forecast becomes with the added data than with real "
            "data alone. Only where the whole interval lies above the line is there more than "
            "chance."
        ),
        "similarity of columns": tr(
            "How much each made column looks like the real one, the least similar first; 1 is "
            "the same. Held-out real rows show how similar real data are to each other."
        ),
        "distance to the closest real row": tr(
            "How many made rows lie within each distance of a real one. Where their line is far "
            "above that of held-out rows, they are copies and give real data away."
        ),
        "rows": tr(
            "Real rows by class and made rows, seen along the two directions in which real rows "
            "differ most. Made rows should lie among those of their class, and not on top of them."
        ),
        "Real and made series": tr(
            "The last real values beside made ones. Both should swing as fast and as far; the made "
            "ones do not have to follow the real ones."
        ),
        "Autocorrelation": tr(
            "How much a value tells of the one so many steps later. Where both lines agree, the "
            "made series has the rhythm of the real one."
        ),
        "Examples of each class": tr(
            "How many examples each class has. A class with few is learned badly, and a model that "
            "never names it may still look accurate."
        ),
        "The most frequent tokens": tr(
            "The pieces of text that occur most often. A model has learned little as long as it "
            "writes these and hardly anything else."
        ),
        "Lengths": tr(
            "How many tokens the examples have. Longer ones than the model can take are cut."
        ),
        "Brightness": tr(
            "How bright the pictures are on average. A second peak often means that two sorts of "
            "pictures are mixed."
        ),
    }
