//! The JSON Schema of the report, from the types themselves.

use crate::report::Report;

/// The JSON Schema (draft 2020-12) of what [`Json`](crate::export::Json) writes, pretty, with a final newline.
/// `docs/schema/report.schema.json` is this text.
pub fn json_schema() -> String {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("title".to_owned(), "vecperf report".into());
    let version = Report::SCHEMA_VERSION;
    schema.insert(
        "$id".to_owned(),
        format!("https://github.com/vecperf/vecperf/report-{version}.schema.json").into(),
    );
    // A schema is maps and strings: it has no value that JSON cannot hold.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
