//! The names of kernel functions, by `/proc/kallsyms`: read once from end to end, as it has 200,000 lines and a
//! profile some dozens of addresses.

use std::fs::File;
use std::io::{BufRead, BufReader};

/// The name at each of the addresses, which are in ascending order; none where the kernel keeps its addresses secret.
pub(super) fn names(addresses: &[u64]) -> Vec<Option<String>> {
    match addresses.is_empty() {
        true => Vec::new(),
        false => File::open("/proc/kallsyms")
            .map(|file| find(BufReader::new(file), addresses))
            .unwrap_or_default(),
    }
}

/// Lines are `address type name [module]`, in no order. A function reaches to the next one.
fn find(mut lines: impl BufRead, addresses: &[u64]) -> Vec<Option<String>> {
    // For each address, the last function that starts after the address before it, and not after itself.
    let mut starts: Vec<Option<(u64, String)>> = vec![None; addresses.len()];
    let mut line = String::new();
    while matches!(lines.read_line(&mut line), Ok(1..)) {
        if let Some((start, name)) = function(&line) {
            let above = addresses.partition_point(|address| *address < start);
            if let Some(best) = starts.get_mut(above)
                && best.as_ref().is_none_or(|(known, _)| *known < start)
            {
                *best = Some((start, name.to_owned()));
            }
        }
        line.clear();
    }
    let mut latest = None;
    starts
        .into_iter()
        .map(|start| {
            latest = start.map(|(_, name)| name).or_else(|| latest.take());
            latest.clone()
        })
        .collect()
}

/// The start and name of a line that is a function's. A secret address reads 0.
fn function(line: &str) -> Option<(u64, &str)> {
    let mut words = line.split_ascii_whitespace();
    let start = u64::from_str_radix(words.next()?, 16).ok()?;
    let is_code = matches!(words.next()?, "t" | "T" | "w" | "W");
    (is_code && start > 0).then_some((start, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_the_function_that_starts_before_it() {
        let table = "\
            ffffffff81000100 T second\n\
            ffffffff81000000 T first\n\
            ffffffff81000150 D data\n\
            ffffffffc0000000 t in_module\t[nf]\n\
            ffffffff81000200 t third\n";
        let addresses = [
            0xffff_ffff_8000_0000,
            0xffff_ffff_8100_0000,
            0xffff_ffff_8100_0160,
            0xffff_ffff_8100_01ff,
            0xffff_ffff_c000_0008,
        ];
        let names = find(table.as_bytes(), &addresses);
        let names: Vec<_> = names.iter().map(Option::as_deref).collect();
        assert_eq!(
            names,
            [
                None,
                Some("first"),
                Some("second"),
                Some("second"),
                Some("in_module")
            ]
        );
    }

    #[test]
    fn a_kernel_that_keeps_its_addresses_secret_names_nothing() {
        let table = "0000000000000000 T first\n0000000000000000 T second\nnonsense\n";
        assert_eq!(find(table.as_bytes(), &[1 << 63]), [None]);
    }
}
