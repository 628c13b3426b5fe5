//! `vecperf-profiled PROGRAM [--key value …]`: runs a program under the CPU profile and prints the truth as JSON.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is its output"
)]

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use vecperf_profiled::{Arguments, programs};

    let ran = Arguments::parse(std::env::args().skip(1)).and_then(|asked| programs::run(&asked));
    match ran {
        Ok(truth) => {
            println!("{}", truth.to_json());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}\nprograms: {}", programs::names().join(" "));
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("the CPU profile runs on Linux only");
    ExitCode::FAILURE
}
