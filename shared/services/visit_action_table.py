"""The front desk's quick actions about visits: names, labels, parameters. What runs them is imported later."""

from __future__ import annotations

from shared.models.api.visits import (
    AppointmentQuery,
    CancelParams,
    CheckInParams,
    CopayParams,
    DemographicsParams,
    MoveParams,
    RescheduleParams,
    VisitParams,
    WalkInParams,
)
from shared.modes.base import QuickActionRule

VISIT_ACTIONS: tuple[QuickActionRule, ...] = (
    QuickActionRule("todays_schedule", "Today's Schedule", AppointmentQuery, "desk.schedule", only_reads=True),
    QuickActionRule("confirm_appointment", "Confirm Appointment", MoveParams, "desk.confirm_appointment"),
    QuickActionRule("mark_arrived", "Mark Arrived", MoveParams, "desk.mark_arrived"),
    QuickActionRule("start_check_in", "Start Check-In", CheckInParams, "desk.start_check_in"),
    QuickActionRule("complete_check_in", "Complete Check-In", CheckInParams, "desk.complete_check_in"),
    QuickActionRule("override_readiness", "Override Readiness", CancelParams, "desk.override_readiness"),
    QuickActionRule("record_copay", "Record Copay", CopayParams, "desk.record_copay"),
    QuickActionRule("update_demographics", "Update Demographics", DemographicsParams, "demographics.update"),
    QuickActionRule("room_patient", "Take to Room", MoveParams, "desk.room_patient"),
    QuickActionRule("start_visit", "With Provider", MoveParams, "desk.start_visit"),
    QuickActionRule("check_out", "Check Out", MoveParams, "desk.check_out"),
    QuickActionRule("complete_visit", "Complete Visit", MoveParams, "desk.complete_visit"),
    QuickActionRule("mark_no_show", "Mark No-Show", MoveParams, "desk.mark_no_show"),
    QuickActionRule("cancel_visit", "Cancel Visit", CancelParams, "desk.cancel_visit"),
    QuickActionRule("reschedule_visit", "Reschedule Visit", RescheduleParams, "desk.reschedule_visit"),
    QuickActionRule("left_without_being_seen", "Left Without Being Seen", MoveParams, "desk.left_without_being_seen"),
    QuickActionRule("undo_last_status", "Undo Last Step", VisitParams, "desk.undo_last_status"),
    QuickActionRule("add_walk_in", "Add Walk-In", WalkInParams, "desk.add_walk_in"),
)
