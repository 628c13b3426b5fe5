//! The published layout of the report: the schema is fresh, real reports are valid by it, and each field is explained.

use std::fs;
use std::path::Path;

use serde_json::Value;
use vecperf::Report;
use vecperf::export::{json, json_schema};

use crate::report_sample::sample;

fn committed(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    // Git may check text out with Windows' line ends.
    fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

#[test]
fn the_committed_schema_is_fresh() {
    assert!(
        committed("docs/schema/report.schema.json") == json_schema(),
        "the report's layout changed: `cargo run -- schema > docs/schema/report.schema.json`, \
         and raise Report::SCHEMA_VERSION if a reader of the last one would break"
    );
}

#[test]
fn reports_are_valid_by_the_schema_and_damaged_ones_are_not() {
    let schema: Value = serde_json::from_str(&committed("docs/schema/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value = |report: &Report| serde_json::from_str::<Value>(&json(report)).unwrap();

    let mut small = sample();
    small.workload = None;
    small.phases.clear();
    small.run.operations.clear();
    for report in [sample(), small] {
        let errors: Vec<_> = validator
            .iter_errors(&value(&report))
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }

    let damages: [(&str, Value); 5] = [
        ("/complete", Value::Null),
        ("/run/operations/0/count", "many".into()),
        ("/verdicts/0/status", "bad".into()),
        ("/phases", Value::Null),
        ("/run/operations/0/latency/buckets/0", 7.into()),
    ];
    for (pointer, damage) in damages {
        let mut damaged = value(&sample());
        *damaged.pointer_mut(pointer).unwrap() = damage;
        assert!(!validator.is_valid(&damaged), "{pointer}");
    }
}

/// Every field that the schema has stands in docs/metrics.md as `field`, and no other.
#[test]
fn each_field_is_explained() {
    fn fields(value: &Value, found: &mut Vec<String>) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            found.extend(properties.keys().cloned());
        }
        match value {
            Value::Object(map) => map.values().for_each(|value| fields(value, found)),
            Value::Array(values) => values.iter().for_each(|value| fields(value, found)),
            _ => {}
        }
    }
    let mut schema: Value = serde_json::from_str(&json_schema()).unwrap();
    // The settings are explained in perf_monitor.toml.
    for settings in [
        "Settings",
        "Monitoring",
        "CpuBackEnd",
        "Thresholds",
        "OperationThresholds",
        "Output",
        "Serve",
        "Flight",
    ] {
        schema["$defs"][settings] = Value::Null;
    }
    let mut found = Vec::new();
    fields(&schema, &mut found);
    assert!(found.len() > 80, "{}", found.len());
    let page = committed("docs/metrics.md");
    let missing: Vec<_> = found
        .iter()
        .filter(|field| !page.contains(&format!("`{field}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/metrics.md does not explain {missing:?}"
    );
}
