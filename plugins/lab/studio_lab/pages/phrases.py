"""The words of the page, and of charts that a worker wrote in English. Draws nothing."""

from __future__ import annotations

import re

import msgspec

from studio.api.plot import Axis, Plot
from studio.api.window.language import tr

_KID = re.compile(r"KID \(classifier of (\d+) classes\)")
_HEAD = re.compile(r"Attention, block (\d+), head (\d+)")
_GRAM = re.compile(r"(\d+)-gram of characters")
_LEVEL = re.compile(r"([\d,]+) (parameters|examples)")
"""The name of a series in a chart of scaling."""


def plot_name(title: str) -> str:
    """Return a chart as it is called in the language of the window."""
    if head := _HEAD.fullmatch(title):
        return tr("Attention, block {block}, head {head}").format(block=head[1], head=head[2])
    if kid := _KID.fullmatch(title):
        return tr("KID (classifier of {n} classes)").format(n=kid[1])
    if gram := _GRAM.fullmatch(title):
        return tr("{n}-gram of characters").format(n=gram[1])
    names = _names()
    return names.get(title) or ": ".join(names.get(part, part) for part in title.split(": "))


def title_in_words(title: str) -> str:
    """Return the title of a result, “Loss: GAN: Digits”, in the language of the window."""
    return plot_name(title)


def in_words(plot: Plot) -> Plot:
    """Return a chart of a worker of the lab whose words are in the language of the window."""
    names = _names()

    def axis(given: Axis) -> Axis:
        categories = [plot_name(line) for line in given.categories]
        return msgspec.structs.replace(given, label=plot_name(given.label), categories=categories)

    def name(given: str) -> str:
        if level := _LEVEL.fullmatch(given):
            patterns = {"parameters": tr("{count} parameters"), "examples": tr("{count} examples")}
            return patterns[level[2]].format(count=level[1])
        return names.get(given, given)

    series = [msgspec.structs.replace(line, name=name(line.name)) for line in plot.series]
    title = plot_name(plot.title)
    return msgspec.structs.replace(plot, title=title, series=series, x=axis(plot.x), y=axis(plot.y))


def _names() -> dict[str, str]:
    return (
        {
            "Loss": tr("Loss"),
            "Training loss": tr("Training loss"),
            "Validation": tr("Validation"),
            "Bound in nats per dimension": tr("Bound in nats per dimension"),
            "Share that fails": tr("Share that fails"),
            "Gradient norm": tr("Gradient norm"),
            "Learning rate": tr("Learning rate"),
            "Examples per second": tr("Examples per second"),
            "Mode coverage": tr("Mode coverage"),
            "Energy": tr("Energy"),
            "Energy in joules": tr("Energy in joules"),
            "Step": tr("Step"),
            "training": tr("training"),
            "validation": tr("validation"),
            "discriminator": tr("discriminator"),
            "generator": tr("generator"),
            "network": tr("network"),
            "prior": tr("prior"),
            "Next token": tr("Next token"),
            "Surprise": tr("Surprise"),
            "Positions": tr("Positions"),
            "All heads": tr("All heads"),
            "Latent walk": tr("Latent walk"),
            "Denoising": tr("Denoising"),
            "Drawing": tr("Drawing"),
            "Unfolding": tr("Unfolding"),
            "Codes": tr("Codes"),
            "Token": tr("Token"),
            "Probability": tr("Probability"),
            "Bits": tr("Bits"),
            "Position": tr("Position"),
            "Looked at": tr("Looked at"),
            "Looking": tr("Looking"),
            "Share of the way": tr("Share of the way"),
            "Standardised": tr("Standardised value"),
            "Loss by parameters": tr("Loss by parameters"),
            "Loss by examples": tr("Loss by examples"),
            "Loss by examples seen": tr("Loss by examples seen"),
            "Parameters": tr("Parameters"),
            "Examples": tr("Examples"),
            "Examples seen": tr("Examples seen"),
            "Loss in nats": tr("Loss in nats"),
            "Bias": tr("Bias"),
            "Examples of each class": tr("Examples of each class"),
            "The most frequent tokens": tr("The most frequent tokens"),
            "Lengths": tr("Lengths"),
            "Brightness": tr("Brightness"),
            "class": tr("class"),
            "token": tr("token"),
            "tokens": tr("tokens"),
            "examples": tr("examples"),
            "count": tr("count"),
            "mean": tr("mean"),
            "test": tr("test"),
            "Bias report": tr("Bias report"),
            "character": tr("character"),
            "ability": tr("ability"),
            "work": tr("work"),
            "difference": tr("difference"),
            "no difference": tr("no difference"),
            "interval": tr("interval"),
            "Difference in nats": tr("Difference in nats"),
            "law": tr("law"),
            "95% confidence interval": tr("95% confidence interval"),
            "larger training": tr("larger training"),
        }
        | _titles()
        | _of_augmentation()
    )


def _of_augmentation() -> dict[str, str]:
    """Return the words of charts and titles of augmentation, and of drawn phantoms."""
    return {
        "Gain": tr("Gain"),
        "average precision": tr("average precision"),
        "balanced accuracy": tr("balanced accuracy"),
        "forecast skill": tr("forecast skill"),
        "similarity of columns": tr("similarity of columns"),
        "distance to the closest real row": tr("distance to the closest real row"),
        "rows": tr("rows"),
        "Real and made series": tr("Real and made series"),
        "Autocorrelation": tr("Autocorrelation"),
        "autocorrelation": tr("autocorrelation"),
        "correlation between columns": tr("correlation between columns"),
        "lag": tr("lag"),
        "method": tr("method"),
        "gain": tr("gain"),
        "no gain": tr("no gain"),
        "column": tr("column"),
        "similarity": tr("similarity"),
        "distance": tr("distance"),
        "share of rows within it": tr("share of rows within it"),
        "real": tr("real"),
        "made": tr("made"),
        "synthetic": tr("synthetic"),
        "held-out": tr("held-out"),
        "plain baseline": tr("plain baseline"),
        "value": tr("value"),
        "Class weights": tr("Class weights"),
        "Gaussian copula": tr("Gaussian copula"),
        "Noise": tr("Noise"),
        "Independent columns": tr("Independent columns"),
        "Block bootstrap": tr("Block bootstrap"),
        "Phase randomisation": tr("Phase randomisation"),
        "Shuffling": tr("Shuffling"),
        "Jitter": tr("Jitter"),
        "Scaling of values": tr("Scaling of values"),
        "Time warping": tr("Time warping"),
        "Window slicing": tr("Window slicing"),
        "Shifting": tr("Shifting"),
        "Shifting and mirroring": tr("Shifting and mirroring"),
        "Turning and zooming": tr("Turning and zooming"),
        "Rewriting": tr("Rewriting"),
        "Word swapping": tr("Word swapping"),
        "N-gram model": tr("N-gram model"),
        "Drawn phantoms, not medical pictures": tr("Drawn phantoms, not medical pictures"),
        "with lesion": tr("with lesion"),
        "without lesion": tr("without lesion"),
        "lesions": tr("lesions"),
        "card": tr("card"),
    }


def _titles() -> dict[str, str]:
    """Return translations of the parts of result titles."""
    return {
        "Variational autoencoder": tr("Variational autoencoder"),
        "Generative adversarial network": tr("Generative adversarial network"),
        "Diffusion": tr("Diffusion"),
        "Flow matching": tr("Flow matching"),
        "Transformer": tr("Transformer"),
        "Recurrent network": tr("Recurrent network"),
        "Normalising flow": tr("Normalising flow"),
        "Encoder–decoder transformer": tr("Encoder–decoder transformer"),
        "Classifier": tr("Classifier"),
        "Comparison": tr("Comparison"),
        "Scaling": tr("Scaling"),
        "Samples": tr("Samples"),
        "Nearest examples": tr("Nearest examples"),
        "Table": tr("Table"),
        "training examples": tr("Training examples"),
        "held-out texts": tr("Held-out texts"),
        "Gaussian components": tr("Gaussian components"),
        "mean with noise": tr("Mean with noise"),
        "Digits": tr("Digits"),
        "Report": tr("Report"),
        "Handwritten digits": tr("Handwritten digits"),
        "Python manual": tr("Python manual"),
        "Wine": tr("Wine"),
        "precision": tr("Precision"),
        "recall": tr("Recall"),
        "diversity": tr("Diversity"),
        "copies": tr("Copies"),
        "copies by features": tr("Copies by features"),
        "nearest training example": tr("Distance to the nearest training example"),
        "pair distance": tr("Distance of pairs"),
        "longest copied span": tr("Longest copied span"),
        "classes covered": tr("Classes covered"),
        "distinct pairs of words": tr("Distinct pairs of words"),
        "Notes": tr("Notes"),
        "Sound": tr("Sound"),
        "bits per character": tr("Bits per character"),
        "character error rate": tr("Character error rate"),
        "exact matches": tr("Exact matches"),
        "token accuracy": tr("Token accuracy"),
        "perplexity": tr("Perplexity"),
        "copy of the source": tr("Copy of the source"),
        "most frequent target": tr("Most frequent target"),
        "valid": tr("Valid"),
        "unique": tr("Unique"),
        "novel": tr("Novel"),
        "pitch classes apart": tr("Pitch classes apart"),
        "lengths apart": tr("Lengths apart"),
        "bound (nats per dimension)": tr("Bound (nats per dimension)"),
        "Breast cancer": tr("Breast cancer"),
        "Swapped letters": tr("Swapped letters"),
    }


def about_plot(title: str) -> str:
    """Return the explanation of a chart or a picture, in two sentences; empty if missing."""
    if _HEAD.fullmatch(title):
        return tr(
            "Each row is a token that the model has reached, each column a token before it: the "
            "lighter a cell, the more this head looks there. Some heads look at the token just "
            "before, others at a space or at the beginning of the word."
        )
    return {
        "All heads": tr(
            "Every attention head at a glance: a row of squares for each block, a square for each "
            "head, light where it looks. The heads of the chosen block are charts of their own."
        ),
        "Nearest examples": tr(
            "Each row of samples stands above the training examples that are nearest to them. "
            "Where both look the same, the model has copied instead of learned."
        ),
        "Next token": tr(
            "After each text the model gives every token a probability; these are the most "
            "probable after yours. What it writes is drawn from them, so the tallest does not "
            "always win."
        ),
        "Surprise": tr(
            "How little the model expected each token of the text, in bits: 1 bit for a toss of a "
            "coin, none for what was certain. The mean of all is what training makes small."
        ),
        "Positions": tr(
            "A transformer sees all tokens at once, so a learned code tells it where each one "
            "stands. Light cells are positions whose codes are alike; a light diagonal means that "
            "neighbours have learned to be similar."
        ),
        "Latent walk": tr(
            "Each row walks from one random point of the latent space to another, and every step "
            "is turned into an example. Where the change is smooth, the model has learned what "
            "lies between examples and not the examples themselves."
        ),
        "Denoising": tr(
            "Each row begins as pure noise and loses some of it from step to step. First the rough "
            "shape is settled, then the details."
        ),
        "Drawing": tr(
            "Each row is one picture, drawn pixel by pixel from the top left. What is drawn is "
            "never changed again: each pixel has to suit those before it."
        ),
        "Unfolding": tr(
            "Each row follows random numbers through the steps of the flow until they are an "
            "example. Every step can be undone, and so the likelihood of the result is known "
            "exactly."
        ),
        "Codes": tr(
            "Above are the grids of codes that the second network drew, each shade an entry of the "
            "code book. Below is the picture that the decoder makes of each grid."
        ),
        "Loss": tr(
            "How wrong the model is on what it sees; training makes it fall. When the loss on "
            "held-out data rises again, the model is overfitting."
        ),
        "Validation": tr(
            "How well the model does on held-out data, on a scale of its own: not that of the "
            "training loss. When it rises again, the model is overfitting."
        ),
        **dict.fromkeys(("Bias: character", "Bias: ability", "Bias: work"), _about_bias()),
        "Loss by parameters": tr(
            "Each point is a training; the lines are the law that was fitted to all of them. Where "
            "a line becomes level, a larger network hardly helps any more."
        ),
        "Loss by examples": tr(
            "The same networks learned from an eighth, a quarter and a half of the examples. Where "
            "a line becomes level, more data hardly help any more."
        ),
        "Loss by examples seen": tr(
            "The same networks trained for a quarter, a half and all of the steps. Where a line "
            "becomes level, longer training hardly helps any more."
        ),
        "Gradient norm": tr(
            "How far each step would move the weights if nothing held it back. Peaks mean that "
            "the learning rate is high for these data."
        ),
        "Learning rate": tr(
            "How large the steps are. It rises first, so that nothing breaks, and then falls, so "
            "that the model settles."
        ),
        "Examples per second": tr(
            "How fast the model sees the data. A larger model sees fewer examples in the same time."
        ),
        "Energy": tr(
            "The electricity that the training has taken, above what the machine takes at rest: "
            "measured where there is a counter, else estimated from processor time. Where the loss "
            "no longer falls, it buys nothing more."
        ),
        "Mode coverage": tr(
            "The share of the classes that the model makes, each sample counted for the class of "
            "the real example nearest to it. Where it falls, the generator has begun to make the "
            "same few again and again: its modes collapse."
        ),
    }.get(title, "")


def _about_bias() -> str:
    return tr(
        "For each group, how much more the model expects the first sort of words than it does for "
        "all groups together; 0 means no difference. Only where the whole interval lies on one "
        "side of the line is there more than chance."
    )


def about_losses(names: tuple[str, ...]) -> str:
    """Return what two losses in one chart tell of each other; empty for those of other networks."""
    if names == ("discriminator", "generator"):
        return tr(
            "The discriminator’s loss rises while the generator fools it, and falls while it sees "
            "through it. Neither has to fall for the pictures to get better: the two keep each "
            "other in balance."
        )
    if names and "validation" not in names:
        return tr(
            "What training makes small. How well the model does on held-out data is another figure "
            "with a chart of its own, where it can be measured."
        )
    return ""
