"""The words by which programs tell a problem from another of the same HTTP status; they never change."""

from __future__ import annotations

from bridge.api.errors import PROBLEMS

# code: (HTTP status, what it means). Those of bridge.api.errors.PROBLEMS are said when nothing more exact is known.
CODES: dict[str, tuple[int, str]] = {
    "bad_signature": (401, "The message is not signed by the key that it should be signed by."),
    "insufficient_scope": (403, "The API key lacks the scope that the operation names."),
    "store_bound_key": (403, "The operation is of no one store, and the API key is bound to some."),
    "already_imported": (409, "The order is in Commerce already."),
    "already_exists": (409, "Somebody else took a value that must be unique."),
    "already_matched": (409, "The seller SKU or ASIN has a product match."),
    "being_imported": (409, "The order is being created in Commerce, or its stock is being held there."),
    "cancellation_requested": (409, "The order's cancellation was asked for already."),
    "changed_meanwhile": (409, "Somebody changed the object while it was being written."),
    "idempotency_answer_lost": (409, "The request was carried out, and its answer is not known any more."),
    "idempotency_key_in_use": (409, "The same request is being carried out; Retry-After says when to ask again."),
    "not_cancelable": (409, "Only unshipped orders that the merchant ships can be canceled."),
    "not_importable_yet": (409, "Amazon does not let the order be created yet."),
    "nothing_to_confirm": (409, "Amazon has taken every shipment of the order, or there is none."),
    "order_ended": (409, "The order is canceled."),
    "store_active": (409, "The store has to be deactivated first."),
    "store_inactive": (409, "The store is deactivated."),
    "too_many_webhooks": (409, "There are as many webhook endpoints as there may be."),
    "webhook_inactive": (409, "The webhook endpoint has to be activated first."),
    "idempotency_key_reused": (422, "The Idempotency-Key was sent with another request."),
    "amazon_failed": (502, "Amazon did not answer as it should."),
    "commerce_failed": (502, "Commerce did not answer as it should."),
    "adobe_failed": (502, "Adobe's key server did not answer as it should."),
    "database_unavailable": (503, "The database does not answer."),
    "too_slow": (503, "The database took too long at a list: narrow the filters."),
    "not_configured": (503, "A setting of the bridge is missing; the detail names it."),
}


def table() -> str:
    """All of them, and those of PROBLEMS, by status, for the document."""
    general = [(status, code, says) for status, (_name, code, says) in PROBLEMS.items()]
    exact = [(status, code, says) for code, (status, says) in CODES.items()]
    rows = [f"| {status} | `{code}` | {says} |" for status, code, says in sorted([*general, *exact])]
    return "\n".join(["| Status | `code` | Meaning |", "|---|---|---|", *rows])
