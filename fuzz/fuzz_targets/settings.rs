//! Any text as a settings file: never a panic; what loads is allowed, and what is refused names the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vecperf::Settings;

fuzz_target!(|text: &str| {
    match Settings::from_toml(text, "f.toml") {
        Ok(settings) => assert!(
            settings.validate().is_ok(),
            "{text:?} loads as something that is not allowed"
        ),
        Err(error) => assert!(error.to_string().contains("f.toml:"), "{error}"),
    }
});
