"""Jobs and their runs."""

from __future__ import annotations

from marshmallow import fields, validate

from bridge.api.blueprint import Input, Output
from bridge.api.fields import Enumerated, Whole
from bridge.api.schemas.common import MOST, PageQuery, integer, list_of, page_of, string
from bridge.api.schemas.orders import moment
from bridge.config import JOB_NAMES

RUN_STATES = ("queued", "running", "succeeded", "failed", "skipped", "lost")


class JobRunSchema(Output):
    """One run of a job and what it did."""

    id = integer("Its id.", 812)
    job = Enumerated("JobName", JOB_NAMES, required=True, metadata={"description": "The job that ran."})
    store_id = integer("The store it worked for; null: the bridge.", 1, allow_none=True)
    trigger = Enumerated(
        "JobTrigger",
        ("schedule", "api", "cli", "webhook"),
        required=True,
        metadata={"description": "What started it.", "examples": ["api"]},
    )
    state = Enumerated(
        "JobRunState",
        RUN_STATES,
        required=True,
        metadata={"description": "How it stands or ended.", "examples": ["succeeded"]},
    )
    started_at = moment("When it began.")
    finished_at = moment("When it ended; null while it runs.", allow_none=True)
    result = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        allow_none=True,
        metadata={"description": "What was done, counted.", "examples": [{"imported": 3}]},
    )
    error = string("Why it failed or was skipped.", allow_none=True)


JobRunPageSchema = page_of(JobRunSchema, "JobRunPageSchema")


class JobSchema(Output):
    """A job that runs by itself."""

    name = Enumerated("JobName", JOB_NAMES, required=True, metadata={"description": "The job's name."})
    help = string("What it does.", "Read what changed on Amazon.")
    per_store = fields.Boolean(required=True, metadata={"description": "Whether a run works for one store."})
    schedule = string("Five-field cron in UTC, or @every N(s|m|h).", "*/5 * * * *")
    last_run = fields.Nested(
        JobRunSchema, required=True, allow_none=True, metadata={"description": "Its newest run; null: it never ran."}
    )


JobListSchema = list_of(JobSchema, "JobListSchema")


class RunJob(Input):
    """For which store to run a job that works for one store."""

    store_id = Whole(
        allow_none=True,
        load_default=None,
        validate=validate.Range(1, MOST),
        metadata={"description": "For a job that works for one store: which.", "examples": [1]},
    )


class JobRunQuery(PageQuery):
    """Which runs."""

    store_id = fields.Integer(validate=validate.Range(1, MOST), metadata={"description": "Runs for this store."})
    job = Enumerated("JobName", JOB_NAMES, metadata={"description": "Runs of this job."})
    state = Enumerated("JobRunState", RUN_STATES, metadata={"description": "Runs that ended so."})
