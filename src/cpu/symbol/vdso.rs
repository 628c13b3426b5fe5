//! The functions of the vdso: code that the kernel maps into each process, and that no file holds.

use object::{Object, ObjectSymbol};

use super::{Functions, Symbol};

/// The functions at each of the addresses, by the dynamic symbols of the image: it has no others.
pub(super) fn functions(image: &[u8], addresses: &[u64]) -> Vec<Functions> {
    let Ok(file) = object::File::parse(image) else {
        return vec![Functions::new(); addresses.len()];
    };
    let mut functions: Vec<(u64, u64, &str)> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.size() > 0)
        .filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?)))
        .collect();
    // Each has two names: `__vdso_clock_gettime`, which says where one is, goes before `clock_gettime`.
    functions.sort_unstable_by_key(|&(start, _, name)| (start, !name.starts_with("__vdso"), name));
    let at = |address: &u64| {
        let mut holding = functions
            .iter()
            .filter(|(start, size, _)| (*start..start.saturating_add(*size)).contains(address));
        holding
            .next()
            .map(|(_, _, name)| Symbol::named((*name).to_owned()))
    };
    addresses
        .iter()
        .map(|address| at(address).into_iter().collect())
        .collect()
}
