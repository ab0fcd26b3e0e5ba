"""What each task asks and each metric means, in a line a reader can use, and where it comes from.

The exact definitions are in the docstrings of `v2m.alignment`'s modules; these are what one says of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from v2m.alignment.measure import Measure
from v2m.alignment.music import NO_CHANCE


@dataclass(frozen=True)
class Wording:
    """How a metric is spoken of.

    Attributes:
        title: its name for people.
        means: what the number says, a sentence or less; "" where nothing is known of the metric.
        source: whose it is; "" where it is v2m's own.
    """

    title: str
    means: str = ""
    source: str = ""


TASKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sync": ("Sync", "Does the music land where the picture cuts and moves?"),
        "beats": ("Beats", "Are the beats where a reference, or a dancer, has them?"),
        "curves": ("Curves", "Does the music rise and fall with the picture?"),
        "affect": ("Affect", "Does the music feel as the picture feels?"),
        "music": ("Music", "Is it like music that people make? Here nearer to 0 is better."),
        "sound": ("Sound", "Is the soundtrack technically in order?"),
        "learned": ("Learned", "What do pretrained networks hear and see?"),
    }
)
"""Task → its heading and its question, in the order in which tasks are shown."""

_JAZZ = "Wu & Yang, ISMIR 2020"
_SPEARMAN = "Spearman 1904"
_SECTIONS = "Turnbull et al. 2007; Levy & Sandler 2008"
_KANG = "Video2Music: Kang, Poria & Herremans 2024"
_EEROLA = "cues after Eerola et al. 2013"
_YEH = "Yeh et al. 2021"
_SPIRAL = "Herremans & Chew 2016"

_SYNC = {
    "cut_hits": Wording("Cut hits", "Share of the cuts that have a musical onset close to them."),
    "cut_hits_apart": Wording(
        "Cut hits, cuts apart", "The same for cuts at least a second from their neighbours."
    ),
    "beat_hits": Wording("Beat hits", "Share of the cuts that have a beat of the music close to them."),
    "downbeat_hits": Wording("Downbeat hits", "Share of the cuts on which a bar of the music begins."),
    "hit_points": Wording("Hit points", "Share of the plan's hits that sound at the event they are for."),
    "kinematic_beat_hits": Wording(
        "Body-beat hits",
        "Share of the body's moments of rest that have a beat of the music close to them.",
    ),
    "av_align": Wording(
        "AV-Align",
        "Onsets and peaks of movement that meet within a frame, over all of both.",
        "Yariv et al. 2024",
    ),
    "accent_alignment": Wording(
        "Accent alignment",
        "How alike the music's onsets and the picture's accents are as two trains of pulses; 1 is the same.",
        "Schreiber et al. 2003",
    ),
    "lag": Wording("Lag", "How late the music is as a whole; below 0 it is early."),
    "section_match_0.5s": Wording(
        "Section match, 0.5 s", "Do the music's changes meet the picture's sections? F-measure.", _SECTIONS
    ),
    "section_match_3s": Wording("Section match, 3 s", "The same with a wider window.", _SECTIONS),
}

_VARIANTS = {
    "d2mgan": ("D2M-GAN", "Zhu et al., ECCV 2022"),
    "loris": ("LORIS", "Yu et al., ICML 2023"),
    "5hz": ("5 Hz", "as LORIS, in bins of 200 ms"),
}
_BEAT_PARTS = {
    "coverage": ("coverage", "Seconds with a beat, against the reference's."),
    "hits": ("hits", "Share of the reference's bins with a beat in which the music has one too."),
    "f1": ("F1", "Harmonic mean of coverage and hits."),
    "bcs": ("BCS", "Mean coverage over the clips."),
    "bhs": ("BHS", "Mean hits over the clips."),
    "csd": ("CSD", "Standard deviation of coverage over the clips."),
    "hsd": ("HSD", "Standard deviation of hits over the clips."),
}
# A precision, and bins that need not be seconds.
_PRECISION = "Share of the music's bins with a beat in which the reference has one too."
_NEAR = "How near the {} are to the nearest {}, 1 being on it (σ = 50 ms)."

_BEATS = {
    **{
        f"{variant}_{part}": Wording(
            f"{whose} {short}",
            _PRECISION if part == "coverage" and variant != "d2mgan" else means,
            source,
        )
        for variant, (whose, source) in _VARIANTS.items()
        for part, (short, means) in _BEAT_PARTS.items()
    },
    "aistpp": Wording(
        "Dance beats, AIST++", _NEAR.format("dancer's beats", "beat of the music"), "Li et al., ICCV 2021"
    ),
    "bailando": Wording(
        "Dance beats, Bailando",
        _NEAR.format("music's beats", "beat of the dancer"),
        "Siyao et al., CVPR 2022",
    ),
    "aistpp_given": Wording(
        "Dance beats, as AIST++",
        "The same mean for v2m's own body beats.",
        "after Li et al., ICCV 2021",
    ),
    "bailando_given": Wording(
        "Dance beats, as Bailando",
        "The same mean for v2m's own body beats.",
        "after Siyao et al., CVPR 2022",
    ),
}

_CURVES = {
    f"{heard}_{seen}": Wording(
        f"{heard.capitalize()} with {seen}",
        f"Rank correlation, second by second, of the music's {heard} with the picture's {seen}.",
        _SPEARMAN,
    )
    for heard in ("loudness", "density")
    for seen in ("motion", "arousal", "tension")
}

_AFFECT = {
    **{
        f"{name}{suffix}": Wording(
            f"{name.capitalize()}{of}",
            f"Rank correlation, second by second, of {what} in music and picture.",
            _SPIRAL if name == "tension" else _EEROLA,
        )
        for suffix, of in (("", ", from sound"), ("_midi", ", from notes"))
        for name, what in (
            ("valence", "how pleasant it is"),
            ("arousal", "how stirred it is"),
            ("tension", "how tense it is"),
        )
    },
    **{
        f"correspondence{suffix}": Wording(
            f"Affective correspondence{of}",
            "Share of the seconds with a certain emotion in which the chord is of a kind that suits it.",
            _KANG,
        )
        for suffix, of in (("", ", from sound"), ("_midi", ", from notes"))
    },
}

_SOUND = {
    "lufs": Wording("Loudness", "Integrated over the whole soundtrack.", "ITU-R BS.1770-4"),
    "true_peak": Wording("True peak", "Largest level between the samples, too.", "ITU-R BS.1770-4"),
    "loudness_range": Wording("Loudness range", "How far loud and soft passages lie apart.", "EBU Tech 3342"),
    "length_difference": Wording("Length difference", "Sound less picture."),
    "length_difference_frames": Wording("Length difference", "Sound less picture, in frames."),
    "silence_share": Wording("Silence", "Share of the time below −60 dBFS."),
    "clipped": Wording("Clipping", "Share of the samples in runs at full scale."),
    "dc_offset": Wording("DC offset", "Largest mean of a channel, of full scale."),
}

_LEARNED = {
    "frechet_audio_distance": Wording(
        "Fréchet audio distance", "Of the embeddings given for music and reference.", "Kilgour et al. 2019"
    ),
    "mel_frechet_distance": Wording(
        "Mel Fréchet distance", "The same of levels in mel bands: balance and dynamics, no network."
    ),
    "joint_similarity": Wording(
        "Joint similarity", "Mean cosine of picture and music at the same time, in a space they share."
    ),
    "prompt_agreement": Wording(
        "Prompt agreement", "Do the same words suit the picture and the music? Pearson's correlation."
    ),
}

_OF_PIECES = {
    "pche_1bar": Wording("Pitch-class entropy, 1 bar", "How evenly the pitch classes are used.", _JAZZ),
    "pche_4bars": Wording("Pitch-class entropy, 4 bars", "The same over four bars.", _JAZZ),
    "scale_consistency": Wording("Scale consistency", "Share of the notes in one scale.", "Mogren 2016"),
    "polyphony": Wording("Polyphony", "How many pitches sound at a time.", "Dong et al., ISMIR 2020"),
    "pitch_range": Wording("Pitch range", "From the lowest note to the highest."),
    "notes_per_s": Wording("Note density", "Notes begun a second."),
    "empty_bar_rate": Wording("Empty bars", "Share of the bars in which no pitch sounds."),
    "gps": Wording("Grooving-pattern similarity", "How alike the rhythm of neighbouring bars is.", _JAZZ),
    "chord_repetition": Wording("Chord repetition", "Share of three-chord turns heard before.", _JAZZ),
    "chord_changes_per_bar": Wording("Harmonic rhythm", "Chord changes a bar."),
    "chord_tone_share": Wording("Chord tones", "Share of the sounding time that is in the chord.", _YEH),
    "consonance": Wording("Consonance", "Share of consonances among what sounds together.", _YEH),
    "bar_recurrence": Wording("Bar recurrence", "How much of a bar has been heard in an earlier one."),
    "si_short": Wording(
        "Structureness, 3–8 s", "How much of the piece short passages fill by coming back.", _JAZZ
    ),
    "si_mid": Wording("Structureness, 8–15 s", "The same of longer passages.", _JAZZ),
    "si_long": Wording("Structureness, from 15 s", "The same of passages as long as a section.", _JAZZ),
    **{
        f"{line}_{part}": Wording(f"{of}: {part.replace('_', ' ')}", means, source)
        for line, of in (("melody", "Melody"), ("skyline", "Skyline"))
        for part, means, source in (
            ("range", "From its lowest note to its highest.", ""),
            ("intervals", "Which steps it takes.", "after Yang & Lerch 2020"),
            ("note_values", "How long its notes last.", "after Yang & Lerch 2020"),
            ("onset_gaps", "How long it is from note to note.", "after Yang & Lerch 2020"),
        )
    },
}

_MUSIC = {
    "human_distance": Wording(
        "Distance from human pieces",
        "All that follow in one number, in quadrature; a human piece has about 1.",
    ),
    **_OF_PIECES,
    "audio_chroma_entropy_2s": Wording("Chroma entropy, 2 s", "How evenly pitch classes sound."),
    "audio_chroma_entropy_8s": Wording("Chroma entropy, 8 s", "The same over eight seconds."),
    "audio_si_short": Wording("Structureness of the sound, 3–8 s", "How much comes back.", _JAZZ),
    "audio_si_mid": Wording("Structureness of the sound, 8–15 s", "The same of longer passages.", _JAZZ),
    "audio_si_long": Wording("Structureness of the sound, from 15 s", "The same of sections.", _JAZZ),
    "audio_groove_correlation": Wording("Groove", "How alike the accents of neighbouring bars are."),
    **{
        f"{name}_difference": Wording(f"{w.title}: difference of means", w.means, "Yang & Lerch 2020")
        for name, w in _OF_PIECES.items()
    },
    **{
        f"{name}_overlap": Wording(f"{w.title}: overlapped area", w.means, "Yang & Lerch 2020")
        for name, w in _OF_PIECES.items()
    },
}

WORDINGS: Mapping[tuple[str, str], Wording] = MappingProxyType(
    {
        (task, name): wording
        for task, metrics in (
            ("sync", _SYNC),
            ("beats", _BEATS),
            ("curves", _CURVES),
            ("affect", _AFFECT),
            ("music", _MUSIC),
            ("sound", _SOUND),
            ("learned", _LEARNED),
        )
        for name, wording in metrics.items()
    }
)
"""(task, metric) → how it is spoken of."""

_UNTURNED = "turning the music in time does not change it"
_NO_CHANCE: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        **{key: _UNTURNED for key in WORDINGS if key[0] in ("sound", "music")},
        ("sync", "lag"): "a place in time, not a degree: its details tell how sure it is",
        ("learned", "frechet_audio_distance"): _UNTURNED,
        ("learned", "mel_frechet_distance"): _UNTURNED,
        ("learned", "prompt_agreement"): _UNTURNED,
    }
)
_NOT_TAKEN = "no shifted copies were scored"


def wording(task: str, name: str) -> Wording:
    """How a metric is spoken of; one that is not known here goes by its own name."""
    known = WORDINGS.get((task, name))
    return known or Wording(re.sub("_+", " ", name).strip().capitalize() or name)


def note_of(measure: Measure) -> str:
    """A measure's own note, without what the page says of chance in another place."""
    return measure.note.removesuffix(NO_CHANCE).removesuffix(_UNTURNED).rstrip("; ")


def why_no_chance(task: str, name: str) -> str:
    """Why a measure that comes without a chance level has none."""
    return _NO_CHANCE.get((task, name), _NOT_TAKEN)
