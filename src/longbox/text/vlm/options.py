"""What can be set about asking a vision-language model, with the reason for each default."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from longbox.errors import ConfigError

_CHAT = "/chat/completions"


class BoxConvention(StrEnum):
    """How a model writes a box; AUTO decides for each answer by what fits our panels."""

    AUTO = "auto"
    GEMINI = "gemini"  # [ymin, xmin, ymax, xmax], thousandths of the page
    GLM = "glm"  # [xmin, ymin, xmax, ymax], thousandths of the page
    PIXELS = "pixels"  # [xmin, ymin, xmax, ymax], pixels of the picture that was sent
    FRACTIONS = "fractions"  # [xmin, ymin, xmax, ymax], 0 to 1


@dataclass(frozen=True, slots=True)
class VlmOptions:
    """Where and how a model is asked.

    Attributes:
        endpoint: Base address of an OpenAI-compatible server ("http://localhost:11434/v1"), or
            the whole address up to /chat/completions.
        model: The model's name as the server knows it.
        key: Sent as a bearer token; never shown, logged or stored.
        convention: How the model writes boxes.
        max_picture_pixels: The page is scaled down to this area: lettering of an ordinary page
            stays readable, and a picture costs some 2,000 tokens.
        max_picture_side_px: And to this long side, which binds for vertical strips.
        max_picture_bytes: The JPEG is made coarser until it fits; hosted servers refuse more.
        answer_tokens: Token limit of a first answer; a page of nine panels takes about 1,500.
        max_answer_tokens: A truncated answer is asked again with twice the limit, up to this one.
        timeout_s: For a whole answer; models on a processor are slow.
        connect_timeout_s: For reaching the server at all.
        max_response_bytes: More than this is not read: no real answer comes near.
        temperature: 0 gives the most likely answer and nearly the same one every time.
    """

    endpoint: str
    model: str
    key: str | None = field(default=None, repr=False)
    convention: BoxConvention = BoxConvention.AUTO
    max_picture_pixels: int = 1_600_000
    max_picture_side_px: int = 4096
    max_picture_bytes: int = 4_000_000
    answer_tokens: int = 3000
    max_answer_tokens: int = 12000
    timeout_s: float = 300.0
    connect_timeout_s: float = 15.0
    max_response_bytes: int = 4_000_000
    temperature: float = 0.0

    def __post_init__(self) -> None:
        _check_endpoint(self.endpoint, has_key=bool(self.key))
        if not self.model.strip() or not self.model.isprintable():
            raise ConfigError("no model is named; give the name that the server knows it by")
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            raise ConfigError("the API key has characters that no key has; copy it again")
        if not 1 <= self.answer_tokens <= self.max_answer_tokens:
            raise ConfigError(
                f"answer tokens {self.answer_tokens} must lie between 1 and the largest limit "
                f"{self.max_answer_tokens}"
            )
        sizes = (self.max_picture_pixels, self.max_picture_side_px, self.max_picture_bytes)
        if min(*sizes, self.max_response_bytes) < 1 or self.timeout_s <= 0:
            raise ConfigError("limits of pictures, answers and time must be above 0")

    @property
    def url(self) -> str:
        """The address that requests go to."""
        address = self.endpoint.strip().rstrip("/")
        return address if address.endswith(_CHAT) else address + _CHAT


def _check_endpoint(endpoint: str, *, has_key: bool) -> None:
    try:
        parts = urlsplit(endpoint.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{endpoint!r} is not an address ({error})") from error
    is_plain = endpoint.strip().isprintable() and " " not in endpoint.strip()
    if parts.scheme not in ("http", "https") or not host or not is_plain:
        raise ConfigError(
            f"{endpoint!r} is not an http or https address; one looks like "
            f"http://localhost:11434/v1"
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "an address with a password in it would be stored and shown; give the key in an "
            "environment variable"
        )
    if parts.query or parts.fragment:
        raise ConfigError(f"{endpoint!r}: leave out what follows the ? or #")
    if has_key and parts.scheme == "http" and not _is_near(host):
        raise ConfigError(
            f"{endpoint}: a key sent over http can be read by others on the way; use https"
        )


def _is_near(host: str) -> bool:
    """Whether a host is this machine or one of its own network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))
