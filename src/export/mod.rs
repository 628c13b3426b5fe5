//! Exporters: pure functions from a report to bytes, and the one place that writes files.
