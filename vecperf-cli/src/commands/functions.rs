//! `vecperf functions FILE`: what each function of a profile costs, as a table.

mod compared;
mod single;

use crate::args::{Format, FunctionsArgs, Sort};
use crate::exit::{Exit, Failure, Result};
use crate::profile::{self, Cost, Sides, Stacks};
use crate::terminal::Terminal;

/// What a table is made of.
struct Table<'a> {
    costs: Vec<Cost>,
    stacks: &'a Stacks,
    sides: &'a Sides<'a>,
    sort: Sort,
}

pub(crate) fn run(args: &FunctionsArgs, terminal: Terminal) -> Result<Exit> {
    let (profile, base) = profile::read(&args.file, &args.selection)?;
    let sides = Sides::new(&profile, base.as_ref(), &args.selection)?;
    let stacks = Stacks::new(&profile, &sides)?;
    drop(profile);
    let mut table = Table {
        costs: profile::functions(&stacks),
        stacks: &stacks,
        sides: &sides,
        sort: args.sort,
    };
    table.order();
    let all = table.costs.len();
    table.costs.truncate(args.top);
    let text = match (args.format, sides.compared()) {
        (Format::Table, false) => single::table(&table, terminal.stdout_width()),
        (Format::Table, true) => compared::table(&table, terminal.stdout_width()),
        (Format::Markdown, false) => single::markdown(&table),
        (Format::Markdown, true) => compared::markdown(&table),
        (Format::Json, false) => json(&single::rows(&table))?,
        (Format::Json, true) => json(&compared::rows(&table))?,
    };
    terminal.data(&text)?;
    for remark in stacks.remarks() {
        terminal.remark(remark);
    }
    if all > args.top {
        let rest = all - args.top;
        terminal.remark(format_args!("{rest} more functions: --top {all} shows all"));
    }
    Ok(Exit::Fine)
}

impl Table<'_> {
    /// Of a function: itself or with what it calls, as the user sorts.
    fn of(&self, cost: &Cost) -> [f64; 2] {
        match self.sort {
            Sort::Own => cost.own,
            Sort::Total => cost.total,
        }
    }

    /// The most first; compared: the largest difference first. Equal ones by name.
    fn order(&mut self) {
        let mut costs = std::mem::take(&mut self.costs);
        let scale = self.sides.scale(self.stacks.totals);
        let compared = self.sides.compared();
        let key = |cost: &Cost| {
            let [shown, other] = self.of(cost);
            match compared {
                true => shown * scale[0] - other * scale[1],
                false => shown,
            }
        };
        costs.sort_by(|a, b| {
            let most_first = key(b).total_cmp(&key(a));
            most_first.then_with(|| a.name.cmp(&b.name))
        });
        self.costs = costs;
    }

    /// `self` or `total`.
    fn sorted_by(&self) -> &'static str {
        match self.sort {
            Sort::Own => "self",
            Sort::Total => "total",
        }
    }
}

fn json(rows: &impl serde::Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(rows);
    let text = json.map_err(|error| {
        Failure::runtime("the functions cannot be written as JSON").because(&error)
    })?;
    Ok(text + "\n")
}

/// A name in a Markdown table: code, whatever it is made of.
fn cell(name: &str) -> String {
    let name = name.replace('\\', "\\\\").replace('|', "\\|");
    let name = name.replace('`', "'");
    format!("`{name}`")
}
