"""Words that give a page away: "next issue", "all rights reserved", prices, addresses.

Each cue is a claim about lettering that needs no model and works where no sentence encoder reads
the language. Written for English, French, Spanish, German, Italian, Portuguese and Japanese;
matching ignores case. A cue on its own decides nothing: a price may be spoken in a story.
"""

from __future__ import annotations

import re

_PATTERNS: dict[str, str] = {
    "legal": r"©|\(c\) ?\d{4}|copyright|all rights reserved|tous droits|derechos reservados|"
    r"alle rechte|isbn|issn|printed in|imprimé en|published (by|monthly|weekly)|転載|無断|"
    r"creative commons|licen[sc]e|dépôt légal",
    "address": r"https?:|www\.|\b[\w-]+\.(com|org|net|info|cc|fr|de|jp|es|it|eu|co)\b|\S@\S+\.\w|"
    r"p\.? ?o\.? box|dept\. ",
    "price": r"[$€£¥] ?\d|\d ?(¢|€|円|cents\b|ct\b)|\d[.,]\d\d ?(€|eur|usd|\$)|"
    r"本体|税込|\bonly \$?\d|for free|gratis",
    "sale": r"\border\b|\bbuy\b|on sale|sale now|subscribe|coupon|money back|send (now|for|only)|"
    r"commandez|abonne|achetez|compra|bestell|kaufen|発売|購入|special offer|available (now|at)",
    "next": r"next (issue|month|week|time|chapter|volume|episode)|coming (soon|in|this)|"
    r"to be continued|prochain|à suivre|à paraître|próximo|continuará|nächst|fortsetzung|demnächst|"
    r"prossimo|次回|次巻|つづく|予告|don't miss|sneak peek|preview",
    "credits": r"(written|story|script|art|drawn|inks?|inked|pencils?|colou?rs?|letters|lettering|"
    r"created|translation|translated|edited) (by|:)|\bwriter\b|\bartist\b|\bletterer\b|"
    r"\bcolou?rist\b|scénario|dessin|guion|dibujo|zeichnung|原作|作画|作者|編集|editor.in.chief",
    "letters": r"dear (editor|sir|readers?|friends)|letters? (page|column|to)|\beditorial\b|"
    r"afterword|foreword|write to us|yours (truly|sincerely)|courrier|chers? lecteurs?|cartas|"
    r"leserbrief|あとがき|読者|introduction|\binterview\b|from the editor",
    "scanner": r"scanned by|\bscans?\b|scanlat|\bscanner\b|\braws?\b ?(by|provider|:)|typesett|"
    r"cleaned by|uploaded|downloaded from|c2c|join (us|our)|recruit|digital release|\bdcp\b",
    "contents": r"\bcontents\b|table of|sommaire|índice|inhalt|目次|\bindex\b",
    "number": r"\bno\.? ?\d|#\d|\bissue\b|\bvol(ume)?\.? ?\d|numéro|\bnr\.? ?\d|第.{1,3}[巻話]|"
    r"\bchapter\b|chapitre|capítulo|kapitel|\bepisode\b|\bpart \w",
    "code": r"[{};]\s*$|\bdef \w+\(|\breturn\b|\bimport \w+|==|!=|=>|\bpublic\b|\bvoid\b|\(\)|"
    r"\bclass \w+",
}
_COMPILED = {name: re.compile(p, re.I | re.M) for name, p in _PATTERNS.items()}
CUES: tuple[str, ...] = tuple(_COMPILED)
# More text than this of one page says nothing new, and a hostile page may hold any amount.
_MAX_CHARACTERS = 20_000


def count_cues(text: str) -> tuple[int, ...]:
    """Count how often each cue occurs in a page's lettering, in the order of CUES."""
    cut = text[:_MAX_CHARACTERS]
    return tuple(sum(1 for _ in pattern.finditer(cut)) for pattern in _COMPILED.values())


def has_address(text: str) -> bool:
    """Say whether a text holds a web address, an e-mail or a postal box."""
    return _COMPILED["address"].search(text[:_MAX_CHARACTERS]) is not None


def names_scanner(text: str) -> bool:
    """Say whether a text speaks of scanning, uploading or typesetting."""
    return _COMPILED["scanner"].search(text[:_MAX_CHARACTERS]) is not None
