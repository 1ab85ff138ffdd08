"""What each enumeration of the API means, and each of its words that does not say it by itself."""

from __future__ import annotations

_EVENTS = {
    "order.imported": "the order is in Commerce",
    "order.blocked": "it cannot be created in Commerce now",
    "order.shipped": "Amazon shows it as shipped",
    "order.completed": "it is complete in Commerce",
    "order.canceled": "it is canceled",
}
# component: (what it is, {word: what it means})
ENUMERATIONS: dict[str, tuple[str, dict[str, str]]] = {
    "AdminUiGrid": ("A grid of the Commerce admin.", {"order": "Sales > Orders"}),
    "ActorKind": (
        "Who did it.",
        {
            "api_key": "a caller of this API",
            "cli": "somebody at the command line",
            "job": "a job that runs by itself",
            "bridge": "the bridge, without being asked",
        },
    ),
    "AmazonStatus": ("The status that Amazon itself shows.", {}),
    "BlockerCode": (
        "Why a Commerce order cannot be created now.",
        {
            "product_not_found": "no match and no product with the SKU",
            "product_disabled": "the product is disabled",
            "product_not_in_website": "the product is not in the store's website",
            "unsupported_product_type": "the product is of a type that cannot be ordered by its SKU alone",
            "out_of_stock": "the stock does not suffice",
            "address_incomplete": "Commerce would refuse the shipping address",
            "amounts_do_not_add_up": "the order would not equal Amazon's to the cent",
            "currency_not_available": "the store view does not sell in the order's currency",
            "commerce_rejected": "Commerce refused it; the message holds its words",
        },
    ),
    "BlockerPlace": ("On which kind of page a blocker is mended.", {}),
    "CancelReason": ("Amazon's word for why the merchant cancels.", {}),
    "Channel": (
        "Who ships.",
        {"FBM": "the merchant (fulfilled by merchant)", "FBA": "Amazon (fulfilled by Amazon)"},
    ),
    "ClearLogHistory": ("How long job runs and communication errors are kept.", {}),
    "CommerceAuth": (
        "How the bridge signs in at Commerce.",
        {"bearer": "with an access token", "oauth1": "as an integration, with its four secrets"},
    ),
    "CustomerCreationSetting": (
        "Whose the Commerce order is.",
        {"guest": "a guest's", "new_account": "of a customer account of the buyer's own"},
    ),
    "DashboardDays": ("Over how many days the dashboard looks, today included.", {}),
    "ImportOrdersSetting": (
        "Whether orders come into Commerce.",
        {"disabled": "they are shown only, and every other setting is read-only"},
    ),
    "ImportState": (
        "How far the Commerce side of an order is.",
        {
            "waiting": "not to be created yet",
            "ready": "to be created by the next import",
            "blocked": "cannot be created now; looked at again in every import",
            "view_only": "import was disabled when it could have been created; it is when somebody asks for it",
            "importing": "being created at this moment",
            "imported": "in Commerce",
            "completed": "complete in Commerce",
            "canceled": "canceled before it was created, or in Commerce as well",
        },
    ),
    "InvoiceSetting": (
        "When the Commerce order is invoiced.",
        {"at_completion": "after it was shipped", "at_import": "as soon as it is created"},
    ),
    "JobName": (
        "A job that runs by itself.",
        {
            "sync": "read what changed on Amazon",
            "sweep": "look for orders that the search by change has missed",
            "notifications": "read Amazon's hints of changes",
            "import": "create Commerce orders",
            "confirm": "tell Amazon of shipments and cancellations",
            "complete": "invoice, complete and cancel orders in Commerce",
            "audit": "compare Amazon, the bridge and Commerce",
            "cleanup": "delete what is older than the settings say",
        },
    ),
    "JobRunState": (
        "How a run stands or ended.",
        {
            "queued": "not begun yet",
            "skipped": "another process was at it, or nothing may be sent",
            "lost": "its process died",
        },
    ),
    "JobTrigger": (
        "What started a run.",
        {
            "schedule": "its time had come",
            "api": "a caller of this API",
            "cli": "the command line",
            "webhook": "Commerce said that something was shipped",
        },
    ),
    "OrderNumberSourceSetting": (
        "Whose number the Commerce order bears.",
        {"commerce": "Commerce's next one", "amazon": "Amazon's, behind `order_number_prefix`"},
    ),
    "OrderSort": ("What a list of orders is sorted by, over the whole result; falling with a minus.", {}),
    "OrderStatus": (
        "The status that the merchant sees: Amazon's own, but for two.",
        {"Error": "its import is blocked or has failed", "Completed": "complete in Commerce"},
    ),
    "OrderStatusSetting": (
        "Which status a new Commerce order has.",
        {"default": "Processing", "custom": "`processing_status`"},
    ),
    "OutgoingState": (
        "How far a change for the other side is.",
        {
            "pending": "to be sent",
            "sent": "accepted; not seen in the other side's data yet",
            "done": "seen there",
            "refused": "the other side will not have it",
        },
    ),
    "PendingOrdersSetting": (
        "What happens to orders whose payment Amazon has not verified.",
        {"do_not_reserve": "nothing", "reserve": "they are created in Commerce, so that their stock is held"},
    ),
    "Region": (
        "A region of Amazon's API.",
        {"eu": "Europe, India and the Middle East", "fe": "the Far East", "na": "the Americas"},
    ),
    "ErrorSource": (
        "Where something went wrong.",
        {
            "amazon": "a call to Amazon failed",
            "commerce": "a call to Commerce failed",
            "bridge": "both answered, and the nightly audit found that they do not agree",
        },
    ),
    "RemoteSystem": ("One of the two sides that the bridge calls.", {}),
    "RequestPart": ("A part of a request.", {}),
    "Severity": ("How bad it is.", {}),
    "WebhookDeliveryState": (
        "How far a delivery is.",
        {"pending": "to be tried, or tried again", "delivered": "the endpoint took it", "failed": "given up"},
    ),
    "WebhookEventType": ("What endpoints can be told of.", _EVENTS),
    "WebhookMessageType": (
        "What a message tells.",
        {**_EVENTS, "webhook.test": "nothing: somebody tries the endpoint"},
    ),
    "StockStrategySetting": (
        "How stock is reserved for the Commerce order.",
        {
            "reservation_cli": "by Magento's reservation command, run by the shop's crontab",
            "cart_restate": "by a placeholder cart",
            "none": "not at all",
        },
    ),
}


def meaning(component: str) -> str | None:
    """What the document says of the enumeration, as Markdown; None when nobody has said it."""
    if component not in ENUMERATIONS:
        return None
    says, words = ENUMERATIONS[component]
    return "\n".join([says, *([""] if words else []), *(f"- `{word}`: {means}" for word, means in words.items())])
