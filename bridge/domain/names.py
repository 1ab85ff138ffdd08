"""People's names and other texts as Magento takes them: first and last name, and only what its database can keep."""

from __future__ import annotations

import re
import unicodedata

NO_LAST_NAME = "-"  # Magento wants a last name of everybody; a slash would be refused
NOBODY = ("Amazon", "customer")
LENGTH = 255  # characters of a name, a street, a city ... in an order's address

# Signs that join two words keep joining them; quotation marks of all kinds that stand in names become the plain one.
_JOINING = re.compile(r"\s*[&+/\\|:;=~–—―‐‑‒−]\s*")
_APOSTROPHES = str.maketrans(dict.fromkeys("‘‛´′＇", "'"))
_SAFE = ",-_.'’`"


def storable(text: str) -> str:
    """The text without what Magento's database turns into question marks (utf8mb3, magento-live 2), and no controls.

    A character beyond the basic plane is replaced by its plain form where Unicode knows one (styled letters), a letter
    without one by "_", and dropped otherwise (emoji). Line breaks stay.
    """
    kept = []
    for sign in text:
        if ord(sign) > 0xFFFF:
            plain = unicodedata.normalize("NFKC", sign)
            if all(ord(c) <= 0xFFFF for c in plain):
                kept.append(plain)
            elif unicodedata.category(sign)[0] == "L":
                kept.append("_")
        elif sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs", "Co", "Cn"}:
            kept.append(sign)
    return "".join(kept)


def one_line(text: str | None, length: int = LENGTH) -> str:
    """The storable text in one line, without doubled blanks, at most `length` characters; "" for None."""
    return " ".join(storable(text or "").split())[:length].rstrip()


def clean_name(text: str | None) -> str:
    """The text with only what Magento allows in a person's name (magento-rest 6): letters and marks of any script,
    digits, blanks and a few signs. Signs that join words become a hyphen, all others a blank. "" when nothing is left.
    """
    joined = _JOINING.sub(_hyphen, one_line(text, 4 * LENGTH).translate(_APOSTROPHES))
    allowed = "".join(c if c in _SAFE or unicodedata.category(c)[0] in "LM" or c.isdecimal() else " " for c in joined)
    words = [word for word in allowed.split() if any(c.isalnum() for c in word) or word == "-"]
    return " ".join(words).strip(" -")[:LENGTH].strip()


def _hyphen(found: re.Match[str]) -> str:
    return " - " if found.group()[0].isspace() and found.group()[-1].isspace() else "-"


def split_name(name: str | None, company: str | None = None) -> tuple[str, str]:
    """First and last name, both never empty: the last word is the last name, so that both together read as the whole.

    Without a name the company stands in; without either it is an Amazon customer. A single word is the first name.
    """
    whole = clean_name(name) or clean_name(company)
    if not whole:
        return NOBODY
    first, _, last = whole.rpartition(" ")
    return (first.rstrip(" -") or last, last) if first else (whole, NO_LAST_NAME)
