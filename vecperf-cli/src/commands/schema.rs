//! `vecperf schema`: the JSON Schema of the report.

use crate::exit::{Exit, Result};
use crate::terminal::Terminal;

pub(crate) fn run(terminal: Terminal) -> Result<Exit> {
    terminal.data(&vecperf::export::json_schema())?;
    Ok(Exit::Fine)
}
