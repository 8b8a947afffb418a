"""Reads what other systems send (FHIR R4, Synthea's CSV) into records; pure: no store, no network."""
