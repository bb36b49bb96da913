"""What each architecture is, in two sentences, in the language of the window."""

from __future__ import annotations

from studio.api.window.language import tr


def about_architecture(name: str) -> str:
    """Return what an architecture is and how it learns; empty for one without words here."""
    return {
        "vae": tr(
            "A variational autoencoder squeezes each example into a few numbers and learns to draw "
            "it again from them. New examples come from numbers drawn at random; they are often a "
            "little blurred."
        ),
        "vqvae": tr(
            "A VQ-VAE describes each example by entries of a small learned code book. A second "
            "network learns which entries follow each other, and so makes new ones."
        ),
        "gan": tr(
            "In a GAN, a generator makes examples and a critic learns to tell them from real ones. "
            "Each learns from the other; if the generator makes the same few again and again, its "
            "modes have collapsed."
        ),
        "diffusion": tr(
            "A diffusion model learns to take noise away from spoiled examples. Started from pure "
            "noise, it uncovers a new example step by step."
        ),
        "flow_matching": tr(
            "Flow matching learns in which direction noise has to move to become an example. It "
            "needs fewer steps than diffusion to make one."
        ),
        "normalising_flow": tr(
            "A normalising flow turns examples into plain noise by steps that can be undone. "
            "Undone from fresh noise they make new ones, and the likelihood of each is known "
            "exactly."
        ),
        "pixelcnn": tr(
            "A PixelCNN makes a picture pixel by pixel, each from those above and to the left. Its "
            "likelihoods are exact, and making a picture takes as many steps as it has pixels."
        ),
        "recurrent": tr(
            "A recurrent network reads a text token by token and keeps what matters in a memory. "
            "It writes by predicting the next token again and again."
        ),
        "decoder_transformer": tr(
            "A transformer looks back at all earlier tokens at once and weighs which ones matter. "
            "It writes by predicting the next token, as large language models do."
        ),
        "encoder_decoder": tr(
            "An encoder reads a whole text, and a decoder writes another one while looking at it. "
            "It learns from pairs: to translate, to shorten, to correct."
        ),
        "classifier": tr(
            "A classifier generates nothing: it learns to name what it sees. Here it is the plain "
            "baseline, and the judge of what the others make."
        ),
    }.get(name, "")
