"""Parameters of the tasks of this plugin. Plain data only."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from studio.api import Capability, File, Group, Label, Params, Range, Text, TextModel, WeightsId
from studio_voice.languages import LANGUAGES, Language
from studio_voice.speech.video_sound import FORMATS as VIDEO_FORMATS

RECORDING_SUFFIXES: Final = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", *VIDEO_FORMATS)

DOCUMENT_SUFFIXES: Final = (".epub", ".pdf", ".docx", ".odt", ".html", ".htm")
"""Documents whose text the plugin Chat reads."""
TEXT_SUFFIXES: Final = (".txt", ".md", ".json", *DOCUMENT_SUFFIXES)
VOICES: Final = {
    "a": "American",
    "b": "British",
}
Voice = Literal[
    "af_heart", "af_alloy", "af_aoede", "af_bella", "af_jessica", "af_kore", "af_nicole",
    "af_nova", "af_river", "af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir",
    "am_liam", "am_michael", "am_onyx", "am_puck", "am_santa", "bf_alice", "bf_emma",
    "bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis",
]  # fmt: skip
_TITLES: Final = {name: f"{name[3:].capitalize()} ({VOICES[name[0]]})" for name in get_args(Voice)}

_ADVANCED = Group("Recognition", advanced=True)
_RESULT = Group("Result", advanced=True)


class Transcribe(Params, frozen=True):
    """The recording to transcribe, and the options."""

    recording: Annotated[
        str,
        File(RECORDING_SUFFIXES),
        Label("Recording", "A WAV, FLAC, Ogg, MP3 or video file with speech in it."),
    ] = ""
    language: Annotated[
        Language,
        Label("Language", "What is spoken; automatic: it is recognised.", choices=LANGUAGES),
    ] = "auto"
    output: Annotated[
        Literal["original", "english"],
        Label("Text", "As it is spoken, or translated to English."),
    ] = "original"
    words: Annotated[
        str,
        Text(lines=2, max_chars=600),
        Label("Names and terms", "Words that may come, so that they are spelled like this."),
        _ADVANCED,
    ] = ""
    silence: Annotated[
        float,
        Range(10, 95, 5, "%"),
        Label(
            "Speech threshold",
            "How certain it must be that someone is speaking. Higher skips more.",
        ),
        _ADVANCED,
    ] = 50
    word_times: Annotated[
        bool,
        Label("Times of words", "Finds when each word is said, not only each phrase."),
        _ADVANCED,
    ] = True
    weights: Annotated[
        WeightsId, Capability("speech-to-text"), Label("Model", "The model that writes it down.")
    ] = WeightsId()


class Speak(Params, frozen=True):
    """The text to read aloud, and the voice."""

    text: Annotated[
        str, Text(lines=6, placeholder="Type what should be read"), Label("Text", "English.")
    ] = ""
    document: Annotated[
        str,
        File(TEXT_SUFFIXES),
        Label("File", "Read instead of the text above: a text, a transcript, a whole book."),
    ] = ""
    voice: Annotated[Voice, Label("Voice", choices=_TITLES)] = "af_heart"
    speed: Annotated[float, Range(0.5, 2, 0.05, "×"), Label("Speed")] = 1.0
    title: Annotated[str, Text(max_chars=80), Label("Title", "Of the recording."), _RESULT] = ""
    file: Annotated[
        Literal["wav", "flac"],
        Label(
            "File",
            "FLAC is smaller, and has marks of the chapters of a book.",
            choices={"wav": "WAV", "flac": "FLAC with chapters"},
        ),
        _RESULT,
    ] = "wav"
    weights: Annotated[
        WeightsId, Capability("text-to-speech"), Label("Model", "The model that speaks.")
    ] = WeightsId()


class VoiceSettings(Params, frozen=True):
    """The section of Voice in Settings: the voice that reads aloud on other pages."""

    voice: Annotated[Voice, Label("Voice", choices=_TITLES)] = "af_heart"
    speed: Annotated[float, Range(0.5, 2, 0.05, "×"), Label("Speed")] = 1.0


class Talk(Params, frozen=True):
    """How a conversation by voice goes. The page reads it; it is of no task."""

    weights: TextModel = WeightsId()
    voice: Annotated[Voice, Label("Voice", choices=_TITLES)] = "af_heart"
    speed: Annotated[float, Range(0.5, 2, 0.05, "×"), Label("Speed")] = 1.0
    language: Annotated[
        Language,
        Label("Language", "What you speak; automatic: it is recognised.", choices=LANGUAGES),
    ] = "en"
    pause: Annotated[
        float,
        Range(0.3, 3, 0.1, "s"),
        Label("Pause", "So much silence ends your turn."),
    ] = 0.7
    instructions: Annotated[
        str,
        Text(lines=4, max_chars=4000),
        Label("System prompt", "Instructions for the model: its role and how it should reply."),
    ] = (
        "This is a spoken conversation. Reply in one to three short sentences of plain English, "
        "without lists, headings or code."
    )
