"""Words of Amazon's that people choose from: they stand in the document and in the console."""

from __future__ import annotations

# Why a seller cancels an order (the order acknowledgement feed's CancelReason, amazon-sp-api 2.3).
CANCEL_REASONS = (
    "NoInventory", "ShippingAddressUndeliverable", "CustomerExchange", "BuyerCanceled", "GeneralAdjustment",
    "CarrierCreditDecision", "RiskAssessmentInformationNotValid", "CarrierCoverageFailure", "CustomerReturn",
    "MerchandiseNotReceived",
)  # fmt: skip

# Who carries a parcel. Amazon keeps the list to itself; these are the common ones of its order feed's schema
# (amazon-sp-api 2.1).
CARRIER_CODES = (
    "USPS", "UPS", "UPSMI", "FedEx", "DHL", "GLS", "Royal Mail", "Parcelforce", "TNT", "Canada Post", "Chronopost",
    "Deutsche Post", "DPD", "La Poste", "Poste Italiane", "SDA", "BlueDart", "Aramex", "India Post",
    "DTDC", "Delhivery", "Lasership", "OnTrac", "Yodel", "Newgistics", "Hermes", "Correos", "SEUR", "Yamato Transport",
    "Sagawa", "Japan Post", "Australia Post", "StarTrack", "Purolator",
)  # fmt: skip
