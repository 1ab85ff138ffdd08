"""Which carrier code Amazon is told for a track made in Commerce.

Amazon keeps the list of its codes to itself; these are the common ones of its order feed's schema (amazon-sp-api 2.1).
A carrier that is not among them is sent as "Other" with the track's title as its name.
"""

from __future__ import annotations

from bridge.domain.commerce import plain

_CODES = (
    "USPS", "UPS", "UPSMI", "FedEx", "DHL", "GLS", "Royal Mail", "Parcelforce", "TNT", "Canada Post", "Chronopost",
    "Deutsche Post", "DPD", "La Poste", "Poste Italiane", "SDA", "BlueDart", "Aramex", "India Post",
    "DTDC", "Delhivery", "Lasership", "OnTrac", "Yodel", "Newgistics", "Hermes", "Correos", "SEUR", "Yamato Transport",
    "Sagawa", "Japan Post", "Australia Post", "StarTrack", "Purolator",
)  # fmt: skip
_BY_PLAIN = {plain(code).replace(" ", ""): code for code in _CODES}


def amazon_carrier(carrier_code: str, title: str) -> tuple[str, str | None]:
    """(carrierCode, carrierName) for a track's carrier code and title; carrierName only with "Other"."""
    for text in (carrier_code, title):
        code = _BY_PLAIN.get(plain(text).replace(" ", ""))
        if code:
            return code, None
    return "Other", (title.strip() or carrier_code.strip() or "Other")[:255]
