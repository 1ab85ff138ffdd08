"""Amazon's marketplaces and where their API, their shop and Seller Central are (amazon-sp-api 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Region = Literal["na", "eu", "fe"]

REGION_ENDPOINTS: dict[Region, str] = {
    "na": "https://sellingpartnerapi-na.amazon.com",
    "eu": "https://sellingpartnerapi-eu.amazon.com",
    "fe": "https://sellingpartnerapi-fe.amazon.com",
}


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One marketplace. `currency` is the usual one: an order's own amounts say which it really is.

    code is Amazon's (UK, where ISO says GB); domain is the shop's without "www."; seller_central is a host name.
    """

    code: str
    country: str
    id: str
    region: Region
    currency: str
    domain: str
    seller_central: str

    def order_url(self, amazon_order_id: str) -> str:
        """The order's page in Seller Central."""
        return f"https://{self.seller_central}/orders-v3/order/{amazon_order_id}"


_EUROPE = "sellercentral-europe.amazon.com"  # the five oldest European marketplaces share one Seller Central

MARKETPLACES: dict[str, Marketplace] = {
    marketplace.id: marketplace
    for marketplace in (
        Marketplace("US", "United States", "ATVPDKIKX0DER", "na", "USD", "amazon.com", "sellercentral.amazon.com"),
        Marketplace("CA", "Canada", "A2EUQ1WTGCTBG2", "na", "CAD", "amazon.ca", "sellercentral.amazon.ca"),
        Marketplace("MX", "Mexico", "A1AM78C64UM0Y8", "na", "MXN", "amazon.com.mx", "sellercentral.amazon.com.mx"),
        Marketplace("BR", "Brazil", "A2Q3Y263D00KWC", "na", "BRL", "amazon.com.br", "sellercentral.amazon.com.br"),
        Marketplace("UK", "United Kingdom", "A1F83G8C2ARO7P", "eu", "GBP", "amazon.co.uk", _EUROPE),
        Marketplace("DE", "Germany", "A1PA6795UKMFR9", "eu", "EUR", "amazon.de", _EUROPE),
        Marketplace("FR", "France", "A13V1IB3VIYZZH", "eu", "EUR", "amazon.fr", _EUROPE),
        Marketplace("IT", "Italy", "APJ6JRA9NG5V4", "eu", "EUR", "amazon.it", _EUROPE),
        Marketplace("ES", "Spain", "A1RKKUPIHCS9HS", "eu", "EUR", "amazon.es", _EUROPE),
        Marketplace("NL", "Netherlands", "A1805IZSGTT6HS", "eu", "EUR", "amazon.nl", "sellercentral.amazon.nl"),
        Marketplace("BE", "Belgium", "AMEN7PMS3EDWL", "eu", "EUR", "amazon.com.be", "sellercentral.amazon.com.be"),
        Marketplace("IE", "Ireland", "A28R8C7NBKEWEA", "eu", "EUR", "amazon.ie", "sellercentral.amazon.ie"),
        Marketplace("SE", "Sweden", "A2NODRKZP88ZB9", "eu", "SEK", "amazon.se", "sellercentral.amazon.se"),
        Marketplace("PL", "Poland", "A1C3SOZRARQ6R3", "eu", "PLN", "amazon.pl", "sellercentral.amazon.pl"),
        Marketplace("TR", "Turkey", "A33AVAJ2PDY3EV", "eu", "TRY", "amazon.com.tr", "sellercentral.amazon.com.tr"),
        Marketplace("ZA", "South Africa", "AE08WJ6YKNBMC", "eu", "ZAR", "amazon.co.za", "sellercentral.amazon.co.za"),
        Marketplace("EG", "Egypt", "ARBP9OOSHTCHU", "eu", "EGP", "amazon.eg", "sellercentral.amazon.eg"),
        Marketplace("SA", "Saudi Arabia", "A17E79C6D8DWNP", "eu", "SAR", "amazon.sa", "sellercentral.amazon.sa"),
        Marketplace(
            "AE", "United Arab Emirates", "A2VIGQ35RCS4UG", "eu", "AED", "amazon.ae", "sellercentral.amazon.ae"
        ),
        Marketplace("IN", "India", "A21TJRUUN4KGV", "eu", "INR", "amazon.in", "sellercentral.amazon.in"),
        Marketplace("JP", "Japan", "A1VC38T7YXB528", "fe", "JPY", "amazon.co.jp", "sellercentral.amazon.co.jp"),
        Marketplace("AU", "Australia", "A39IBJ37TRP1C6", "fe", "AUD", "amazon.com.au", "sellercentral.amazon.com.au"),
        Marketplace("SG", "Singapore", "A19VAU5U5O7RUS", "fe", "SGD", "amazon.sg", "sellercentral.amazon.sg"),
    )
}
