"""Amazon's marketplaces, as far as the sandbox needs them: where they are, what they charge in, how they quote tax."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Market:
    """One marketplace. `tax_inclusive`: displayed prices contain the tax, so that TAX breakdowns are informational."""

    marketplace_id: str
    country_code: str
    name: str
    region: str
    currency: str
    tax_inclusive: bool = True

    @property
    def decimals(self) -> int:
        """How many digits an amount has after the point: none in yen."""
        return 0 if self.currency == "JPY" else 2


MARKETS: dict[str, Market] = {
    market.marketplace_id: market
    for market in (
        Market("ATVPDKIKX0DER", "US", "Amazon.com", "na", "USD", tax_inclusive=False),
        Market("A2EUQ1WTGCTBG2", "CA", "Amazon.ca", "na", "CAD", tax_inclusive=False),
        Market("A1AM78C64UM0Y8", "MX", "Amazon.com.mx", "na", "MXN"),
        Market("A2Q3Y263D00KWC", "BR", "Amazon.com.br", "na", "BRL"),
        Market("A1F83G8C2ARO7P", "GB", "Amazon.co.uk", "eu", "GBP"),
        Market("A1PA6795UKMFR9", "DE", "Amazon.de", "eu", "EUR"),
        Market("A13V1IB3VIYZZH", "FR", "Amazon.fr", "eu", "EUR"),
        Market("APJ6JRA9NG5V4", "IT", "Amazon.it", "eu", "EUR"),
        Market("A1RKKUPIHCS9HS", "ES", "Amazon.es", "eu", "EUR"),
        Market("A1805IZSGTT6HS", "NL", "Amazon.nl", "eu", "EUR"),
        Market("AMEN7PMS3EDWL", "BE", "Amazon.com.be", "eu", "EUR"),
        Market("A28R8C7NBKEWEA", "IE", "Amazon.ie", "eu", "EUR"),
        Market("A2NODRKZP88ZB9", "SE", "Amazon.se", "eu", "SEK"),
        Market("A1C3SOZRARQ6R3", "PL", "Amazon.pl", "eu", "PLN"),
        Market("A33AVAJ2PDY3EV", "TR", "Amazon.com.tr", "eu", "TRY"),
        Market("AE08WJ6YKNBMC", "ZA", "Amazon.co.za", "eu", "ZAR"),
        Market("ARBP9OOSHTCHU", "EG", "Amazon.eg", "eu", "EGP"),
        Market("A17E79C6D8DWNP", "SA", "Amazon.sa", "eu", "SAR"),
        Market("A2VIGQ35RCS4UG", "AE", "Amazon.ae", "eu", "AED"),
        Market("A21TJRUUN4KGV", "IN", "Amazon.in", "eu", "INR"),
        Market("A1VC38T7YXB528", "JP", "Amazon.co.jp", "fe", "JPY"),
        Market("A39IBJ37TRP1C6", "AU", "Amazon.com.au", "fe", "AUD"),
        Market("A19VAU5U5O7RUS", "SG", "Amazon.sg", "fe", "SGD"),
    )
}
