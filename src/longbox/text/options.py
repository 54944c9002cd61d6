"""What can be set about reading text, with the reason for each default.

The defaults were chosen on the train split of the real comics (benchmarks/ocr.py prints the
table); the validation split was only reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TextOptions:
    """Settings of a TextReader; plain values, so a worker process can be given them.

    Attributes:
        engine: What runs the PP-OCRv6 models from the rapidocr wheel: "openvino", or "rapidocr"
            (ONNX Runtime; equal in errors, half as fast on processors that know bfloat16).
        n_threads: Threads of one inference. 1 where one process runs on each core (two books at
            once beat two threads on one book by a fifth), 2 where a single book is read alone.
        detection_side_px: The page is resized for finding lines so that its height, or the height
            of one window of a vertical strip, is this. At 960, 1152 and 1408 px, words missed 7.8,
            7.0, 5.9 % (Pepper&Carrot English, 60 pages of train) and 10.3, 8.9, 8.3 % (Japanese);
            its time grows with the square.
        max_enlargement: A small page is enlarged for finding lines at most this much; more only
            costs time.
        window_aspect: A strip longer than this many times its short side is read in overlapping
            windows of that shape; 1.7 leaves every printed page in one piece.
        pixel_threshold: Probability from which a pixel counts as text (0 to 1).
        box_threshold: Mean probability from which a box is kept (0 to 1). Low, because the
            drawings that get through are dropped by min_confidence; at .5, 8.1 % are missed.
        unclip_ratio: How far a found core is grown to the whole letters; in area over perimeter.
        max_lines: Lines read on one page at most; a page of noise must not take minutes.
        max_line_aspect: A line image is squeezed to at most this many times its height.
        min_confidence: Lines recognised with less are dropped (0 to 1): they are drawings.
        max_text_length: Characters kept of one region.
    """

    engine: str = "openvino"
    n_threads: int = 1
    detection_side_px: int = 1408
    max_enlargement: float = 1.5
    window_aspect: float = 1.7
    pixel_threshold: float = 0.3
    box_threshold: float = 0.3
    unclip_ratio: float = 1.6
    max_lines: int = 400
    max_line_aspect: float = 40.0
    min_confidence: float = 0.5
    max_text_length: int = 4000

    def __post_init__(self) -> None:
        """Refuse values that cannot work.

        Raises:
            ConfigError: A number is outside its range; the message names it.
        """
        fractions = {
            "pixel_threshold": self.pixel_threshold,
            "box_threshold": self.box_threshold,
            "min_confidence": self.min_confidence,
        }
        for name, value in fractions.items():
            if not 0 <= value <= 1:
                raise ConfigError(f"text option {name} is {value}; it is a fraction, 0 to 1")
        at_least = {
            "n_threads": (self.n_threads, 1),
            "detection_side_px": (self.detection_side_px, 64),
            "max_enlargement": (self.max_enlargement, 1),
            "window_aspect": (self.window_aspect, 1),
            "unclip_ratio": (self.unclip_ratio, 0),
            "max_lines": (self.max_lines, 1),
            "max_line_aspect": (self.max_line_aspect, 1),
            "max_text_length": (self.max_text_length, 1),
        }
        for name, (number, lowest) in at_least.items():
            if number < lowest:
                raise ConfigError(f"text option {name} is {number}; it must be {lowest} or more")
