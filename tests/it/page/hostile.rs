//! Every payload in every field of the page: it stays text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use vecperf::Report;
use vecperf::export::{Exporter, Html, json};

use super::dom::{Dom, text};
use super::payloads::payloads;
use super::profiles;
use crate::report_sample::sample;

/// The sample with the next of these texts as every text and every name in it.
fn infested(mut next: impl FnMut() -> String) -> Report {
    fn infest(key: &str, value: &mut Value, next: &mut dyn FnMut() -> String) {
        match value {
            Value::String(text) if !["status", "scope"].contains(&key) => *text = next(),
            Value::Array(values) => values.iter_mut().for_each(|it| infest("", it, next)),
            Value::Object(map) => {
                for (key, value) in map.iter_mut().filter(|(key, _)| *key != "settings") {
                    infest(key, value, next);
                }
                if ["gauges", "parameters", "index_bytes"].contains(&key)
                    || (key == "operations" && !map.is_empty())
                {
                    let any = map.values().next().cloned().unwrap_or_default();
                    *map = [(next(), any)].into_iter().collect();
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::from_str(&json(&sample())).unwrap();
    infest("", &mut value, &mut next);
    serde_json::from_value(value).unwrap()
}

/// The page with the next of these texts in every field.
fn page(mut next: impl FnMut() -> String) -> String {
    let (cpu, heap) = (profiles::cpu(&next()), profiles::heap(&next()));
    let report = infested(next);
    let html = Html {
        cpu_profile: Some(&cpu),
        heap_profile: Some(&heap),
    };
    String::from_utf8(html.to_bytes(&report).unwrap()).unwrap()
}

/// The page without its script and style, which are ours and the same in each.
fn without_bundle(page: &str) -> String {
    page.replace(
        include_str!("../../../assets/report/dist/report.js"),
        "the script",
    )
    .replace(
        include_str!("../../../assets/report/dist/report.css"),
        "the style",
    )
}

/// Every attribute as it may be: its value, where that is no text and no number.
fn allowed(dom: &Dom) -> BTreeSet<(String, String, String)> {
    let shape = |(element, name, value): (String, String, String)| {
        let number = |c: char| c.is_ascii_digit() || ".- MHVZ".contains(c);
        let free = ["aria-label"].contains(&name.as_str()) || value.chars().all(number);
        (element, name, if free { String::new() } else { value })
    };
    dom.attributes().into_iter().map(shape).collect()
}

#[test]
fn no_element_and_no_attribute_comes_from_data() {
    let payloads = payloads();
    assert!(payloads.len() >= 200, "{}", payloads.len());
    let usual = Dom::of(&without_bundle(&page(|| "a name".to_owned())));
    let attributes = allowed(&usual);
    for payload in &payloads {
        let page = without_bundle(&page(|| payload.clone()));
        let start: String = payload.chars().take(80).collect();
        assert!(page.len() < 2_000_000, "{start:?}: {} bytes", page.len());
        let hidden = |c: char| c.is_control() && c != '\n';
        assert!(!page.contains(hidden), "{start:?}: a control character");
        let dom = Dom::of(&page);
        assert_eq!(dom.names(), usual.names(), "{start:?}");
        assert_eq!(allowed(&dom), attributes, "{start:?}");
        assert_eq!(dom.comments(), 0, "{start:?}");
        let scripts = dom.elements("script");
        let data: Value = serde_json::from_str(&text(&scripts[0])).unwrap();
        assert!(data["timeline"]["charts"].is_array(), "{start:?}");
    }
}

#[test]
fn a_payload_is_shown_as_what_it_is() {
    let payload = "</td><script>window.hacked=1</script>";
    let dom = Dom::of(&without_bundle(&page(|| payload.to_owned())));
    let shown = dom.text().matches(payload).count();
    assert!(shown > 60, "{shown} places show it");
}

/// Writes the pages that `scripts/check-page` opens in a browser: each field with a payload of its own, until each
/// payload was somewhere.
#[test]
fn pages_for_the_browser() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("sample.html"), super::page()).unwrap();
    let settings = [
        ("ef 20", 0.831, 21_000.0),
        ("ef 50", 0.923, 11_200.0),
        ("ef 100", 0.968, 6_400.0),
        ("ef 200", 0.987, 3_300.0),
    ];
    let sweep = vecperf::export::html(&super::sweep(&settings));
    fs::write(folder.join("sweep.html"), sweep).unwrap();
    let payloads = payloads();
    let mut used = BTreeSet::new();
    for turn in 0..6 {
        let mut at = turn * 47;
        let page = page(|| {
            at += 1;
            used.insert(at % payloads.len());
            payloads[at % payloads.len()].clone()
        });
        fs::write(folder.join(format!("hostile-{turn}.html")), page).unwrap();
    }
    assert_eq!(used.len(), payloads.len(), "each payload is in a page");
}
