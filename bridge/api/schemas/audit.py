"""The audit trail."""

from __future__ import annotations

from marshmallow import fields, validate

from bridge.api.blueprint import Output
from bridge.api.fields import DayOrMoment, Enumerated
from bridge.api.schemas.common import MOST, PageQuery, integer, page_of, string
from bridge.api.schemas.orders import moment

ACTOR_KINDS = ("api_key", "cli", "job", "bridge")


class AuditChangeSchema(Output):
    """A value that changed, as text."""

    field = string("Its name.", "invoice")
    before = string("What it was; null: nothing, or withheld.", "at_completion", allow_none=True)
    after = string("What it is now; null: nothing, or withheld.", "at_import", allow_none=True)
    withheld = fields.Boolean(
        required=True, metadata={"description": "Whether the values are secret or personal, and so are not kept here."}
    )


class AuditEventSchema(Output):
    """One thing that somebody did."""

    id = integer("Its id; it grows with time.", 4012)
    at = moment("When.")
    actor_kind = Enumerated("ActorKind", ACTOR_KINDS, required=True, metadata={"description": "What kind of actor."})
    actor = string("The API key's name, the operator's account, the job.", "shop admin")
    scope = string("The right that was used; null: none was needed.", "settings:write", allow_none=True)
    request_id = string("X-Request-Id of the request; null: it was none.", allow_none=True)
    action = string("What was done.", "order_settings.changed")
    object_kind = string("To what kind of object.", "order_settings")
    object_id = string("To which; the name of a key or a job, the id of anything else.", "1")
    store_id = integer("The store that it concerns; null: the bridge.", 1, allow_none=True)
    changes = fields.List(
        fields.Nested(AuditChangeSchema),
        required=True,
        metadata={"description": "What it changed; none for a reading."},
    )


AuditEventPageSchema = page_of(AuditEventSchema, "AuditEventPageSchema")


def _word(says: str, most: int) -> fields.String:
    return fields.String(validate=validate.Length(1, most), metadata={"description": says})


class AuditQuery(PageQuery):
    """Which events."""

    store_id = fields.Integer(validate=validate.Range(1, MOST), metadata={"description": "What concerns this store."})
    actor = _word("What this API key, account or job did.", 100)
    action = _word("Such actions.", 48)
    object_kind = _word("What was done to such objects.", 32)
    object_id = _word("What was done to the object of that id; give its kind as well.", 100)
    request_id = _word("What was done in one request.", 64)
    at_from = DayOrMoment(metadata={"description": "Not before this day or moment."})
    at_to = DayOrMoment(end=True, metadata={"description": "Not after this day or moment."})
